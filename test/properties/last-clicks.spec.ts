import { describe, expect, it } from '@jest/globals';
import { SeededRandom } from '../../src/commands/seeded-random.js';
import { cautiousCtr } from '../../src/core/pacing/cautious-ctr.js';
import { ExpectedClicks } from '../../src/core/pacing/expected-clicks.js';
import { decidedMinute } from '../../src/core/pacing/promise-book.js';

const PRICE = 1_000;
const HOLD_MS = 11 * 60_000;
/** What was shown and clicked is counted as often. */
const COUNT_MS = 60_000;

interface Demand {
  /** What the budget pays for. */
  readonly clicks: number;
  /** The share of messages that is clicked, and the one that is predicted. */
  readonly rate: number;
  readonly predicted: number;
  readonly stepMs: number;
  /** As many as would be shown in a step, if they could be paid for. */
  readonly messages: number;
  /** Of the clicks, so many come at any time while the message is held; the others after 20 s on average. */
  readonly late: number;
  /** Clicks of other ad groups, which all came within a minute. */
  readonly known: number;
}

interface End {
  readonly inVain: number;
  readonly hours: number;
}

/** A budget that is spent as fast as it may be. */
function spend({ clicks, rate, predicted, stepMs, messages, late, known }: Demand, seed: number): End {
  const random = new SeededRandom(`last clicks ${seed}`);
  const expected = new ExpectedClicks();
  expected.add({ adGroupId: 'other', priceMicros: PRICE, ctr: 0, decidedAt: 0, expiresAt: 1 });
  expected.noteCharge('other', known * PRICE, 0, 1);
  let coming: { readonly at: number; readonly decidedAt: number }[] = [];
  let left = clicks * PRICE;
  let inVain = 0;
  let now = 60_000;
  let shown = 0;
  let clicked = 0;
  let counted = now;
  let ctr = Math.max(predicted, cautiousCtr(0, 0));
  while (left >= PRICE || coming.length > 0) {
    now += stepMs;
    const come = coming.filter(({ at }) => at <= now);
    if (come.length > 0) coming = coming.filter(({ at }) => at > now);
    for (const { at, decidedAt } of come) {
      if (left >= PRICE) left -= PRICE;
      else inVain++;
      clicked++;
      expected.noteCharge('', PRICE, decidedMinute(decidedAt), at);
    }
    expected.ageTo(now);
    if (now >= counted + COUNT_MS) {
      counted = now;
      ctr = Math.max(predicted, cautiousCtr(shown, clicked));
    }
    for (let i = 0; i < messages; i++) {
      const message = { adGroupId: '', priceMicros: PRICE, ctr, decidedAt: now, expiresAt: now + HOLD_MS };
      const kept = expected.keptMicros('');
      if (left < Math.max(PRICE, Math.min(expected.keptMicros('', message), kept + PRICE))) break;
      expected.add(message);
      shown++;
      const delay = random.chance(late) ? random.next() * HOLD_MS : -20_000 * Math.log(1 - random.next());
      if (random.chance(rate) && delay < HOLD_MS) coming.push({ at: now + delay, decidedAt: now });
    }
  }
  return { inVain, hours: now / 3_600_000 };
}

const ORDINARY: Demand = { clicks: 99, rate: 0.01, predicted: 0.01, stepMs: 5_000, messages: 100, late: 0, known: 0 };

describe('the last clicks of a budget', () => {
  it.each([
    ['one of ninety-nine', {}, 20],
    ['known only after hundreds of messages', { stepMs: 60_000, messages: 400 }, 40],
    ['a large one', { clicks: 1_000, messages: 1_000 }, 2],
    [
      'where members click late, and those of others do not',
      { clicks: 300, messages: 1_000, late: 0.1, known: 5_000 },
      6,
    ],
    ['where a third more click than is predicted', { rate: 0.0133, clicks: 300 }, 6],
    [
      'few, of which five times as many come as are predicted',
      { rate: 0.05, clicks: 10, stepMs: 1_000, messages: 50 },
      400,
    ],
    ['where one message of five is clicked', { rate: 0.2, predicted: 0.2, clicks: 20 }, 40],
  ])('come in vain in less than a thousandth of it: %s', (_name, fields, budgets) => {
    const demand = { ...ORDINARY, ...fields };
    const ends = Array.from({ length: budgets }, (_, seed) => spend(demand, seed));
    const inVain = ends.reduce((sum, end) => sum + end.inVain, 0);
    const hours = ends.map((end) => end.hours).sort((a, b) => a - b);
    expect(inVain / (demand.clicks * budgets)).toBeLessThan(0.001);
    expect(Math.max(...ends.map((end) => end.inVain))).toBeLessThanOrEqual(2);
    // And do not take the night: each of the last needs a hundred messages.
    expect(hours[budgets >> 1]).toBeLessThan(3);
  });
});
