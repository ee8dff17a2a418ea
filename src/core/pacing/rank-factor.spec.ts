import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { LEAST_RANK_FACTOR, rankFactor } from './rank-factor.js';

describe('rankFactor', () => {
  it('lies between the least and 1 and never rises as spend gets ahead', () => {
    const amount = fc.integer({ min: -1_000_000_000, max: 1_000_000_000 });
    fc.assert(
      fc.property(amount, fc.nat(1_000_000), fc.integer({ min: 1 }), (ahead, more, budget) => {
        const factor = rankFactor(ahead, budget);
        expect(factor).toBeGreaterThanOrEqual(LEAST_RANK_FACTOR);
        expect(factor).toBeLessThanOrEqual(1);
        expect(rankFactor(ahead + more, budget)).toBeLessThanOrEqual(factor);
      }),
    );
  });

  it('is 1 on the plan and behind it, and the least where spend is 3 % ahead', () => {
    expect([-500, 0, 5].map((ahead) => rankFactor(ahead, 1_000))).toEqual([1, 1, 1]);
    expect([30, 900].map((ahead) => rankFactor(ahead, 1_000))).toEqual([LEAST_RANK_FACTOR, LEAST_RANK_FACTOR]);
    expect(rankFactor(17.5, 1_000)).toBeCloseTo(0.75, 12);
  });
});
