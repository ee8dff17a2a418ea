import { type FieldError, invalid } from '../platform/app-error.js';

/** A person mends a few at a time, and a hostile body must not be answered by a larger one. */
const MAX_ERRORS = 50;

/** Throws a 422 with the faults, if there are any. */
export function refuseFaults(errors: readonly FieldError[]): void {
  if (errors.length > 0) throw invalid(errors.slice(0, MAX_ERRORS));
}
