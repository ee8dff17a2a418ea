import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { BlockIndex } from '../../src/core/index/block-index.js';
import type { CandidateIndex } from '../../src/core/index/candidate-index.js';
import type { Scored } from '../../src/core/index/candidate.js';
import { PlainScan } from '../../src/core/index/plain-scan.js';
import { WON_RATES } from './arbitraries/candidates.js';
import {
  arbitraryLife,
  arbitraryRecord,
  arbitraryRequest,
  type Deed,
  Purse,
  recheckWhere,
} from './arbitraries/index-life.js';

const RUNS = 3_000;

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
        const expected = oracle.top(deed.request, purse, deed.limit).map(worthOf);
        expect(index.top(deed.request, purse, deed.limit).map(worthOf)).toEqual(expected);
        expect(idsOf(index, deed, purse)).toEqual(idsOf(oracle, deed, purse));
        expect(index.size).toBe(oracle.size);
        found += expected.length;
      }
    }
  }
  return found;
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

  it.each([1, 2, 3])('does so with thousands of ad groups, grown one by one or built at once (seed %i)', (seed) => {
    const records = fc
      .sample(arbitraryRecord, { numRuns: 4_000, seed })
      .map((record, i) => ({ ...record, id: `adg_${i}` }));
    const requests = fc.sample(arbitraryRequest, { numRuns: 150, seed });
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
      const deed = { deed: 'ask', request, limit: 5 } as const;
      const expected = oracle.top(request, purse, 4_000).map(worthOf);
      for (const index of [grown, built]) {
        for (const limit of [5, 4_000]) {
          expect(index.top(request, purse, limit).map(worthOf)).toEqual(expected.slice(0, limit));
        }
        expect(idsOf(index, deed, purse)).toEqual(idsOf(oracle, deed, purse));
      }
    }
  });
});
