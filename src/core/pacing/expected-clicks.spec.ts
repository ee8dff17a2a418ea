import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ExpectedClicks } from './expected-clicks.js';
import { decidedMinute } from './promise-book.js';

const MINUTE = 60_000;
const HOLD_MS = 10 * MINUTE;

const shown = (adGroupId: string, micros: number, decidedAt: number) => ({
  adGroupId,
  micros,
  decidedAt,
  expiresAt: decidedAt + HOLD_MS,
});

/** Clicks that all came in that minute after the decision. */
function clickedAfter(clicks: ExpectedClicks, adGroupId: string, delay: number, count: number): void {
  clicks.noteClicks(adGroupId, 100, (100 + delay) * MINUTE + 1, count);
}

describe('clicks that are expected', () => {
  it('are those of all messages until these are over, where no click has told when they come', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.record({
            adGroupId: fc.constantFrom('a', 'b'),
            micros: fc.double({ min: 0, max: 1e6, noNaN: true }),
            decidedAt: fc.nat(20 * MINUTE),
            holdMs: fc.integer({ min: 1, max: HOLD_MS }),
          }),
          { maxLength: 30 },
        ),
        fc.nat(40 * MINUTE),
        (messages, until) => {
          const clicks = new ExpectedClicks();
          for (const { decidedAt, holdMs, ...message } of messages) {
            clicks.add({ ...message, decidedAt, expiresAt: decidedAt + holdMs });
          }
          clicks.ageTo(until);
          for (const id of ['a', 'b']) {
            const own = messages.filter(({ adGroupId }) => adGroupId === id);
            const sumOf = (lateMs: number) =>
              own
                .filter(({ decidedAt, holdMs }) => decidedAt + holdMs + lateMs > until)
                .reduce((sum, { micros }) => sum + micros, 0);
            // A message is over within a second of its expiry.
            expect(clicks.micros(id)).toBeGreaterThanOrEqual(sumOf(0) - 1e-3);
            expect(clicks.micros(id)).toBeLessThanOrEqual(sumOf(1_000) + 1e-3);
          }
        },
      ),
    );
  });

  it('fall once clicks were seen to come soon, but for the few that may come late', () => {
    const clicks = new ExpectedClicks();
    clickedAfter(clicks, 'a', 0, 297);
    clicks.add(shown('a', 1_000, 0));
    expect(clicks.ageTo(MINUTE - 1)).toEqual([]);
    expect(clicks.micros('a')).toBe(1_000);
    expect(clicks.ageTo(MINUTE)).toEqual(['a']);
    // Three of three hundred, of which the ad group's own clicks know nothing.
    expect(clicks.micros('a')).toBeCloseTo((1_000 * 20 * (3 / 300)) / 317);
    expect(clicks.ageTo(2 * MINUTE - 1)).toEqual([]);
  });

  it('do not fall before the minute in which they come is settled', () => {
    const clicks = new ExpectedClicks();
    clickedAfter(clicks, 'a', 3, 1_000);
    clicks.add(shown('a', 1_000, 30_000));
    clicks.ageTo(4 * MINUTE - 1);
    expect(clicks.micros('a')).toBe(1_000);
    clicks.ageTo(4 * MINUTE);
    expect(clicks.micros('a')).toBeLessThan(10);
  });

  it('are told apart by ad group: one whose members click late is not taken for the others', () => {
    const clicks = new ExpectedClicks();
    clickedAfter(clicks, 'early', 0, 5_000);
    clickedAfter(clicks, 'late', 5, 100);
    clicks.add(shown('late', 1_000, 0));
    clicks.add(shown('early', 1_000, 0));
    clicks.ageTo(3 * MINUTE);
    expect(clicks.micros('late')).toBeGreaterThan(800);
    expect(clicks.micros('early')).toBeLessThan(25);
    clicks.forget('late');
    clicks.ageTo(4 * MINUTE);
    expect(clicks.micros('late')).toBeLessThan(50);
  });

  it('count as coming at any time past an hour, and older ones ever less', () => {
    const clicks = new ExpectedClicks();
    clickedAfter(clicks, 'a', 90, 10_000);
    clicks.add({ adGroupId: 'a', micros: 1_000, decidedAt: 0, expiresAt: 300 * MINUTE });
    clicks.ageTo(200 * MINUTE);
    expect(clicks.micros('a')).toBe(1_000);
    for (let i = 0; i < 150; i++) clickedAfter(clicks, 'a', 0, 100);
    clicks.ageTo(201 * MINUTE);
    expect(clicks.micros('a')).toBeLessThan(300);
  });

  it('are nothing once the messages are over, and stay whole where a clock goes back', () => {
    const clicks = new ExpectedClicks();
    clickedAfter(clicks, 'a', 0, 1_000);
    clicks.add(shown('a', 1_000, 5 * MINUTE));
    clicks.ageTo(0);
    expect(clicks.micros('a')).toBe(1_000);
    expect(clicks.ageTo(Infinity)).toEqual(['a']);
    expect(clicks.micros('a')).toBe(0);
    expect(decidedMinute(5 * MINUTE)).toBe(5);
  });
});
