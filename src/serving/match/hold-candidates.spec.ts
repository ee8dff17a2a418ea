import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  adGroup,
  creative,
  matchRequest,
  SUNDAY_NOON,
  WON_RATES,
} from '../../../test/properties/arbitraries/candidates.js';
import { windowStart } from '../../core/capping/cap-window.js';
import type { FrequencyCap } from '../../core/capping/frequency-cap.js';
import type { AdGroupRecord } from '../../core/index/ad-group-record.js';
import { toCandidate } from '../../core/index/candidate.js';
import { toHoldCandidate } from './hold-candidates.js';

const HOUR = 3_600_000;
const ZONES = ['Asia/Seoul', 'Europe/Berlin', 'America/New_York', 'Asia/Kolkata', 'Australia/Lord_Howe'] as const;

const arbitraryCap: fc.Arbitrary<FrequencyCap> = fc.record({
  limit: fc.integer({ min: 1, max: 9 }),
  window: fc.oneof(
    fc.constant('lifetime' as const),
    fc.record({
      length: fc.integer({ min: 1, max: 40 }),
      unit: fc.constantFrom('minute' as const, 'hour' as const, 'day' as const, 'week' as const),
      kind: fc.constantFrom('rolling' as const, 'calendar' as const),
    }),
  ),
});

interface OfferedCaps {
  readonly ofAdGroup: readonly (readonly [scope: number, from: number, limit: number])[];
  /** By the creative's id. */
  readonly ofCreatives: ReadonlyMap<string, readonly (readonly [from: number, limit: number])[]>;
}

/** As hold.lua reads it. */
function offered(record: AdGroupRecord, now: number): OfferedCaps {
  const scored = { candidate: toCandidate(record, WON_RATES), relevance: 1, pacing: 1, score: 1 };
  const { adGroup: ofAdGroup, creatives } = toHoldCandidate(scored, matchRequest({ now }));
  const [, , , caps] = JSON.parse(ofAdGroup.json) as [number, number, number, OfferedCaps['ofAdGroup']];
  const read = creatives.map(({ json }) => JSON.parse(json) as [number, string, [number, number][]]);
  return { ofAdGroup: caps, ofCreatives: new Map(read.map(([, id, own]) => [id, own])) };
}

describe('what an ad group offers to the caps', () => {
  it('counts from the start of each window at every instant, whatever was asked before, also where time goes back', () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...ZONES),
        fc.record({
          adGroupCaps: fc.array(arbitraryCap, { maxLength: 1 }),
          campaignCaps: fc.array(arbitraryCap, { maxLength: 2 }),
          advertiserCaps: fc.array(arbitraryCap, { maxLength: 1 }),
        }),
        fc.tuple(arbitraryCap, arbitraryCap),
        fc.array(fc.integer({ min: -24 * 400, max: 24 * 400 }), { minLength: 2, maxLength: 8 }),
        fc.array(fc.integer({ min: 0, max: HOUR }), { minLength: 8, maxLength: 8 }),
        (timeZone, lists, ofCreatives, hours, parts) => {
          const creatives = ofCreatives.map((cap, i) => creative({ id: `crv_${i}`, caps: [cap] }));
          const record = adGroup({ timeZone, ...lists, creatives });
          const scopes = [lists.adGroupCaps, lists.campaignCaps, lists.advertiserCaps];
          for (const [i, hour] of hours.entries()) {
            const now = SUNDAY_NOON + hour * HOUR + (parts[i] ?? 0);
            const first = ({ window, limit }: FrequencyCap): readonly [number, number] => [
              window === 'lifetime' ? -1 : windowStart(window, now, timeZone),
              limit,
            ];
            // Below -1 is the length of a rolling window, of which now is the last instant.
            const resolved = (from: number): number => (from < -1 ? now + from + 1 : from);
            const caps = offered(record, now);
            expect(caps.ofAdGroup.map(([scope, from, limit]) => [scope, resolved(from), limit])).toEqual(
              scopes.flatMap((list, i) => list.map((cap) => [i + 2, ...first(cap)])),
            );
            for (const [i, cap] of ofCreatives.entries()) {
              const own = caps.ofCreatives.get(`crv_${i}`) ?? [];
              expect(own.map(([from, limit]) => [resolved(from), limit])).toEqual([first(cap)]);
            }
          }
        },
      ),
    );
  });

  it('changes with the day, not before', () => {
    const daily = { limit: 2, window: { length: 1, unit: 'day', kind: 'calendar' } } as const;
    const record = adGroup({ campaignCaps: [daily] });
    const midnight = Date.parse('2026-11-22T15:00:00Z');
    const [before, after] = [midnight - 1, midnight].map((now) => offered(record, now).ofAdGroup);
    expect([before, after]).toEqual([[[3, midnight - 24 * HOUR, 2]], [[3, midnight, 2]]]);
  });
});
