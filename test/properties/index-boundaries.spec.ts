import { describe, expect, it } from '@jest/globals';
import type { AdGroupRecord } from '../../src/core/index/ad-group-record.js';
import { BlockIndex } from '../../src/core/index/block-index.js';
import type { CandidateIndex } from '../../src/core/index/candidate-index.js';
import { toCandidate } from '../../src/core/index/candidate.js';
import type { MatchRequest } from '../../src/core/index/match-request.js';
import { PlainScan } from '../../src/core/index/plain-scan.js';
import { takesPart } from '../../src/core/pacing/takes-part.js';
import type { Targeting } from '../../src/core/targeting/expression.js';
import { MAX_AGE } from '../../src/core/targeting/vocabulary.js';
import { adGroup, matchRequest, money, UNKNOWN_SUBJECT, WON_RATES } from './arbitraries/candidates.js';

const range = (length: number): number[] => Array.from({ length }, (_, i) => i);
const segment = (id: string, minWeight = 0): Targeting => ({ kind: 'segments', ids: [id], minWeight });
const cpm = (amountMicros: number) => ({ model: 'cpm', amountMicros }) as const;

/** Asked of both index and plain scan, which must agree; answers the ids, the best first, and how many are eligible. */
function ask(records: readonly AdGroupRecord[], request: MatchRequest, limit: number) {
  const answers = [new BlockIndex(WON_RATES), new PlainScan(WON_RATES)].map((index) => {
    for (const record of records) index.upsert(record);
    const best = index.top(request, money(), limit).map(({ candidate }) => candidate.record.id);
    return { best, eligible: index.eligible(request, money()).size };
  });
  expect(answers[0]).toEqual(answers[1]);
  return answers[0]!;
}

/** What random catalogues meet too seldom: values that are just equal, and the last value of a range. */
describe('the index, at a boundary', () => {
  it('finds who wins a tie at the highest score, wherever among hundreds of equals it lies', () => {
    const records = range(400).map((i) => adGroup({ id: `adg_${i}`, targeting: segment('auto.ev') }));
    const subject = { ...UNKNOWN_SUBJECT, interests: new Map([['auto.ev', 1]]) };
    const winners = range(60).map((seed) => ask(records, matchRequest({ subject, seed }), 1).best[0]);
    expect(new Set(winners).size).toBeGreaterThan(40);
  });

  it('finds an ad group whose eCPM is the floor, though none after it reaches it', () => {
    const records = range(200).map((i) => adGroup({ id: `adg_${i}`, bid: cpm(5_000_000_000 - i) }));
    for (const floorMicros of [4_999_999_840, 4_999_999_936, 5_000_000_000]) {
      expect(ask(records, matchRequest({ floorMicros }), 200).eligible).toBe(5_000_000_001 - floorMicros);
    }
    expect(ask(records, matchRequest({ floorMicros: 5_000_000_001 }), 200).best).toEqual([]);
  });

  it.each([1, 2, 3, 4, 5, 6])('asks for one segment of each of %i lists', (lists) => {
    const records = [adGroup({ targeting: { kind: 'all', of: range(lists).map((i) => segment(`s.${i}`)) } })];
    for (const held of range(lists + 1)) {
      const subject = { ...UNKNOWN_SUBJECT, interests: new Map(range(held).map((i) => [`s.${i}`, 0.5])) };
      expect(ask(records, matchRequest({ subject }), 5).eligible).toBe(held === lists ? 1 : 0);
    }
  });

  it.each([
    [0.5, 0.47, 0],
    [0.5, 0.5, 1],
    [0.5, 0.53, 1],
    [0.47, 0.46, 0],
    [0.47, 0.47, 1],
    [0.47, 0.49, 1],
  ])('asks for a weight of %d: of a member with %d, finds %i', (minWeight, weight, found) => {
    const subject = { ...UNKNOWN_SUBJECT, interests: new Map([['auto.ev', weight]]) };
    const wanted = segment('auto.ev', minWeight);
    expect(ask([adGroup({ targeting: wanted })], matchRequest({ subject }), 5).eligible).toBe(found);
    const unwanted = adGroup({ targeting: { kind: 'not', of: wanted } });
    expect(ask([unwanted], matchRequest({ subject }), 5).eligible).toBe(1 - found);
  });

  it('takes an age past the highest for what it is, not for unknown', () => {
    const old = adGroup({ id: 'adg_old', targeting: { kind: 'age', min: 100, max: null } });
    const young = adGroup({ id: 'adg_young', targeting: { kind: 'not', of: old.targeting } });
    const eligibleAt = (age: number | null) =>
      ask([old, young], matchRequest({ subject: { ...UNKNOWN_SUBJECT, age } }), 5).best;
    expect([99, 100, MAX_AGE, MAX_AGE + 1, MAX_AGE + 2, null].map(eligibleAt)).toEqual([
      ['adg_young'],
      ['adg_old'],
      ['adg_old'],
      ['adg_old'],
      ['adg_old'],
      ['adg_young'],
    ]);
  });

  it('knows each of many segments and advertisers from the moment on at which it is named first', () => {
    const index = new BlockIndex(WON_RATES);
    for (const i of range(260)) {
      const [id, advertiserId] = [`adg_${i}`, `adv_${i}`];
      index.upsert(adGroup({ id, advertiserId, targeting: segment(`s.${i}`), bid: cpm(1_000_000) }));
      const subject = { ...UNKNOWN_SUBJECT, interests: new Map([[`s.${i}`, 1]]) };
      const found = index.top(matchRequest({ subject }), money(), 5).map(({ candidate }) => candidate.record.id);
      expect(found).toEqual([id]);
      for (const excluded of [
        { mutedAdvertisers: new Set([advertiserId]) },
        { blockedAdvertisers: new Set([advertiserId]) },
      ])
        expect(index.top(matchRequest({ subject, ...excluded }), money(), 5)).toEqual([]);
    }
  });

  it('is worn once many lie after their rank, and is as good as new after a rebuild', () => {
    const index = new BlockIndex(WON_RATES);
    for (const i of range(5_000)) index.load(adGroup({ id: `adg_${i}`, bid: cpm(1_000_000_000 - i) }));
    const rebuild = () => {
      for (const work = index.rebuild(); work.next().done !== true;);
    };
    rebuild();
    const costOfTop = () => {
      index.top(matchRequest(), money(), 5);
      return index.cost;
    };
    const fresh = costOfTop();
    let added = 0;
    // All of them above the others, where there is no room for so many.
    while (!index.isWorn) index.upsert(adGroup({ id: `adg_new_${added}`, bid: cpm(2_000_000_000 + added++) }));
    expect(added).toBeLessThan(1_000);
    rebuild();
    expect(index.isWorn).toBe(false);
    expect(costOfTop()).toBeLessThan(2 * fresh);
  });

  it('counts its requests anew after a thousand million of them, and takes none for the first', () => {
    const [index, oracle] = [new BlockIndex(WON_RATES), new PlainScan(WON_RATES)];
    const unwanted: Targeting = { kind: 'not', of: { kind: 'attributeExists', key: 'a', exists: true } };
    for (const one of [index, oracle]) {
      one.upsert(adGroup({ id: 'adg_segment', advertiserId: 'adv_1', targeting: segment('auto.ev') }));
      one.upsert(adGroup({ id: 'adg_expression', advertiserId: 'adv_2', targeting: unwanted }));
      one.upsert(adGroup({ id: 'adg_muted', advertiserId: 'adv_3' }));
    }
    const idsOf = (one: CandidateIndex, request: MatchRequest) =>
      one.top(request, money(), 5).map(({ candidate }) => candidate.record.id);
    const interests = new Map([['auto.ev', 1]]);
    const subject = { ...UNKNOWN_SUBJECT, interests, attributes: new Map([['a', 1]]) };
    const first = matchRequest({ subject, mutedAdvertisers: new Set(['adv_3']) });
    expect(idsOf(index, first)).toEqual(['adg_segment']);
    Reflect.set(Reflect.get(index, 'layout') as object, 'turn', 2 ** 30 - 1);
    // Of which nothing is true that was of the first.
    const other = matchRequest({ mutedAdvertisers: new Set(['adv_4']) });
    expect(idsOf(index, other)).toEqual(idsOf(oracle, other));
    expect(new Set(idsOf(oracle, other))).toEqual(new Set(['adg_expression', 'adg_muted']));
  });

  it('looks no further once none can be better', () => {
    const index = new BlockIndex(WON_RATES);
    // Decided by expressions, which are counted; each bids 1 % less than the one before.
    const targeting: Targeting = { kind: 'not', of: { kind: 'attributeExists', key: 'nobody', exists: true } };
    for (const i of range(2_000)) index.load(adGroup({ id: `adg_${i}`, targeting, bid: cpm(9e12 * 0.99 ** i) }));
    for (const work = index.rebuild(); work.next().done !== true;);
    expect(index.top(matchRequest(), money(), 5)).toHaveLength(5);
    expect(index.looks).toBeLessThan(200);
  });

  it.each([0.01, 0.2, 0.5, 0.77, 0.99])(
    'draws in the one phase that a share of %d divides, also where it is known',
    (passShare) => {
      const record = adGroup();
      const index = new BlockIndex(WON_RATES);
      index.upsert(record);
      const { campaignHash } = toCandidate(record, WON_RATES);
      const means = money({ passShare });
      for (const seed of range(2_000).map((i) => Math.imul(i, 0x9e3779b1))) {
        const expected = takesPart(seed, campaignHash, passShare) ? 1 : 0;
        const request = matchRequest({ seed });
        expect([index.eligible(request, means).size, index.top(request, means, 1).length]).toEqual([
          expected,
          expected,
        ]);
      }
    },
  );
});
