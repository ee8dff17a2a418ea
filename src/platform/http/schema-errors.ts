import type { FastifySchemaValidationError } from 'fastify';
import type { FieldError } from '../app-error.js';

/** What a compiled schema found, as paths and messages of ours. */
export function schemaErrors(faults: readonly FastifySchemaValidationError[]): FieldError[] {
  return faults.map((fault) => {
    const base = fault.instancePath
      .replaceAll(/\/(\d+)/g, '[$1]')
      .replaceAll('/', '.')
      .replace(/^\./, '');
    const { additionalProperty, missingProperty, allowedValues } = fault.params;
    const property = additionalProperty ?? missingProperty;
    const path = typeof property === 'string' ? (base === '' ? property : `${base}.${property}`) : base;
    const allowed = Array.isArray(allowedValues)
      ? `must be one of ${allowedValues.join(', ')}`
      : (fault.message ?? 'is invalid');
    if (additionalProperty !== undefined) return { path, message: 'is not a known field' };
    return { path, message: missingProperty !== undefined ? 'is required' : allowed };
  });
}
