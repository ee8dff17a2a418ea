import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { InvariantViolation } from '../invariant-violation.js';
import { divideHalfUp } from './divide-half-up.js';
import { roundHalfUpMicros } from './micros.js';

const anyAmount = fc.bigInt({ min: -(10n ** 30n), max: 10n ** 30n });
const anyCount = fc.bigInt({ min: 1n, max: 10n ** 20n });

describe('divideHalfUp', () => {
  it('takes the nearest whole number, and of two as near the higher one', () => {
    fc.assert(
      fc.property(anyAmount, anyCount, (dividend, divisor) => {
        const error = 2n * (divideHalfUp(dividend, divisor) * divisor - dividend);
        expect(error > -divisor && error <= divisor).toBe(true);
      }),
    );
  });

  it('agrees with roundHalfUpMicros where a float is exact', () => {
    const quarters = fc.integer({ min: -(2 ** 50), max: 2 ** 50 });
    fc.assert(fc.property(quarters, (n) => expect(divideHalfUp(BigInt(n), 4n)).toBe(BigInt(roundHalfUpMicros(n / 4)))));
  });

  it.each([
    [5n, 2n, 3n],
    [-5n, 2n, -2n],
    [-7n, 2n, -3n],
    [0n, 3n, 0n],
    [1n, 3n, 0n],
    [2n, 3n, 1n],
    [2n ** 80n + 1n, 2n, 2n ** 79n + 1n],
  ])('%p / %p is %p', (dividend, divisor, quotient) => expect(divideHalfUp(dividend, divisor)).toBe(quotient));

  it.each([0n, -1n])('throws for the divisor %p', (divisor) => {
    expect(() => divideHalfUp(1n, divisor)).toThrow(InvariantViolation);
  });
});
