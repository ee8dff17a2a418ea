import { type ArgumentMetadata, Injectable, ValidationPipe } from '@nestjs/common';
import type { ValidationError } from 'class-validator';
import { type FieldError, invalid, malformed } from '../app-error.js';
import { MAX_ENTRIES } from './read-json.js';

const MAX_ERRORS = 50;

/** Validates bodies and queries against their classes; unknown fields are refused, and every fault gets its path. */
@Injectable()
export class RequestValidationPipe extends ValidationPipe {
  constructor() {
    super({
      transform: true,
      whitelist: true,
      forbidNonWhitelisted: true,
      forbidUnknownValues: true,
      // One fault a field says enough; and a list that is too long is not walked.
      stopAtFirstError: true,
      // The value tells what is absent; no answer holds it.
      validationError: { target: false, value: true },
      exceptionFactory: (errors) => invalid(fieldErrors(errors)),
    });
  }

  override async transform(value: unknown, metadata: ArgumentMetadata): Promise<unknown> {
    // Of no class: what a schema or the route's own reader checks, and not the libraries below.
    if (metadata.type === 'body' && metadata.metatype === Object) return value;
    if (metadata.type === 'body' && !isPlainObject(value)) {
      throw malformed([{ path: '', message: 'must be a JSON object' }], 'The body must be a JSON object.');
    }
    if (metadata.type === 'body' || metadata.type === 'query') {
      const unfit = findUnfit(value, '');
      if (unfit !== null) throw invalid([unfit]);
    }
    return super.transform(value, metadata);
  }
}

/** True for what JSON calls an object, and for a parsed query; false for the stream that another content type's body is. */
export function isPlainObject(value: unknown): value is Readonly<Record<string, unknown>> {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

/**
 * The first place that the libraries below can't take: a key that every object inherits (`constructor`, `toString`), since
 * they would drop some of these without a word and take others for known fields; and an object with more keys than any
 * of ours, since they compare each key with every other one.
 */
function findUnfit(value: unknown, parent: string): FieldError | null {
  const isList = Array.isArray(value);
  if (!isList && !isPlainObject(value)) return null;
  const entries = Object.entries(value);
  if (!isList && entries.length > MAX_ENTRIES)
    return { path: parent, message: `must have at most ${MAX_ENTRIES} fields` };
  for (const [key, child] of entries) {
    const path = joinPath(parent, key);
    if (!isList && (key in Object.prototype || key === 'prototype')) return { path, message: 'is not a known field' };
    const unfit = findUnfit(child, path);
    if (unfit !== null) return unfit;
  }
  return null;
}

export function fieldErrors(errors: readonly ValidationError[], parent = ''): FieldError[] {
  return errors
    .flatMap((error) => {
      const path = joinPath(parent, error.property);
      const own = Object.entries(error.constraints ?? {}).map(([rule, message]) => ({
        path,
        message: messageOf(rule, message, error.value),
      }));
      return [...own, ...fieldErrors(error.children ?? [], path)];
    })
    .slice(0, MAX_ERRORS);
}

/** Whatever a field asks for, what it lacks first is to be there. */
function messageOf(rule: string, message: string, value: unknown): string {
  if (rule === 'whitelistValidation') return 'is not a known field';
  return value === undefined ? 'is required' : message;
}

function joinPath(parent: string, property: string): string {
  if (/^\d+$/.test(property)) return `${parent}[${property}]`;
  return parent === '' ? property : `${parent}.${property}`;
}
