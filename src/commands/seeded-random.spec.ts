import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { SeededRandom } from './seeded-random.js';

const seeds = fc.string({ maxLength: 20 });

describe('SeededRandom', () => {
  it('repeats its values for the same seed', () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const [one, other] = [new SeededRandom(seed), new SeededRandom(seed)];
        for (let i = 0; i < 20; i++) expect(one.next()).toBe(other.next());
      }),
    );
  });

  it('gives unrelated values for seeds that differ in one character', () => {
    const firsts = Array.from({ length: 1_000 }, (_, i) => new SeededRandom(`member ${i}`).next());
    expect(new Set(firsts).size).toBe(1_000);
    const mean = firsts.reduce((sum, value) => sum + value, 0) / firsts.length;
    expect(mean).toBeGreaterThan(0.46);
    expect(mean).toBeLessThan(0.54);
  });

  it('stays inside the ranges that it is asked for', () => {
    fc.assert(
      fc.property(seeds, fc.integer({ min: -50, max: 50 }), fc.nat(100), (seed, min, width) => {
        const random = new SeededRandom(seed);
        const value = random.whole(min, min + width);
        expect(Number.isInteger(value) && value >= min && value <= min + width).toBe(true);
        const rank = random.zipf(width + 1);
        expect(Number.isInteger(rank) && rank >= 0 && rank <= width).toBe(true);
      }),
    );
  });

  it('samples different items, all of them where there are too few', () => {
    fc.assert(
      fc.property(seeds, fc.uniqueArray(fc.integer(), { maxLength: 20 }), fc.nat(30), (seed, items, count) => {
        const sample = new SeededRandom(seed).sample(items, count);
        expect(sample).toHaveLength(Math.min(count, items.length));
        expect(new Set(sample).size).toBe(sample.length);
        expect(sample.every((item) => items.includes(item))).toBe(true);
      }),
    );
  });

  it('picks by weight', () => {
    const random = new SeededRandom('weights');
    const picks = Array.from({ length: 4_000 }, () =>
      random.weighted([
        ['often', 3],
        ['seldom', 1],
      ] as const),
    );
    const often = picks.filter((pick) => pick === 'often').length;
    expect(often).toBeGreaterThan(2_850);
    expect(often).toBeLessThan(3_150);
  });

  it('ranks by Zipf’s law: the first twice as often as the second', () => {
    const random = new SeededRandom('ranks');
    const counts = [0, 0, 0, 0];
    for (let i = 0; i < 20_000; i++) {
      const rank = random.zipf(1_000);
      if (rank < counts.length) counts[rank] = (counts[rank] ?? 0) + 1;
    }
    const [first = 0, second = 1, , fourth = 1] = counts;
    expect(first / second).toBeGreaterThan(1.5);
    expect(first / second).toBeLessThan(2.1);
    expect(first / fourth).toBeGreaterThan(2.8);
  });
});
