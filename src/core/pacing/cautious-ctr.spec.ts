import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { cautiousCtr } from './cautious-ctr.js';

/** Impressions, and clicks on at most a fifteenth of them. */
const counts = fc
  .nat(1_000_000)
  .chain((impressions) => fc.tuple(fc.constant(impressions), fc.nat(Math.floor(impressions / 15))));

describe('the cautious CTR', () => {
  it('lies above what was observed, and the nearer to it the more was', () => {
    fc.assert(
      fc.property(counts, fc.integer({ min: 2, max: 50 }), ([impressions, clicks], times) => {
        const observed = clicks / Math.max(1, impressions);
        const cautious = cautiousCtr(impressions, clicks);
        expect(cautious).toBeGreaterThanOrEqual(observed);
        expect(cautious).toBeLessThanOrEqual(1 / 15 + 1e-12);
        expect(cautiousCtr(times * impressions, times * clicks)).toBeLessThanOrEqual(cautious + 1e-12);
      }),
    );
  });

  it('is one in fifteen where nothing is known, and one at most', () => {
    expect(cautiousCtr(0, 0)).toBeCloseTo(1 / 15, 12);
    expect(cautiousCtr(300, 90)).toBeCloseTo(0.2788, 4);
    expect(cautiousCtr(0, 100)).toBe(1);
  });

  it('is less than half of the true rate less than once in ten, however few clicks were seen', () => {
    const random = fc.sample(fc.double({ min: 0, max: 1, noNaN: true, maxExcluded: true }), {
      numRuns: 120_000,
      seed: 1,
    });
    for (const rate of [0.003, 0.01, 0.05, 0.1]) {
      const impressions = Math.round(6 / rate);
      const runs = Math.floor(random.length / impressions);
      let below = 0;
      for (let run = 0; run < runs; run++) {
        let clicks = 0;
        for (let i = 0; i < impressions; i++) if ((random[run * impressions + i] ?? 1) < rate) clicks++;
        if (cautiousCtr(impressions, clicks) < rate / 2) below++;
      }
      expect(runs).toBeGreaterThan(50);
      expect(below / runs).toBeLessThan(0.1);
    }
  });
});
