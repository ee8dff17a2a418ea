import type { FieldError } from '../platform/app-error.js';

/** A targeting expression that `parseTargeting` accepted, as it came in: where it stands and which ids it names. */
export interface NamedTargeting {
  readonly path: string;
  readonly input: unknown;
  readonly segments: readonly string[];
  readonly audiences: readonly string[];
}

export interface MissingIds {
  readonly segments: ReadonlySet<string>;
  readonly audiences: ReadonlySet<string>;
}

type WireNode = Readonly<Record<string, unknown>>;

/**
 * One error for each place of an accepted expression that names a missing id, in the order of reading. An audience of
 * another advertiser is as unknown as one that does not exist. O(size of the expression), which the parser has bounded.
 */
export function missingReferences({ path, input }: NamedTargeting, missing: MissingIds): FieldError[] {
  const errors: FieldError[] = [];
  visit(input, path, missing, errors);
  return errors;
}

function visit(input: unknown, path: string, missing: MissingIds, errors: FieldError[]): void {
  const node = (input ?? {}) as WireNode;
  for (const operator of ['all', 'any'] as const) {
    const children = node[operator];
    if (!Array.isArray(children)) continue;
    children.forEach((child: unknown, i) => visit(child, `${path}.${operator}[${i}]`, missing, errors));
  }
  if (node['not'] !== undefined) visit(node['not'], `${path}.not`, missing, errors);
  report(node['segment'], `${path}.segment`, 'segment', missing.segments, errors);
  const ids = node['segments'];
  if (Array.isArray(ids)) {
    ids.forEach((id: unknown, i) => report(id, `${path}.segments[${i}]`, 'segment', missing.segments, errors));
  }
  report(node['audience'], `${path}.audience`, 'audience', missing.audiences, errors);
}

function report(id: unknown, path: string, what: string, missing: ReadonlySet<string>, errors: FieldError[]): void {
  if (typeof id === 'string' && missing.has(id)) errors.push({ path, message: `is not a known ${what}: '${id}'` });
}
