import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { decidedMinute, PromiseBook } from './promise-book.js';

const MINUTE = 60_000;

/** A message that is promised, and what comes of it: charged some time before it is over, or never. */
const message = fc.record({
  adGroupId: fc.constantFrom('a', 'b'),
  model: fc.constantFrom('cpm' as const, 'cpc' as const),
  micros: fc.integer({ min: 0, max: 100 }),
  decidedAt: fc.integer({ min: 0, max: 5 * MINUTE }),
  holdMs: fc.integer({ min: 1, max: 3 * MINUTE }),
  chargedAfter: fc.option(fc.double({ min: 0, max: 1, noNaN: true })),
});

describe('promises of messages', () => {
  it('are never fewer than what may still be charged, and none when all are over', () => {
    fc.assert(
      fc.property(fc.array(message, { maxLength: 20 }), fc.array(fc.nat(9 * MINUTE)), (messages, closings) => {
        const book = new PromiseBook();
        const open = new Map<string, number>([
          ['a', 0],
          ['b', 0],
        ]);
        const change = (id: string, by: number): void => void open.set(id, open.get(id)! + by);
        const deeds = messages.flatMap(({ adGroupId, model, micros, decidedAt, holdMs, chargedAfter }) => {
          const expiresAt = decidedAt + holdMs;
          const chargedAt = chargedAfter === null || model === 'cpc' ? null : decidedAt + chargedAfter * holdMs;
          return [
            {
              at: decidedAt,
              run: () => {
                book.add({ adGroupId, model, micros, decidedAt, expiresAt });
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
        book.close(9 * MINUTE);
        expect(book.promisedMicros('a') + book.promisedMicros('b')).toBe(0);
      }),
    );
  });

  it('of impressions are over with their minute, and tell whose they were', () => {
    const book = new PromiseBook();
    book.add({ adGroupId: 'a', model: 'cpm', micros: 5, decidedAt: 1_000, expiresAt: 2_000 });
    book.add({ adGroupId: 'b', model: 'cpm', micros: 7, decidedAt: 30_000, expiresAt: 40_000 });
    expect(book.close(39_999)).toEqual([]);
    expect(book.close(40_000)).toEqual(['a', 'b']);
  });

  it('of clicks are over within a twentieth of their hold, a second at least and a minute at most', () => {
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 86_400 }), fc.array(fc.nat(86_400_000)), (holdSeconds, times) => {
        const book = new PromiseBook();
        const holdMs = holdSeconds * 1_000;
        const widthMs = Math.min(MINUTE, Math.max(1_000, holdMs / 20));
        const expiries = times.sort((x, y) => x - y).map((decidedAt) => decidedAt + holdMs);
        for (const expiresAt of expiries) {
          book.add({ adGroupId: 'a', model: 'cpc', micros: 1, decidedAt: expiresAt - holdMs, expiresAt });
        }
        for (const [i, expiresAt] of expiries.entries()) {
          book.close(expiresAt + widthMs + 1);
          expect(book.promisedMicros('a')).toBeLessThan(expiries.length - i);
        }
      }),
    );
  });

  it('of clicks are settled by no charge', () => {
    const book = new PromiseBook();
    book.add({ adGroupId: 'a', model: 'cpc', micros: 5, decidedAt: 0, expiresAt: 2_000 });
    book.settle('a', 5, 0);
    expect(book.promisedMicros('a')).toBe(5);
  });

  it('are not lowered below nothing by a charge of more than was promised', () => {
    const book = new PromiseBook();
    book.add({ adGroupId: 'a', model: 'cpm', micros: 5, decidedAt: 0, expiresAt: 2_000 });
    book.settle('a', 9, 0);
    expect(book.promisedMicros('a')).toBe(0);
  });
});
