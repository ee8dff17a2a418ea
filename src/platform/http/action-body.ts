import { invalid, malformed } from '../app-error.js';
import { joinPath } from './field-path.js';
import { isObject } from './read-fields.js';
import { RequestValidationPipe } from './validation.pipe.js';

/** Bodies of the routes that act on a resource: they may be left out, which counts as an empty object. */
const validation = new RequestValidationPipe();

export async function readActionBody<T extends object>(body: unknown, type: new () => T): Promise<T> {
  return (await validation.transform(body ?? {}, { type: 'body', metatype: type })) as T;
}

/** For actions without fields: unknown ones are refused here, too. */
export function requireNoFields(body: unknown): void {
  if (body === undefined || body === null) return;
  if (!isObject(body)) {
    throw malformed(
      [{ path: '', message: 'must be a JSON object' }],
      'The body must be a JSON object, or be left out.',
    );
  }
  const [field] = Object.keys(body);
  if (field !== undefined) throw invalid([{ path: joinPath('', field), message: 'is not a known field' }]);
}
