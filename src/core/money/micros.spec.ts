import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { InvariantViolation } from '../invariant-violation.js';
import { ceilMicros, checkedMicros, floorMicros, MAX_AMOUNT_MICROS, roundHalfUpMicros } from './micros.js';

const anyFraction = fc.double({ min: -1e15, max: 1e15, noNaN: true });
const noMoney = [Number.NaN, Infinity, -Infinity, 2 ** 53, -(2 ** 53), 1e300];

describe('checkedMicros', () => {
  it('passes whole micros unchanged', () => {
    fc.assert(fc.property(fc.maxSafeInteger(), (n) => expect(checkedMicros(n)).toBe(n === 0 ? 0 : n)));
    expect(checkedMicros(MAX_AMOUNT_MICROS)).toBe(9_000_000_000_000_000);
  });

  it('makes 0 of -0, so that amounts compare and print alike', () => {
    expect(Object.is(checkedMicros(-0), 0)).toBe(true);
    expect(Object.is(ceilMicros(-0.5), 0)).toBe(true);
  });

  it.each([0.5, -1.000001, ...noMoney])('throws for %p', (n) => {
    expect(() => checkedMicros(n)).toThrow(InvariantViolation);
  });
});

describe('rounding', () => {
  it('goes the way its name says, by less than one micro', () => {
    fc.assert(
      fc.property(anyFraction, (x) => {
        expect(floorMicros(x) <= x && x < floorMicros(x) + 1).toBe(true);
        expect(ceilMicros(x) >= x && ceilMicros(x) - 1 < x).toBe(true);
        expect(Math.abs(roundHalfUpMicros(x) - x)).toBeLessThanOrEqual(0.5);
        expect([floorMicros(x), ceilMicros(x)]).toContain(roundHalfUpMicros(x));
      }),
    );
  });

  it('leaves whole micros alone', () => {
    fc.assert(
      fc.property(fc.maxSafeInteger(), (n) => {
        expect(new Set([floorMicros(n), ceilMicros(n), roundHalfUpMicros(n), checkedMicros(n)]).size).toBe(1);
      }),
    );
  });

  it.each([
    [2.5, 3],
    [-2.5, -2],
    [0.49999999999999994, 0],
    [4503599627370495.5, 4503599627370496],
  ])('takes the nearest of %p, a half up: %p', (x, rounded) => {
    expect(roundHalfUpMicros(x)).toBe(rounded);
  });

  it.each(noMoney)('throws for %p', (x) => {
    for (const round of [ceilMicros, floorMicros, roundHalfUpMicros])
      expect(() => round(x)).toThrow(InvariantViolation);
  });
});
