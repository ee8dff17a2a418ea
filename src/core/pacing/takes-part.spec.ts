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
    const pairs = Array.from({ length: 100 }, (_, i) => [hashText(`cmp_${i}`), hashText(`cmp_${i + 1}`)] as const);
    const seeds = SEEDS.slice(0, 4_000);
    const meetings = pairs.map(
      ([a, b]) => seeds.filter((seed) => takesPart(seed, a, 0.5) && takesPart(seed, b, 0.5)).length / seeds.length,
    );
    const mean = meetings.reduce((sum, share) => sum + share) / pairs.length;
    expect(Math.abs(mean - 0.25)).toBeLessThan(0.01);
    expect(meetings.filter((share) => Math.abs(share - 0.25) > 0.1).length).toBeLessThan(pairs.length * 0.1);
  });

  it('is in other phases with another share, so that who finds only stronger ones in its phase does not stay there', () => {
    const phasesOf = (campaign: number, share: number): readonly number[] =>
      Array.from({ length: PHASES }, (_, phase) => phase).filter(
        (phase) => partInPhase(phase, campaign, share) !== 'none',
      );
    const campaigns = Array.from({ length: 1_000 }, (_, i) => hashText(`cmp_${i}`));
    const stay = campaigns.filter((campaign) => {
      const [before] = phasesOf(campaign, 0.02);
      return phasesOf(campaign, 0.0204).includes(before!);
    });
    expect(Math.abs(stay.length / campaigns.length - 1 / PHASES)).toBeLessThan(0.02);
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

  it('has phases that stay as they are, so that a decision of before is explained as it was made', () => {
    const phasesOf = (campaign: number): readonly number[] =>
      Array.from({ length: PHASES }, (_, phase) => phase).filter(
        (phase) => partInPhase(phase, campaign, 0.2) !== 'none',
      );
    expect(phasesOf(FIRST)).toEqual([1, 8, 14, 20, 23, 26, 31]);
    expect(phasesOf(SECOND)).toEqual([2, 7, 8, 21, 22, 26, 28]);
    expect(SEEDS.slice(0, 12).map((seed) => phaseOf(drawSeed(seed)))).toEqual([
      22, 9, 26, 8, 4, 29, 23, 7, 28, 21, 26, 8,
    ]);
  });
});
