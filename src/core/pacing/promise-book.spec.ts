import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { decidedMinute, PromiseBook } from './promise-book.js';

const MINUTE = 60_000;

/** A message that is promised, and what comes of it: charged some time before it is over, or never. */
const message = fc.record({
  adGroupId: fc.constantFrom('a', 'b'),
  micros: fc.integer({ min: 0, max: 100 }),
  decidedAt: fc.integer({ min: 0, max: 5 * MINUTE }),
  // Some nearly alike, as those of two placements are.
  holdMs: fc.oneof(fc.integer({ min: 1, max: 3 * MINUTE }), fc.constantFrom(590_000, 600_000, 601_000)),
  chargedAfter: fc.option(fc.double({ min: 0, max: 1, noNaN: true })),
});

describe('promises of messages', () => {
  it('are never fewer than what may still be charged, and none when all are over', () => {
    fc.assert(
      fc.property(fc.array(message, { maxLength: 20 }), fc.array(fc.nat(20 * MINUTE)), (messages, times) => {
        const closings = [...times, ...messages.map(({ decidedAt, holdMs }) => decidedAt + holdMs)];
        const book = new PromiseBook();
        const open = new Map<string, number>([
          ['a', 0],
          ['b', 0],
        ]);
        const change = (id: string, by: number): void => void open.set(id, open.get(id)! + by);
        const deeds = messages.flatMap(({ adGroupId, micros, decidedAt, holdMs, chargedAfter }) => {
          const expiresAt = decidedAt + holdMs;
          const chargedAt = chargedAfter === null ? null : decidedAt + chargedAfter * holdMs;
          return [
            {
              at: decidedAt,
              run: () => {
                book.add({ adGroupId, micros, decidedAt, expiresAt });
                change(adGroupId, micros);
              },
            },
            {
              at: chargedAt ?? expiresAt,
              run: () => {
                if (chargedAt !== null) book.settle(adGroupId, micros, decidedMinute(decidedAt));
                change(adGroupId, -micros);
              },
            },
          ];
        });
        const all = [...deeds, ...closings.map((at) => ({ at, run: () => void book.close(at) }))];
        for (const { run } of all.sort((x, y) => x.at - y.at)) {
          run();
          for (const [id, micros] of open) expect(book.promisedMicros(id)).toBeGreaterThanOrEqual(micros);
        }
        book.close(20 * MINUTE);
        expect(book.promisedMicros('a') + book.promisedMicros('b')).toBe(0);
      }),
      { numRuns: 1_000 },
    );
  });

  it('are over with their slot, and tell whose they were', () => {
    const book = new PromiseBook();
    book.add({ adGroupId: 'a', micros: 5, decidedAt: 1_000, expiresAt: 10_900 });
    book.add({ adGroupId: 'b', micros: 7, decidedAt: 1_000, expiresAt: 10_950 });
    book.add({ adGroupId: 'c', micros: 9, decidedAt: 1_200, expiresAt: 11_200 });
    expect(book.close(10_999)).toEqual([]);
    expect(book.close(11_000)).toEqual(['a', 'b']);
    expect(book.close(12_000)).toEqual(['c']);
  });

  it('are lowered by a charge where they end first, since nobody knows whose it is', () => {
    const book = new PromiseBook();
    book.add({ adGroupId: 'a', micros: 5, decidedAt: 20_000, expiresAt: 30_000 });
    book.add({ adGroupId: 'a', micros: 5, decidedAt: 0, expiresAt: 10_000 });
    book.settle('a', 6, 0);
    expect(book.promisedMicros('a')).toBe(4);
    book.close(10_000);
    expect(book.promisedMicros('a')).toBe(4);
  });

  it('are over within a twentieth of their hold, a second at least and a minute at most', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 86_400 }), fc.array(fc.nat(86_400_000)), (holdSeconds, times) => {
        const book = new PromiseBook();
        const holdMs = holdSeconds * 1_000;
        const widthMs = Math.min(MINUTE, Math.max(1_000, holdMs / 20));
        const expiries = times.sort((x, y) => x - y).map((decidedAt) => decidedAt + holdMs);
        for (const expiresAt of expiries) {
          book.add({ adGroupId: 'a', micros: 1, decidedAt: expiresAt - holdMs, expiresAt });
        }
        for (const [i, expiresAt] of expiries.entries()) {
          book.close(expiresAt + widthMs + 1);
          expect(book.promisedMicros('a')).toBeLessThan(expiries.length - i);
        }
      }),
    );
  });

  it('are not lowered below nothing by a charge of more than was promised', () => {
    const book = new PromiseBook();
    book.add({ adGroupId: 'a', micros: 5, decidedAt: 0, expiresAt: 2_000 });
    book.settle('a', 9, 0);
    expect(book.promisedMicros('a')).toBe(0);
  });
});
