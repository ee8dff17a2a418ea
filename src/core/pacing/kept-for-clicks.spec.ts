import { describe, expect, it } from '@jest/globals';
import { keptForClicks } from './kept-for-clicks.js';

const PRICE = 1_000;

/** Poisson's: the chance of more than `most` where `mean` are expected. */
function chanceOfMore(most: number, mean: number): number {
  let term = Math.exp(-mean);
  let upTo = term;
  for (let k = 1; k <= most; k++) {
    term *= mean / k;
    upTo += term;
  }
  return 1 - upTo;
}

const EXPECTED = Array.from({ length: 400 }, (_, i) => 1e-4 * 1.04 ** i);

describe('what is kept for clicks', () => {
  it('lacks a whole price in one of a hundred cases at most', () => {
    for (const expected of EXPECTED.filter((clicks) => clicks < 500)) {
      const tooMany = Math.ceil(keptForClicks(expected * PRICE, PRICE) / PRICE + 1);
      expect(chanceOfMore(tooMany - 1, expected)).toBeLessThanOrEqual(0.01);
    }
  });

  it('is not much more than that takes: two clicks less would lack in one of a thousand cases at least', () => {
    for (const expected of EXPECTED.filter((clicks) => clicks > 0.2 && clicks < 50)) {
      const clicks = keptForClicks(expected * PRICE, PRICE) / PRICE;
      expect(chanceOfMore(Math.floor(clicks) - 2, expected)).toBeGreaterThan(0.001);
    }
  });

  it('is whole, grows with what is expected, and is half as much again at least', () => {
    let before = 0;
    for (const expected of EXPECTED) {
      const kept = keptForClicks(expected * PRICE, PRICE);
      expect(Number.isSafeInteger(kept)).toBe(true);
      expect(kept).toBeGreaterThanOrEqual(before);
      expect(kept).toBeGreaterThanOrEqual(1.5 * expected * PRICE);
      before = kept;
    }
  });

  it('is a share of the price for a few messages, and nothing for none', () => {
    expect(keptForClicks(0, PRICE)).toBe(0);
    expect(keptForClicks(0.01 * PRICE, PRICE)).toBeLessThan(PRICE / 4);
    expect(keptForClicks(0.08 * PRICE, PRICE)).toBeLessThanOrEqual(PRICE * 1.03);
    expect(keptForClicks(5, 0)).toBe(0);
    expect(keptForClicks(Number.MIN_VALUE, 1)).toBe(1);
  });
});
