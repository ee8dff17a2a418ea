import { describe, expect, it } from '@jest/globals';
import { hashText } from '../auction/tie-break.js';
import { takesPart } from './takes-part.js';

const SEEDS = Array.from({ length: 20_000 }, (_, i) => hashText(`request ${i}`));
const [FIRST, SECOND] = ['cmp_1', 'cmp_2'].map(hashText) as [number, number];
const shareOf = (isIn: (seed: number) => boolean): number => SEEDS.filter(isIn).length / SEEDS.length;

describe('takesPart', () => {
  it('is never with a share of 0 and always with one of 1', () => {
    expect(shareOf((seed) => takesPart(seed, FIRST, 0))).toBe(0);
    expect(shareOf((seed) => takesPart(seed, FIRST, 1))).toBe(1);
  });

  it.each([0.01, 0.3, 0.9])('is for a share of %d of the requests, alike for the same request', (share) => {
    expect(Math.abs(shareOf((seed) => takesPart(seed, FIRST, share)) - share)).toBeLessThan(0.015);
    for (const seed of SEEDS.slice(0, 100)) expect(takesPart(seed, FIRST, share)).toBe(takesPart(seed, FIRST, share));
  });

  it('is drawn for each campaign by itself', () => {
    const both = shareOf((seed) => takesPart(seed, FIRST, 0.5) && takesPart(seed, SECOND, 0.5));
    expect(Math.abs(both - 0.25)).toBeLessThan(0.015);
  });

  it('takes part in more requests, and all of those before, as the share grows', () => {
    for (const seed of SEEDS.slice(0, 1_000)) {
      if (takesPart(seed, FIRST, 0.3)) expect(takesPart(seed, FIRST, 0.6)).toBe(true);
    }
  });
});
