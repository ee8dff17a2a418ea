import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { hashText } from '../auction/tie-break.js';
import { takesPart } from './takes-part.js';

const REQUESTS = 20_000;
const anyId = fc.string({ minLength: 1, maxLength: 30 });

/** How many of so many requests in a row it takes part in. */
function count(passShare: number, isIn: (seed: number) => boolean = () => true, campaign = 'cmp_1'): number {
  const hash = hashText(campaign);
  let taken = 0;
  for (let i = 0; i < REQUESTS; i++) {
    const seed = hashText(`request-${i}`);
    if (isIn(seed) && takesPart(seed, hash, passShare)) taken++;
  }
  return taken;
}

describe('takesPart', () => {
  it('takes part in the given share of requests, for any campaign', () => {
    fc.assert(
      fc.property(fc.double({ min: 0, max: 1, noNaN: true }), anyId, (share, campaign) => {
        // Six standard deviations of a binomial count.
        const noise = 6 * Math.sqrt(REQUESTS * share * (1 - share));
        expect(Math.abs(count(share, () => true, campaign) - REQUESTS * share)).toBeLessThanOrEqual(noise + 1);
      }),
      { numRuns: 50 },
    );
  });

  it('draws for each campaign by itself', () => {
    fc.assert(
      fc.property(anyId, anyId, (one, other) => {
        fc.pre(hashText(one) !== hashText(other));
        const both = count(0.5, (seed) => takesPart(seed, hashText(other), 0.5), one);
        expect(Math.abs(both - REQUESTS / 4)).toBeLessThanOrEqual(6 * Math.sqrt((REQUESTS * 3) / 16));
      }),
      { numRuns: 50 },
    );
  });

  it('never takes part at 0, always at 1, and at a higher share wherever it does at a lower one', () => {
    const any = fc.nat(0xffffffff);
    const share = fc.double({ min: 0, max: 1, noNaN: true });
    fc.assert(
      fc.property(any, any, share, share, (seed, hash, one, other) => {
        expect(takesPart(seed, hash, 0)).toBe(false);
        expect(takesPart(seed, hash, 1)).toBe(true);
        const [lower, higher] = [Math.min(one, other), Math.max(one, other)];
        if (takesPart(seed, hash, lower)) expect(takesPart(seed, hash, higher)).toBe(true);
      }),
    );
  });
});
