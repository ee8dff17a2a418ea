import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type AuditedCap, countCapBreaches } from './cap-breaches.js';
import { windowStart } from './cap-window.js';
import type { CapWindow } from './frequency-cap.js';

const NOON = Date.parse('2026-10-24T12:00:00Z');
const HOUR = 3_600_000;

const anyWindow: fc.Arbitrary<CapWindow> = fc.oneof(
  fc.constant('lifetime' as const),
  fc.record({
    length: fc.integer({ min: 1, max: 3 }),
    unit: fc.constantFrom('minute' as const, 'hour' as const, 'day' as const, 'week' as const),
    kind: fc.constantFrom('rolling' as const, 'calendar' as const),
  }),
);
const anyCap: fc.Arbitrary<AuditedCap> = fc.record({
  limit: fc.integer({ min: 1, max: 3 }),
  window: anyWindow,
  zone: fc.constantFrom('Asia/Seoul', 'Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe'),
  since: fc.oneof(fc.constant(0), fc.integer({ min: NOON, max: NOON + 72 * HOUR })),
});
const anyImpressions = fc
  .array(fc.tuple(fc.integer({ min: 0, max: 72 * HOUR }), fc.integer({ min: 0, max: 600_000 })), { maxLength: 30 })
  .map((pairs) =>
    pairs.map(([at, waited]) => ({ at: NOON + at, decidedAt: NOON + at - waited })).sort((a, b) => a.at - b.at),
  );

describe('countCapBreaches', () => {
  it('counts the windows that a naive count finds, across changes of the clocks', () => {
    fc.assert(
      fc.property(anyImpressions, anyCap, (impressions, cap) => {
        const broken = impressions.filter(({ at }, last) => {
          const from = windowStart(cap.window, at, cap.zone);
          const within = impressions.slice(0, last + 1).filter((one) => one.at >= from);
          return within.length > cap.limit && Math.max(...within.map((one) => one.decidedAt)) >= cap.since;
        });
        expect(countCapBreaches(impressions, cap)).toBe(broken.length);
      }),
    );
  });

  it('takes the ends of a rolling window as half-open', () => {
    const cap = { limit: 1, window: { length: 1, unit: 'hour', kind: 'rolling' }, zone: 'UTC', since: 0 } as const;
    const seen = (...times: number[]) => times.map((at) => ({ at, decidedAt: at }));
    expect(countCapBreaches(seen(NOON, NOON + HOUR), cap)).toBe(0);
    expect(countCapBreaches(seen(NOON, NOON + HOUR - 1), cap)).toBe(1);
  });

  it('leaves out what was decided before the cap was in force', () => {
    const cap = { limit: 1, window: 'lifetime', zone: 'UTC', since: NOON + 10 } as const;
    const early = [1, 2, 3].map((i) => ({ at: NOON + 20 + i, decidedAt: NOON + i }));
    expect(countCapBreaches(early, cap)).toBe(0);
    expect(countCapBreaches([...early, { at: NOON + 30, decidedAt: NOON + 10 }], cap)).toBe(1);
  });
});
