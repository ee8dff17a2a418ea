import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ecpmMicros } from '../scoring/score.js';
import { type Contender, highestPriceMicros, secondPriceMicros } from './price.js';

const amount = fc.oneof(fc.integer({ min: 1, max: 5_000 }), fc.integer({ min: 1, max: 9e15 }));
const contender: fc.Arbitrary<Contender> = fc.record({
  bid: fc.record({ model: fc.constantFrom('cpm' as const, 'cpc' as const), amountMicros: amount }),
  rate: fc.constantFrom(1, 1400, 9.3, 0.0007),
  ctr: fc.constantFrom(0.01, 0.001, 0.5),
  quality: fc.double({ min: 0.25, max: 1, noNaN: true }),
});

const ecpmOf = ({ bid, rate, ctr }: Contender): number => ecpmMicros(bid.model, bid.amountMicros, ctr) * rate;
const scoreOf = (winner: Contender): number => ecpmOf(winner) * winner.quality;

/** A winner, the score that came next, and a floor that the winner's bid reaches. */
const auction = fc
  .tuple(contender, fc.option(fc.double({ min: 0, max: 1, noNaN: true })), fc.double({ min: 0, max: 1, noNaN: true }))
  .map(([winner, next, floor]) => ({
    winner,
    nextScore: next === null ? null : scoreOf(winner) * next,
    floor: ecpmOf(winner) * floor,
  }));

/** What the winner would be worth at this price, base micros per 1,000 impressions. */
function ecpmAt({ bid, rate, ctr }: Contender, priceMicros: number): number {
  return priceMicros * rate * 1000 * (bid.model === 'cpm' ? 1 : ctr);
}

/** Floats of amounts up to 9e15 are off by less than this share. */
const FLOAT_ERROR = 1e-12;

describe('secondPriceMicros', () => {
  it('is whole, at least 0, and never above the bid', () => {
    fc.assert(
      fc.property(auction, ({ winner, nextScore, floor }) => {
        const price = secondPriceMicros(winner, nextScore, floor);
        expect(Number.isSafeInteger(price)).toBe(true);
        expect(price).toBeGreaterThanOrEqual(0);
        expect(price).toBeLessThanOrEqual(highestPriceMicros(winner.bid));
        const thousand = BigInt(price) * (winner.bid.model === 'cpm' ? 1_000n : 1n);
        expect(thousand <= BigInt(winner.bid.amountMicros)).toBe(true);
      }),
    );
  });

  it('keeps the place and reaches the floor, up to the share of a micro that the bid itself leaves', () => {
    fc.assert(
      fc.property(auction, ({ winner, nextScore, floor }) => {
        const price = secondPriceMicros(winner, nextScore, floor);
        if (price === highestPriceMicros(winner.bid)) return;
        const ecpm = ecpmAt(winner, price) * (1 + FLOAT_ERROR);
        expect(ecpm).toBeGreaterThanOrEqual(floor);
        expect(ecpm * winner.quality).toBeGreaterThanOrEqual(nextScore ?? 0);
      }),
    );
  });

  it('is the least such price: a micro less loses the place or misses the floor', () => {
    fc.assert(
      fc.property(auction, ({ winner, nextScore, floor }) => {
        const price = secondPriceMicros(winner, nextScore, floor);
        if (price === 0) return;
        const ecpm = ecpmAt(winner, price - 1) * (1 - FLOAT_ERROR);
        expect(ecpm < floor || ecpm * winner.quality < (nextScore ?? 0)).toBe(true);
      }),
    );
  });

  it('never falls when the next one is worth more or the floor is higher', () => {
    fc.assert(
      fc.property(auction, fc.double({ min: 1, max: 2, noNaN: true }), ({ winner, nextScore, floor }, factor) => {
        const price = secondPriceMicros(winner, nextScore, floor);
        expect(secondPriceMicros(winner, nextScore, floor * factor)).toBeGreaterThanOrEqual(price);
        const higher = nextScore === null ? 0 : nextScore * factor;
        expect(secondPriceMicros(winner, higher, floor)).toBeGreaterThanOrEqual(price);
      }),
    );
  });

  it('is the bid under a floor that no bid in its currency could reach', () => {
    fc.assert(
      fc.property(contender, (winner) => {
        const poor = { ...winner, rate: 1e-9 };
        expect(secondPriceMicros(poor, null, 9e15)).toBe(highestPriceMicros(winner.bid));
      }),
    );
  });

  const cpm: Contender = { bid: { model: 'cpm', amountMicros: 5_000_000 }, rate: 1, ctr: 0.01, quality: 1 };
  const cpc: Contender = { bid: { model: 'cpc', amountMicros: 300_000 }, rate: 1, ctr: 0.01, quality: 1 };

  it.each([
    ['the floor where nobody competes', cpm, null, 1_000_000, 1_000],
    ['nothing where there is neither', cpm, null, 0, 0],
    ['the next one’s score, rounded up', cpm, 2_000_001, 1_000_000, 2_001],
    ['less for being more relevant than the next', { ...cpm, quality: 0.8 }, 2_000_000, 0, 2_500],
    ['the own currency', { ...cpm, rate: 1400 }, 2_800_000_000, 0, 2_000],
    ['a click, by the expected clicks', cpc, 1_000_000, 0, 100_000],
    ['the whole bid where the next is its equal', cpc, 3_000_000, 0, 300_000],
    [
      'one impression’s share of a cpm bid, rounded down',
      { ...cpm, bid: { model: 'cpm', amountMicros: 1_999 } },
      1_999,
      0,
      1,
    ],
  ] as [string, Contender, number | null, number, number][])('charges %s', (_what, winner, next, floor, price) => {
    expect(secondPriceMicros(winner, next, floor)).toBe(price);
  });
});
