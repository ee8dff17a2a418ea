import { describe, expect, it } from '@jest/globals';
import { MAX_DAY_PART_WINDOWS } from '../../src/core/calendar/day-parts.js';
import { WEEKDAYS } from '../../src/core/calendar/local-day.js';
import { BlockIndex } from '../../src/core/index/block-index.js';
import { toCandidate } from '../../src/core/index/candidate.js';
import type { CandidateIndex } from '../../src/core/index/candidate-index.js';
import {
  LIGHT_LOOKS,
  MOST_ADVERTISER_LOOKS,
  MOST_LIGHT_LOOKS,
  MOST_LOOKS,
  UNNOTED_LOOKS,
} from '../../src/core/index/block/work-bound.js';
import { PlainScan } from '../../src/core/index/plain-scan.js';
import type { Targeting } from '../../src/core/targeting/expression.js';
import { MAX_TARGETING_NODES, MAX_TARGETING_VALUES } from '../../src/core/targeting/targeting-limits.js';
import { adGroup, matchRequest, money, WON_RATES } from './arbitraries/candidates.js';
import {
  HOSTILE,
  HOSTILE_SHAPES,
  hostileIndex,
  risingScores,
  TARGETED_MEMBER,
} from './arbitraries/hostile-catalogue.js';

const ADVERTISERS = 25;
/** The expression under evaluation when the bound is met goes on to its end. */
const LAST_LOOKS = 4 * MAX_TARGETING_NODES + MAX_TARGETING_VALUES;
const LISTS_THAT_MATCH = HOSTILE_SHAPES[4]!;

const idsOf = (index: BlockIndex): string[] =>
  index
    .top(matchRequest({ subject: TARGETED_MEMBER }), money(), 2 * HOSTILE)
    .map(({ candidate }) => candidate.record.id);

describe('the most complex targeting, hundreds of times', () => {
  // An expression that rows and programs can't take, and a long list: the others are bound alike.
  it.each([HOSTILE_SHAPES[0]!, LISTS_THAT_MATCH])(
    'of one advertiser costs a match its share at most, and nobody else the match ($name)',
    ({ targeting }) => {
      const index = hostileIndex(targeting, 1);
      expect(idsOf(index)).toEqual(expect.arrayContaining(['adg_plain', 'adg_tree']));
      expect(index.looks).toBeGreaterThan(20_000);
      expect(index.looks).toBeLessThan(UNNOTED_LOOKS + MOST_ADVERTISER_LOOKS + LAST_LOOKS);
      expect(index.cost).toBeLessThan(MOST_LOOKS / 2);
    },
  );

  it.each(HOSTILE_SHAPES)(
    'of many advertisers costs no more than a match may cost, and what rows decide is found ($name)',
    ({ targeting }) => {
      const index = hostileIndex(targeting, ADVERTISERS);
      expect(idsOf(index)).toEqual(expect.arrayContaining(['adg_plain', 'adg_short']));
      expect(index.looks).toBeLessThan(MOST_LOOKS + MOST_LIGHT_LOOKS + LAST_LOOKS);
      // No match asks this twice.
      expect(index.cost).toBeGreaterThan(MOST_LOOKS / 2);
    },
  );

  it('changes nothing about the call for all eligible, nor about the next match', () => {
    const index = hostileIndex(LISTS_THAT_MATCH.targeting, ADVERTISERS);
    const first = idsOf(index);
    expect(index.eligible(matchRequest({ subject: TARGETED_MEMBER }), money()).size).toBe(HOSTILE + 3);
    expect(idsOf(index)).toEqual(first);
  });

  it('is no way around the bound by day parts, of which only minutes tell', () => {
    const windows = Array.from({ length: MAX_DAY_PART_WINDOWS }, () => ({
      days: WEEKDAYS,
      fromMinute: 12 * 60 + 1,
      toMinute: 12 * 60 + 30,
    }));
    const index = new BlockIndex(WON_RATES);
    for (let i = 0; i < 20 * HOSTILE; i++) {
      const advertiserId = `adv_hostile_${i % ADVERTISERS}`;
      index.load(adGroup({ id: `adg_${i}`, advertiserId, dayParts: { clock: 'member', windows } }));
    }
    const bid = { model: 'cpm', amountMicros: 1 } as const;
    index.load(adGroup({ id: 'adg_plain', advertiserId: 'adv_plain', bid }));
    for (const work = index.rebuild(); work.next().done !== true;);
    expect(idsOf(index)).toEqual(['adg_plain']);
    expect(index.looks).toBeGreaterThan(MOST_LOOKS / 2);
    expect(index.looks).toBeLessThan(MOST_LOOKS + LAST_LOOKS);
    expect(index.cost).toBeGreaterThan(MOST_LOOKS / 2);
  });

  it('is no way around the bound by a relevance that a placement asks for', () => {
    const ids = Array.from({ length: 500 }, (_, i) => `segment.${i}`);
    const index = new BlockIndex(WON_RATES);
    for (let i = 0; i < 10 * HOSTILE; i++) {
      const targeting = { kind: 'segments', ids, minWeight: 0 } as const;
      index.load(adGroup({ id: `adg_${i}`, advertiserId: 'adv_hostile', targeting }));
    }
    const bid = { model: 'cpm', amountMicros: 1 } as const;
    const loved = { kind: 'segments', ids: ['loved'], minWeight: 0 } as const;
    index.load(adGroup({ id: 'adg_loved', advertiserId: 'adv_loved', targeting: loved, bid }));
    for (const work = index.rebuild(); work.next().done !== true;);
    const subject = { ...TARGETED_MEMBER, interests: new Map([...TARGETED_MEMBER.interests, ['loved', 1] as const]) };
    const request = matchRequest({ subject, leastRelevance: 0.9 });
    expect(index.top(request, money(), 5).map(({ candidate }) => candidate.record.id)).toEqual(['adg_loved']);
    expect(index.looks).toBeLessThan(UNNOTED_LOOKS + MOST_ADVERTISER_LOOKS + LAST_LOOKS);
    expect([...index.eligible(request, money())].map(({ record }) => record.id)).toEqual(['adg_loved']);
  });

  it('is no way around the bound where the score rises as the bid falls', () => {
    const size = 35_000;
    const index = new BlockIndex(WON_RATES);
    for (let i = 0; i < size; i++) {
      index.load(adGroup({ id: `adg_${i}`, advertiserId: `adv_${i % ADVERTISERS}`, bid: risingScores.bid(i, size) }));
    }
    for (const work = index.rebuild(); work.next().done !== true;);
    const means = risingScores.money(size);
    const [first] = index.top(matchRequest(), means, 5);
    // Who bids least scores most, and is not come to.
    expect(first?.candidate.record.bid.amountMicros).toBeGreaterThan(risingScores.bid(32_000, size).amountMicros);
    expect(index.eligible(matchRequest(), means).size).toBe(size);
    // No match asks this twice.
    expect(index.cost).toBeGreaterThan(MOST_LOOKS / 2);
  });

  it('leaves what rows decide to be found even where light expressions have spent all that is theirs, also of its own advertiser', () => {
    const index = hostileIndex(HOSTILE_SHAPES[1]!.targeting, ADVERTISERS);
    const oneOf = (i: number): Targeting => ({
      kind: 'any',
      of: Array.from({ length: 7 }, (_, j) => ({
        kind: 'version',
        field: 'osVersion',
        min: `${i + 1_000}.${j}`,
        max: null,
      })),
    });
    const light = (i: number) =>
      adGroup({ id: `adg_light_${i}`, advertiserId: `adv_light_${i % ADVERTISERS}`, targeting: oneOf(i) });
    // Put in one by one, so that the index makes room for them again and again.
    for (let i = 0; i < 12_000; i++) index.upsert(light(i));
    expect(toCandidate(light(0), WON_RATES).looks).toBeLessThanOrEqual(LIGHT_LOOKS);
    const bid = { model: 'cpm', amountMicros: 1 } as const;
    index.upsert(adGroup({ id: 'adg_last', advertiserId: 'adv_light_0', bid }));
    expect(idsOf(index)).toContain('adg_last');
    expect(index.looks).toBeGreaterThan(MOST_LOOKS + MOST_LIGHT_LOOKS);
    expect(index.looks).toBeLessThan(MOST_LOOKS + MOST_LIGHT_LOOKS + LAST_LOOKS);
  });

  it('has its winners by the tie alone where tens of thousands score the same, and is asked again', () => {
    const [index, oracle] = [new BlockIndex(WON_RATES), new PlainScan(WON_RATES)];
    for (let i = 0; i < 25_000; i++) {
      const record = adGroup({ id: `adg_${i}`, advertiserId: `adv_${i % ADVERTISERS}` });
      index.load(record);
      oracle.upsert(record);
    }
    for (const work = index.rebuild(); work.next().done !== true;);
    for (const seed of [1, 2, 3]) {
      const best = (one: CandidateIndex) =>
        one.top(matchRequest({ seed }), money(), 5).map(({ candidate }) => candidate.record.id);
      expect(best(index)).toEqual(best(oracle));
      expect(index.cost).toBeGreaterThan(25_000);
      expect(index.cost).toBeLessThan(MOST_LOOKS / 2);
    }
  });
});
