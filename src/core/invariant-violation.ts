/**
 * A state that the code promises can never be: a fault of the program, not of a request. It is thrown, never returned, and
 * the caller does not try to go on. What a request can get wrong is a value or an `AppError` instead.
 */
export class InvariantViolation extends Error {
  constructor(message: string) {
    super(message);
    this.name = 'InvariantViolation';
  }
}

/**
 * Throws `InvariantViolation` with `message` unless `condition` is truthy, and narrows its type. Pass a fixed text on hot
 * paths: the message is built before the condition is looked at.
 */
export function invariant(condition: unknown, message: string): asserts condition {
  if (!condition) throw new InvariantViolation(message);
}
