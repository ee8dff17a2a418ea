import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  adGroup,
  arbitraryAdGroups,
  arbitraryMatchRequest,
  matchRequest,
  money,
  WON_RATES,
} from '../../../test/properties/arbitraries/candidates.js';
import type { AdGroupRecord } from './ad-group-record.js';
import { score, type Scored, toCandidate } from './candidate.js';
import { firstFailure } from './first-failure.js';
import { rankOrder } from '../auction/rank-order.js';
import { PlainScan } from './plain-scan.js';

function scanOf(records: Iterable<AdGroupRecord>): PlainScan {
  const scan = new PlainScan(WON_RATES);
  for (const record of records) scan.upsert(record);
  return scan;
}

const idsOf = (ranked: readonly Scored[]): string[] => ranked.map(({ candidate }) => candidate.record.id);

describe('rankOrder', () => {
  it('is total: of two ad groups one always ranks higher, and the order has no circles', () => {
    fc.assert(
      fc.property(arbitraryAdGroups, arbitraryMatchRequest, (records, request) => {
        const compare = rankOrder(request.seed);
        const ranked = records.map((record) => score(toCandidate(record, WON_RATES), request, money())).sort(compare);
        for (const [i, higher] of ranked.entries()) {
          for (const lower of ranked.slice(i + 1)) {
            expect(compare(higher, lower)).toBeLessThan(0);
            expect(compare(lower, higher)).toBeGreaterThan(0);
            expect(higher.score).toBeGreaterThanOrEqual(lower.score);
          }
        }
      }),
    );
  });

  it('falls back to the id where score and hash are equal', () => {
    const scored = score(toCandidate(adGroup(), WON_RATES), matchRequest(), money());
    const twin = { ...scored, candidate: { ...scored.candidate, record: adGroup({ id: 'adg_2' }) } };
    expect(rankOrder(7)(scored, twin)).toBeLessThan(0);
    expect(rankOrder(7)(twin, scored)).toBeGreaterThan(0);
  });
});

describe('PlainScan', () => {
  it('answers the first of all that pass every check, in rank order, however they came in', () => {
    fc.assert(
      fc.property(arbitraryAdGroups, arbitraryMatchRequest, fc.nat(13), (records, request, limit) => {
        const expected = records
          .map((record) => toCandidate(record, WON_RATES))
          .filter((candidate) => firstFailure(candidate, request, money()) === null)
          .map((candidate) => score(candidate, request, money()))
          .sort(rankOrder(request.seed))
          .slice(0, limit);
        expect(scanOf(records).top(request, money(), limit)).toEqual(expected);
        const reversed = scanOf([...records].reverse()).top(request, money(), limit);
        expect(idsOf(reversed)).toEqual(idsOf(expected));
      }),
    );
  });

  it('lets each of equal ad groups come first, as the seed says, and the same one for the same seed', () => {
    const scan = scanOf(['adg_1', 'adg_2', 'adg_3'].map((id) => adGroup({ id })));
    const first = (seed: number) => idsOf(scan.top(matchRequest({ seed }), money(), 1))[0];
    const winners = Array.from({ length: 50 }, (_, seed) => first(seed));
    expect(new Set(winners).size).toBe(3);
    expect(Array.from({ length: 50 }, (_, seed) => first(seed))).toEqual(winners);
  });

  it('adds, replaces, finds and removes ad groups', () => {
    const scan = scanOf([adGroup({ id: 'adg_1' }), adGroup({ id: 'adg_2' })]);
    expect(scan.size).toBe(2);
    const replaced = adGroup({ id: 'adg_2', bid: { model: 'cpm', amountMicros: 9_000_000_000 } });
    scan.upsert(replaced);
    expect(scan.get('adg_2')?.record).toBe(replaced);
    expect(idsOf(scan.top(matchRequest(), money(), 5))).toEqual(['adg_2', 'adg_1']);
    scan.remove('adg_2');
    scan.remove('adg_never_there');
    expect(scan.get('adg_2')).toBeNull();
    expect([...scan.all()].map(({ record }) => record.id)).toEqual(['adg_1']);
  });
});
