import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Scored } from '../../core/index/candidate.js';
import { rankOrder } from '../../core/auction/rank-order.js';
import { rankInSlices } from './rank-in-slices.js';

describe('ranking in slices', () => {
  it('gives the best as one sort does, in the same order', async () => {
    const lengths = fc.oneof(fc.integer({ min: 0, max: 3 }), fc.integer({ min: 990, max: 5_100 }));
    await fc.assert(
      fc.asyncProperty(lengths, fc.integer({ min: 1, max: 6_000 }), fc.nat(), async (length, most, seed) => {
        // Few scores, so that ties are broken, too.
        const scored = Array.from({ length }, (_, i) => {
          const hash = Math.imul(i + 1, seed | 1) >>> 0;
          return { score: hash % 50, candidate: { idHash: hash, record: { id: `adg_${i}` } } } as Scored;
        });
        const expected = [...scored].sort(rankOrder(seed)).slice(0, most);
        expect(await rankInSlices(scored, seed, most)).toEqual(expected);
      }),
      { numRuns: 60 },
    );
  });
});
