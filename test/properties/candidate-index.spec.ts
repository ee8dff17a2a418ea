import { describe, expect, it, jest } from '@jest/globals';
import fc from 'fast-check';
import type { AdGroupRecord } from '../../src/core/index/ad-group-record.js';
import { BlockIndex } from '../../src/core/index/block-index.js';
import type { CandidateIndex } from '../../src/core/index/candidate-index.js';
import type { Scored } from '../../src/core/index/candidate.js';
import type { MatchRequest } from '../../src/core/index/match-request.js';
import { PlainScan } from '../../src/core/index/plain-scan.js';
import type { Targeting } from '../../src/core/targeting/expression.js';
import { adGroup, matchRequest, UNKNOWN_SUBJECT, WON_RATES } from './arbitraries/candidates.js';
import {
  arbitraryLife,
  arbitraryRecord,
  arbitraryRequest,
  type Deed,
  Purse,
  recheckWhere,
} from './arbitraries/index-life.js';
import { arbitraryPredicate } from './arbitraries/targeting.js';

jest.setTimeout(120_000);

const RUNS = 2_000;

const worthOf = ({ candidate, ...worth }: Scored) => ({ id: candidate.record.id, ...worth });
function idsOf(index: CandidateIndex, { request }: Deed & { deed: 'ask' }, purse: Purse): string[] {
  const eligible = index.eligible(request, purse);
  const ids = [...eligible].map(({ record }) => record.id);
  expect(eligible.size).toBe(ids.length);
  return ids.sort();
}

/** Both live the same life; every answer must be the same. Answers how many messages were found in all. */
function live(deeds: readonly Deed[], index: BlockIndex, oracle: PlainScan): number {
  const purse = new Purse();
  let found = 0;
  let rebuild: Generator | null = null;
  for (const deed of deeds) {
    switch (deed.deed) {
      case 'upsert':
        for (const one of [index, oracle]) one.upsert(deed.record, deed.ctr);
        break;
      case 'remove':
        for (const one of [index, oracle]) one.remove(deed.id);
        break;
      case 'shorten':
        purse.shorten(deed);
        index.recheck(deed.adGroupId);
        break;
      case 'pace':
        purse.pace(deed);
        recheckWhere(index, ({ campaignId }) => campaignId === deed.campaignId);
        break;
      case 'rebuild':
        rebuild ??= index.rebuild();
        for (let step = 0; step < deed.steps && rebuild !== null; step++) if (rebuild.next().done) rebuild = null;
        break;
      case 'ask': {
        const { request, limit, without } = deed;
        const expected = oracle.top(request, purse, limit, without).map(worthOf);
        expect(index.top(request, purse, limit, without).map(worthOf)).toEqual(expected);
        expect(idsOf(index, deed, purse)).toEqual(idsOf(oracle, deed, purse));
        expect(index.size).toBe(oracle.size);
        found += expected.length;
      }
    }
  }
  return found;
}

/** Both are asked the same; answers how many were found. */
function compare(records: readonly AdGroupRecord[], requests: readonly MatchRequest[]): number {
  const [index, oracle] = [new BlockIndex(WON_RATES), new PlainScan(WON_RATES)];
  for (const record of records) for (const one of [index, oracle]) one.upsert(record);
  const limit = records.length;
  const asked = requests.map((request): Deed => ({ deed: 'ask', request, limit, without: new Set() }));
  return live(asked, index, oracle);
}

describe('BlockIndex', () => {
  it('gives the same ad groups, in the same order, with the same scores as a plain scan, whatever happens to it', () => {
    let found = 0;
    fc.assert(
      fc.property(arbitraryLife, (deeds) => {
        found += live(deeds, new BlockIndex(WON_RATES), new PlainScan(WON_RATES));
      }),
      { numRuns: RUNS },
    );
    // Not all answers are empty.
    expect(found).toBeGreaterThan(RUNS);
  });

  it.each([1, 2])('does so with thousands of ad groups, grown one by one or built at once (seed %i)', (seed) => {
    const records = fc
      .sample(arbitraryRecord, { numRuns: 3_000, seed })
      .map((record, i) => ({ ...record, id: `adg_${i}` }));
    const requests = fc.sample(arbitraryRequest, { numRuns: 100, seed });
    const purse = new Purse();
    const [grown, built, oracle] = [new BlockIndex(WON_RATES), new BlockIndex(WON_RATES), new PlainScan(WON_RATES)];
    for (const record of records) {
      for (const index of [grown, oracle]) index.upsert(record);
      built.load(record);
    }
    expect(built.isWorn).toBe(true);
    const rebuild = built.rebuild();
    while (rebuild.next().done !== true);
    expect(built.isWorn).toBe(false);
    for (const request of requests) {
      const deed = { deed: 'ask', request, limit: 5, without: new Set<string>() } as const;
      const expected = oracle.top(request, purse, 4_000).map(worthOf);
      const others = new Set([...expected.slice(1, 9).map(({ id }) => id), 'cmp_2']);
      const expectedOfOthers = oracle.top(request, purse, 5, others).map(worthOf);
      for (const index of [grown, built]) {
        for (const limit of [5, 4_000]) {
          expect(index.top(request, purse, limit).map(worthOf)).toEqual(expected.slice(0, limit));
        }
        expect(index.top(request, purse, 5, others).map(worthOf)).toEqual(expectedOfOthers);
        expect(idsOf(index, deed, purse)).toEqual(idsOf(oracle, deed, purse));
      }
    }
  });

  it('does so with expressions that are too long for its programs', () => {
    let found = 0;
    const long = fc.array(arbitraryPredicate, { minLength: 257, maxLength: 400 });
    const targeting = fc.oneof(
      long.map((of): Targeting => ({ kind: 'any', of })),
      long.map((of): Targeting => ({ kind: 'all', of: of.map((part) => ({ kind: 'not', of: part })) })),
      // What comes after the part that is too long decides.
      fc.tuple(long, arbitraryPredicate).map(([of, last]): Targeting => {
        return { kind: 'all', of: [{ kind: 'any', of: [last, { kind: 'all', of }] }, last] };
      }),
    );
    fc.assert(
      fc.property(fc.array(targeting, { minLength: 1, maxLength: 4 }), fc.array(arbitraryRequest), (all, requests) => {
        found += compare(
          all.map((one, i) => adGroup({ id: `adg_${i}`, targeting: one })),
          requests,
        );
      }),
    );
    expect(found).toBeGreaterThan(100);
  });

  it('does so with more values of one field than have rows', () => {
    const values = Array.from({ length: 600 }, (_, i) => `carrier ${i}`);
    const targeting = (i: number): Targeting => {
      const named: Targeting = { kind: 'oneOf', field: 'carrier', values: [values[i]!, values[(i * 7) % 600]!] };
      return i % 3 === 0 ? { kind: 'not', of: named } : named;
    };
    const records = values.map((_value, i) => adGroup({ id: `adg_${i}`, targeting: targeting(i) }));
    const carriers = [null, 'carrier of nobody', ...values.filter((_value, i) => i % 13 === 0 || i > 590)];
    const requests = carriers.map((carrier) => matchRequest({ subject: { ...UNKNOWN_SUBJECT, carrier } }));
    expect(compare(records, requests)).toBeGreaterThan(200 * carriers.length - carriers.length * 4);
  });

  it('orders those of equal score and equal hash by their ids', () => {
    // Two words with the same 32-bit hash (FNV-1a).
    const records = ['liquid', 'costarring'].map((id) => adGroup({ id }));
    const ranked = [records, [...records].reverse()].map((order) => {
      const index = new BlockIndex(WON_RATES);
      for (const record of order) index.upsert(record);
      return index.top(matchRequest(), new Purse(), 5).map(({ candidate }) => candidate.record.id);
    });
    expect(ranked).toEqual([
      ['costarring', 'liquid'],
      ['costarring', 'liquid'],
    ]);
    expect(compare(records, [matchRequest()])).toBe(2);
  });
});
