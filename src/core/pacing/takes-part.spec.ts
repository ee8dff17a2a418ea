import { describe, expect, it } from '@jest/globals';
import { hashText } from '../auction/tie-break.js';
import { drawSeed, isDrawn, partInPhase, phaseOf, PHASES, takesPart } from './takes-part.js';

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

  it('is drawn for each campaign by itself: two of them meet about as often as chance has it', () => {
    const pairs = Array.from({ length: 300 }, (_, i) => [hashText(`cmp_${i}`), hashText(`cmp_${i + 1}`)] as const);
    const seeds = SEEDS.slice(0, 4_000);
    const meetings = pairs.map(
      ([a, b]) => seeds.filter((seed) => takesPart(seed, a, 0.5) && takesPart(seed, b, 0.5)).length / seeds.length,
    );
    const mean = meetings.reduce((sum, share) => sum + share) / pairs.length;
    expect(Math.abs(mean - 0.25)).toBeLessThan(0.01);
    expect(meetings.filter((share) => Math.abs(share - 0.25) > 0.1).length).toBeLessThan(pairs.length * 0.1);
  });

  it('takes part in more requests, and all of those before, as the share grows', () => {
    for (const seed of SEEDS.slice(0, 1_000)) {
      if (takesPart(seed, FIRST, 0.3)) expect(takesPart(seed, FIRST, 0.6)).toBe(true);
    }
  });

  it('falls into all phases alike', () => {
    const counts = new Array<number>(PHASES).fill(0);
    for (const seed of SEEDS) counts[phaseOf(drawSeed(seed))]!++;
    for (const count of counts) expect(Math.abs(count - SEEDS.length / PHASES)).toBeLessThan(120);
  });

  it.each([0, 0.001, 0.3, 0.5, 31 / 32, 0.999, 1])(
    'is told by the phase for all but one of them, with a share of %d',
    (share) => {
      for (const campaign of [FIRST, SECOND]) {
        const parts = Array.from({ length: PHASES }, (_, phase) => partInPhase(phase, campaign, share));
        expect(parts.filter((part) => part === 'all')).toHaveLength(Math.floor(share * PHASES));
        expect(parts.filter((part) => part === 'some').length).toBe(Number.isInteger(share * PHASES) ? 0 : 1);
        const wrong = SEEDS.map(drawSeed).filter((drawn) => {
          const part = parts[phaseOf(drawn)];
          return part !== 'some' && isDrawn(drawn, campaign, share) !== (part === 'all');
        });
        expect(wrong).toEqual([]);
      }
    },
  );

  it('has orders of phases that stay as they are, so that a decision of before is explained as it was made', () => {
    const orderOf = (campaign: number): number[] => {
      const placeOf = (phase: number): number =>
        Array.from({ length: PHASES }, (_, place) => place).find(
          (place) => partInPhase(phase, campaign, (place + 1) / PHASES) === 'all',
        )!;
      return Array.from({ length: PHASES }, (_, phase) => placeOf(phase));
    };
    expect(orderOf(FIRST)).toEqual([
      4, 29, 27, 31, 3, 24, 28, 0, 25, 23, 11, 19, 26, 15, 12, 20, 18, 16, 9, 21, 17, 14, 10, 22, 6, 13, 2, 8, 5, 30, 1,
      7,
    ]);
    expect(orderOf(SECOND)).toEqual([
      23, 31, 26, 27, 30, 16, 18, 20, 17, 13, 19, 11, 15, 22, 5, 4, 6, 8, 14, 12, 9, 1, 21, 29, 0, 25, 10, 28, 3, 7, 2,
      24,
    ]);
    expect(SEEDS.slice(0, 12).map((seed) => phaseOf(drawSeed(seed)))).toEqual([
      22, 9, 26, 8, 4, 29, 23, 7, 28, 21, 26, 8,
    ]);
  });
});
