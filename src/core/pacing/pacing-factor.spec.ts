import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { EASE_FROM, LEAST_PACING, pacingFactor } from './pacing-factor.js';

const micros = fc.oneof(fc.nat(1_000), fc.maxSafeNat());

describe('pacingFactor', () => {
  it('lies between the least and 1, never rises with spend and never falls with the plan', () => {
    fc.assert(
      fc.property(micros, micros, micros, (spent, planned, more) => {
        const factor = pacingFactor(spent, planned);
        expect(factor).toBeGreaterThanOrEqual(LEAST_PACING);
        expect(factor).toBeLessThanOrEqual(1);
        expect(pacingFactor(spent + more, planned)).toBeLessThanOrEqual(factor);
        expect(pacingFactor(spent, planned + more)).toBeGreaterThanOrEqual(factor);
      }),
    );
  });

  it('is 1 up to nine tenths of the plan, the least at the plan, and half-way between half-way', () => {
    expect(pacingFactor(0, 0)).toBe(1);
    expect(pacingFactor(1, 0)).toBe(LEAST_PACING);
    expect(pacingFactor(EASE_FROM * 1_000, 1_000)).toBe(1);
    expect(pacingFactor(1_000, 1_000)).toBe(LEAST_PACING);
    expect(pacingFactor(950, 1_000)).toBeCloseTo((1 + LEAST_PACING) / 2, 12);
  });
});
