import { type ArgumentMetadata, Injectable, type PipeTransform } from '@nestjs/common';
import { type FieldError, invalid, malformed } from '../app-error.js';
import { inSlices } from '../in-slices.js';
import { asFieldError, type FoundFault, within } from './field-path.js';
import { type FieldsClass, isObject, MAX_FAULTS, readFields } from './read-fields.js';
import { MAX_ENTRIES } from './read-json.js';

/** Validates bodies and queries against their classes; unknown fields are refused, and every fault gets its path. */
@Injectable()
export class RequestValidationPipe implements PipeTransform {
  async transform(value: unknown, { type, metatype }: ArgumentMetadata): Promise<unknown> {
    if (type !== 'body' && type !== 'query') return value;
    const hasClass = metatype !== undefined && metatype !== Object;
    // Of no class: what a schema or the route's own reader checks.
    if (type === 'body' && !hasClass) return value;
    if (!isObject(value)) {
      throw malformed([{ path: '', message: 'must be a JSON object' }], 'The body must be a JSON object.');
    }
    const unfit = findUnfit(value);
    if (unfit !== null) throw invalid([asFieldError(unfit)]);
    return hasClass ? readInSlices(metatype as FieldsClass, value) : value;
  }
}

/** Other requests go on in between: a megabyte of campaigns takes 100 ms. */
async function readInSlices(type: FieldsClass, value: Readonly<Record<string, unknown>>): Promise<object> {
  const faults: FieldError[] = [];
  let read: object = {};
  await inSlices(
    (function* () {
      read = yield* readFields(type, value, faults);
    })(),
  );
  if (faults.length > 0) throw invalid(faults.slice(0, MAX_FAULTS));
  return read;
}

/**
 * The first place that no reader takes: a key that every object inherits (`constructor`, `toString`), since
 * some would drop it without a word and others take it for a known field; and an object with more keys than any of ours.
 */
function findUnfit(value: unknown): FoundFault | null {
  if (typeof value !== 'object' || value === null) return null;
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) {
      const unfit = findUnfit(value[i]);
      if (unfit !== null) return within(i, unfit);
    }
    return null;
  }
  const keys = Object.keys(value);
  if (keys.length > MAX_ENTRIES) return { keys: [], message: `must have at most ${MAX_ENTRIES} fields` };
  for (const key of keys) {
    if (key in Object.prototype || key === 'prototype') return { keys: [key], message: 'is not a known field' };
    const unfit = findUnfit((value as Readonly<Record<string, unknown>>)[key]);
    if (unfit !== null) return within(key, unfit);
  }
  return null;
}
