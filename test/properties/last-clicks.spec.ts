import { describe, expect, it } from '@jest/globals';
import { SeededRandom } from '../../src/commands/seeded-random.js';
import { ExpectedClicks } from '../../src/core/pacing/expected-clicks.js';
import { keptForClicks } from '../../src/core/pacing/kept-for-clicks.js';
import { decidedMinute } from '../../src/core/pacing/promise-book.js';

const RATE = 0.01;
const PRICE = 1_000;
const HOLD_MS = 11 * 60_000;

interface End {
  readonly inVain: number;
  readonly hours: number;
}

/** A budget of so many clicks that is spent as fast as it may be: as many messages a step as the rule lets be shown. */
function spend(clicks: number, stepMs: number, messagesAStep: number, seed: number): End {
  const random = new SeededRandom(`last clicks ${seed}`);
  const expected = new ExpectedClicks();
  let coming: { readonly at: number; readonly decidedAt: number }[] = [];
  let left = clicks * PRICE;
  let inVain = 0;
  let now = 0;
  while (left >= PRICE || coming.length > 0) {
    now += stepMs;
    for (const { at, decidedAt } of coming.filter((click) => click.at <= now)) {
      if (left >= PRICE) left -= PRICE;
      else inVain++;
      expected.noteClicks('', decidedMinute(decidedAt), at);
    }
    coming = coming.filter(({ at }) => at > now);
    expected.ageTo(now);
    for (let i = 0; i < messagesAStep; i++) {
      if (left < Math.max(PRICE, keptForClicks(expected.micros('') + RATE * PRICE, PRICE))) break;
      expected.add({ adGroupId: '', micros: RATE * PRICE, decidedAt: now, expiresAt: now + HOLD_MS });
      const at = now - 20_000 * Math.log(1 - random.next());
      if (random.chance(RATE) && at < now + HOLD_MS) coming.push({ at, decidedAt: now });
    }
  }
  return { inVain, hours: now / 3_600_000 };
}

describe('the last clicks of a budget', () => {
  it.each([
    [99, 5_000, 100, 40],
    // Clicks are known only after hundreds of messages.
    [99, 60_000, 400, 100],
    [1_000, 5_000, 1_000, 4],
  ])('of %i come in vain in less than a thousandth of it (steps of %i ms)', (clicks, stepMs, messages, budgets) => {
    const ends = Array.from({ length: budgets }, (_, seed) => spend(clicks, stepMs, messages, seed));
    const inVain = ends.reduce((sum, end) => sum + end.inVain, 0);
    expect(inVain / (clicks * budgets)).toBeLessThan(0.001);
    expect(Math.max(...ends.map((end) => end.inVain))).toBeLessThanOrEqual(2);
    expect(ends.filter((end) => end.inVain > 1).length).toBeLessThanOrEqual(budgets / 100);
    // And do not take the night: each of the last needs a hundred messages.
    const hours = ends.map((end) => end.hours).sort((a, b) => a - b);
    expect(hours[budgets >> 1]).toBeLessThan(3);
  });
});
