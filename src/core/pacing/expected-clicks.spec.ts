import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { ExpectedClicks } from './expected-clicks.js';
import { keptForClicks } from './kept-for-clicks.js';

const MINUTE = 60_000;
const HOLD_MS = 10 * MINUTE;
const PRICE = 1_000_000;
/** A slot is over a twentieth of the hold later at most, or a second. */
const SLOT_MS = HOLD_MS / 20;

/** As many messages as are expected to be clicked so often. */
const shown = (adGroupId: string, clicks: number, decidedAt: number) => ({
  adGroupId,
  priceMicros: PRICE * clicks,
  ctr: 1,
  decidedAt,
  expiresAt: decidedAt + HOLD_MS,
});

/** What is kept where so many clicks are expected, each at most at the highest price. */
const keptFor = (clicks: number, price = PRICE) => keptForClicks(clicks * price, price);

/** Clicks of messages of one minute that all came so long after it, and are over. */
function learn(clicks: ExpectedClicks, adGroupId: string, delay: number, count: number): void {
  const minute = 100;
  clicks.add({
    adGroupId,
    priceMicros: PRICE,
    ctr: 0,
    decidedAt: minute * MINUTE,
    expiresAt: minute * MINUTE + HOLD_MS,
  });
  clicks.noteCharge(adGroupId, count * PRICE, minute, (minute + delay) * MINUTE + 1);
  clicks.ageTo((minute + 20) * MINUTE);
}

describe('clicks that are expected', () => {
  it('are those of all messages until these are over, where no click has told when they come', () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.record({
            adGroupId: fc.constantFrom('a', 'b'),
            priceMicros: fc.integer({ min: 1, max: 1e6 }),
            ctr: fc.double({ min: 0, max: 1, noNaN: true }),
            decidedAt: fc.nat(20 * MINUTE),
            holdMs: fc.integer({ min: 1, max: HOLD_MS }),
          }),
          { maxLength: 30 },
        ),
        fc.array(fc.nat(40 * MINUTE), { minLength: 1, maxLength: 3 }),
        (messages, times) => {
          const clicks = new ExpectedClicks();
          for (const { decidedAt, holdMs, ...message } of messages) {
            clicks.add({ ...message, decidedAt, expiresAt: decidedAt + holdMs });
          }
          const until = times.reduce((latest, time) => {
            clicks.ageTo(time);
            return Math.max(latest, time);
          }, 0);
          for (const id of ['a', 'b']) {
            const keptOf = (lateMs: number) => {
              const open = messages.filter(
                ({ adGroupId, decidedAt, holdMs }) => adGroupId === id && decidedAt + holdMs + lateMs > until,
              );
              const sum = open.reduce((micros, { priceMicros, ctr }) => micros + priceMicros * ctr, 0);
              return keptForClicks(sum, Math.max(0, ...open.map(({ priceMicros }) => priceMicros)));
            };
            expect(clicks.keptMicros(id)).toBeGreaterThanOrEqual(keptOf(0) - 1);
            expect(clicks.keptMicros(id)).toBeLessThanOrEqual(keptOf(Math.max(1_000, SLOT_MS)) + 1);
          }
        },
      ),
    );
  });

  it('fall once clicks were seen to come soon, but for the few that may come late', () => {
    const clicks = new ExpectedClicks();
    learn(clicks, 'a', 0, 298);
    clicks.add(shown('a', 1, 0));
    // Some of that minute may have been shown at its end.
    expect(clicks.ageTo(2 * MINUTE - 1)).toEqual([]);
    expect(clicks.keptMicros('a')).toBe(keptFor(1));
    expect(clicks.ageTo(2 * MINUTE)).toEqual(['a']);
    expect(clicks.keptMicros('a')).toBe(keptFor(2 / 300));
    expect(clicks.ageTo(3 * MINUTE - 1)).toEqual([]);
  });

  it('do not fall by clicks of messages that may be clicked still: late ones are missing among them', () => {
    const clicks = new ExpectedClicks();
    clicks.add(shown('a', 1, 0));
    // Of the same minute, and over sooner.
    clicks.add({ ...shown('a', 1, 0), expiresAt: 30_000 });
    expect(clicks.noteCharge('a', 5_000 * PRICE, 0, 1)).toBe(true);
    clicks.ageTo(HOLD_MS - 1);
    expect(clicks.keptMicros('a')).toBe(keptFor(1));
    clicks.add(shown('a', 1, 5 * MINUTE));
    clicks.ageTo(HOLD_MS + SLOT_MS);
    expect(clicks.keptMicros('a')).toBeLessThan(keptFor(0.01));
  });

  it('do not fall before the minute in which they come is settled', () => {
    const clicks = new ExpectedClicks();
    learn(clicks, 'a', 3, 1_000);
    clicks.add(shown('a', 1, 30_000));
    clicks.ageTo(5 * MINUTE - 1);
    expect(clicks.keptMicros('a')).toBe(keptFor(1));
    clicks.ageTo(5 * MINUTE);
    expect(clicks.keptMicros('a')).toBeLessThan(keptFor(0.01));
  });

  it('do not fall by clicks of other ad groups, whose placements may be others', () => {
    const clicks = new ExpectedClicks();
    learn(clicks, 'early', 0, 500);
    learn(clicks, 'late', 5, 100);
    for (const adGroupId of ['early', 'late', 'new']) clicks.add(shown(adGroupId, 1, 0));
    clicks.ageTo(4 * MINUTE);
    expect(clicks.keptMicros('early')).toBeLessThan(keptFor(0.01));
    expect(clicks.keptMicros('late')).toBe(keptFor(1));
    expect(clicks.keptMicros('new')).toBe(keptFor(1));
    clicks.forget('early');
    clicks.ageTo(5 * MINUTE);
    expect(clicks.keptMicros('early')).toBe(keptFor(1));
  });

  it('count as coming at any time past an hour, and older ones ever less', () => {
    const clicks = new ExpectedClicks();
    learn(clicks, 'a', 90, 1_000);
    clicks.add({ ...shown('a', 1, 0), expiresAt: 300 * MINUTE });
    clicks.ageTo(200 * MINUTE);
    expect(clicks.keptMicros('a')).toBe(keptFor(1));
    for (let i = 0; i < 15; i++) learn(clicks, 'a', 0, 100);
    clicks.ageTo(201 * MINUTE);
    expect(clicks.keptMicros('a')).toBeLessThan(keptFor(0.3));
  });

  it('keep what the dearest of them may cost', () => {
    const clicks = new ExpectedClicks();
    clicks.add({ ...shown('a', 1, 0), priceMicros: 10 * PRICE, ctr: 0.1 });
    expect(clicks.keptMicros('a')).toBe(keptFor(0.1, 10 * PRICE));
    expect(clicks.keptMicros('a', { priceMicros: PRICE, ctr: 1 })).toBe(keptFor(0.2, 10 * PRICE));
    expect(clicks.keptMicros('b', { priceMicros: PRICE, ctr: 1 })).toBe(keptFor(1));
  });

  it('are nothing once the messages are over, and not more than before where a clock goes back', () => {
    const clicks = new ExpectedClicks();
    learn(clicks, 'a', 0, 1_000);
    clicks.add(shown('a', 1, 5 * MINUTE));
    clicks.ageTo(8 * MINUTE);
    const kept = clicks.keptMicros('a');
    expect(kept).toBeLessThan(keptFor(0.01));
    expect(clicks.ageTo(5 * MINUTE)).toEqual([]);
    expect(clicks.keptMicros('a')).toBe(kept);
    expect(clicks.ageTo(5 * MINUTE + HOLD_MS + SLOT_MS)).toEqual(['a']);
    expect(clicks.keptMicros('a')).toBe(0);
    expect(clicks.noteCharge('a', PRICE, 5, 20 * MINUTE)).toBe(false);
  });

  it('are found of very many ad groups within some calls', () => {
    const clicks = new ExpectedClicks();
    for (let i = 0; i < 1_200; i++) clicks.add(shown(`adg_${i}`, 1, 0));
    const counts = Array.from({ length: 4 }, () => clicks.ageTo(HOLD_MS + SLOT_MS).length);
    expect(counts).toEqual([500, 500, 200, 0]);
  });

  it('of thousands of messages need some tens of slots, whatever their number', () => {
    const clicks = new ExpectedClicks();
    const decided = Array.from({ length: 60_000 }, (_, i) => i * 10);
    for (const decidedAt of decided) clicks.add(shown('a', 0.001, decidedAt));
    expect((clicks as unknown as Inside).byAdGroup.get('a')!.slots.length).toBeLessThanOrEqual(40);
  });
});

/** What is looked at for its size alone. */
interface Inside {
  readonly byAdGroup: ReadonlyMap<string, { readonly slots: readonly unknown[] }>;
}
