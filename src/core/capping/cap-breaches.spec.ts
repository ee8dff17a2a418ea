import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  type AuditedCap,
  type AuditedCaps,
  type AuditedImpression,
  findCapBreaches,
  toAuditedCap,
} from './cap-breaches.js';
import { windowStart } from './cap-window.js';
import type { CapWindow } from './frequency-cap.js';
import { always, type LimitHistory, type Stretch } from './limit-history.js';

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
const anyCaps = fc.array(fc.record({ limit: fc.integer({ min: 1, max: 3 }), window: anyWindow }).map(toAuditedCap), {
  maxLength: 2,
});
const anyZone = fc.constantFrom('Asia/Seoul', 'Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe');

/** Up to four stretches, some with a pause between them. */
function anyHistory<T>(values: fc.Arbitrary<T>): fc.Arbitrary<LimitHistory<T>> {
  const ends = fc.uniqueArray(fc.integer({ min: -HOUR, max: 72 * HOUR }), { minLength: 5, maxLength: 5 });
  return fc.tuple(ends, fc.array(fc.option(values), { minLength: 6, maxLength: 6 })).map(([unsorted, stretches]) => {
    const times = [-Infinity, ...unsorted.sort((a, b) => a - b).map((end) => NOON + end), Infinity];
    return stretches.flatMap((value, i) =>
      value === null ? [] : [{ value, since: times[i] as number, until: times[i + 1] as number }],
    );
  });
}
const anyAuditedCaps: fc.Arbitrary<AuditedCaps> = fc.record({ caps: anyHistory(anyCaps), zones: anyHistory(anyZone) });
const anyImpressions = fc
  .array(fc.tuple(fc.integer({ min: 0, max: 72 * HOUR }), fc.integer({ min: 0, max: 600_000 })), { maxLength: 30 })
  .map((pairs) =>
    pairs.map(([at, waited]) => ({ at: NOON + at, decidedAt: NOON + at - waited })).sort((a, b) => a.at - b.at),
  );

describe('findCapBreaches', () => {
  it('finds the windows that a naive count finds, across changes of the clocks, the caps and the zone', () => {
    fc.assert(
      fc.property(anyImpressions, anyAuditedCaps, (impressions, history) => {
        const found = findCapBreaches(impressions, history);
        const expected = naive(impressions, history);
        for (const cap of new Set([...found, ...expected])) {
          const count = (all: readonly AuditedCap[]): number => all.filter((one) => one === cap).length;
          expect(count(found)).toBe(count(expected));
        }
      }),
      { numRuns: 1_000 },
    );
  });

  it('takes the ends of a rolling window as half-open', () => {
    const hourly = { limit: 1, window: { length: 1, unit: 'hour', kind: 'rolling' } } as const;
    const caps = { caps: always([toAuditedCap(hourly)]), zones: always('UTC') };
    const seen = (...times: number[]) => times.map((at) => ({ at, decidedAt: at }));
    expect(findCapBreaches(seen(NOON, NOON + HOUR), caps)).toHaveLength(0);
    expect(findCapBreaches(seen(NOON, NOON + HOUR - 1), caps)).toHaveLength(1);
  });

  it('judges by the cap that was in force at the last decision', () => {
    const once = toAuditedCap({ limit: 1, window: 'lifetime' });
    const stretch = { value: [once], since: NOON + 10, until: NOON + 20 };
    const caps = { caps: [stretch], zones: always('UTC') };
    const early = [1, 2, 3].map((i) => ({ at: NOON + 20 + i, decidedAt: NOON + i }));
    const decided = (after: number) => [...early, { at: NOON + 30, decidedAt: NOON + after }];
    expect(findCapBreaches(early, caps)).toEqual([]);
    expect(findCapBreaches(decided(9), caps)).toEqual([]);
    expect(findCapBreaches(decided(10), caps)).toEqual([once]);
    expect(findCapBreaches(decided(19), caps)).toEqual([once]);
    expect(findCapBreaches(decided(20), caps)).toEqual([]);
  });
});

/** Tries each cap that ever was and each zone on each window. */
function naive(impressions: readonly AuditedImpression[], { caps, zones }: AuditedCaps): readonly AuditedCap[] {
  const holds = ({ since, until }: Stretch<unknown>, time: number): boolean => since <= time && time < until;
  return impressions.flatMap(({ at }, last) =>
    caps.flatMap((inForce) =>
      zones.flatMap((zone) =>
        inForce.value.filter((cap) => {
          const from = windowStart(cap.window, at, zone.value);
          const within = impressions.slice(0, last + 1).filter((one) => one.at >= from);
          const lastDecidedAt = Math.max(...within.map(({ decidedAt }) => decidedAt));
          return within.length > cap.limit && holds(inForce, lastDecidedAt) && holds(zone, lastDecidedAt);
        }),
      ),
    ),
  );
}
