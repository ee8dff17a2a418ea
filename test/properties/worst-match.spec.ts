import { describe, expect, it } from '@jest/globals';
import { BlockIndex } from '../../src/core/index/block-index.js';
import {
  MOST_ADVERTISER_LOOKS,
  MOST_LIGHT_LOOKS,
  MOST_LOOKS,
  UNNOTED_LOOKS,
} from '../../src/core/index/block/work-bound.js';
import type { Targeting } from '../../src/core/targeting/expression.js';
import { parseTargeting } from '../../src/core/targeting/parse-targeting.js';
import { MAX_TARGETING_NODES, MAX_TARGETING_VALUES } from '../../src/core/targeting/targeting-limits.js';
import { adGroup, matchRequest, money, UNKNOWN_SUBJECT, WON_RATES } from './arbitraries/candidates.js';

const HOSTILE = 500;
const ADVERTISERS = 25;
/** The expression under evaluation when the bound is met goes on to its end. */
const LAST_LOOKS = 4 * MAX_TARGETING_NODES + MAX_TARGETING_VALUES;

const range = (length: number): number[] => Array.from({ length }, (_, i) => i);
const segments = range(500).map((i) => `segment.${i}`);
const NOBODY = { attribute: 'nobody', exists: true };

const MEMBER = {
  ...UNKNOWN_SUBJECT,
  country: 'KR',
  osVersion: '9.1.1',
  interests: new Map(segments.map((id) => [id, 0.5])),
};

/** As complex as is taken, all different, and never true for the member; or true, with much to tell the relevance by. */
const SHAPES: readonly (readonly [string, (i: number) => unknown])[] = [
  ['trees of versions', (i) => ({ any: range(990).map((j) => ({ osVersion: { min: `${i + 100}.${j}` } })) })],
  ['programs of versions', (i) => ({ any: range(250).map((j) => ({ osVersion: { min: `${i + 100}.${j}` } })) })],
  [
    'lists of segments',
    (i) => ({ all: [{ any: range(4).map((j) => ({ segments, minWeight: 0.6 + i / 1e4 + j / 10 })) }, NOBODY] }),
  ],
  [
    'values of an attribute',
    (i) => ({ any: range(4).map((j) => ({ attribute: `a${j}`, in: range(500).map((k) => i + k / 1e3) })) }),
  ],
  ['long lists that match', () => ({ any: range(4).map(() => ({ segments })) })],
];

/** True of everybody here, but only its code tells. */
const SHORT = { not: { attribute: 'short', exists: true } };

function targetingOf(wire: unknown): Targeting {
  const parsed = parseTargeting(wire);
  if (!parsed.ok) throw new Error(JSON.stringify(parsed.errors));
  return parsed.targeting;
}

/** Hostile ad groups of so many advertisers bid most, one plain ad group of another bids least. */
function indexOf(shape: (i: number) => unknown, advertisers: number): BlockIndex {
  const index = new BlockIndex(WON_RATES);
  for (let i = 0; i < HOSTILE; i++) {
    const bid = { model: 'cpm', amountMicros: 9_000_000_000_000 - i } as const;
    const advertiserId = `adv_hostile_${i % advertisers}`;
    index.load(adGroup({ id: `adg_${i}`, advertiserId, bid, targeting: targetingOf(shape(i)) }));
  }
  index.load(adGroup({ id: 'adg_plain', advertiserId: 'adv_plain', targeting: targetingOf({ country: ['KR'] }) }));
  index.load(adGroup({ id: 'adg_short', advertiserId: 'adv_short', targeting: targetingOf(SHORT) }));
  index.load(adGroup({ id: 'adg_tree', advertiserId: 'adv_tree', targeting: targetingOf({ not: NOBODY }) }));
  for (const work = index.rebuild(); work.next().done !== true;);
  return index;
}

const idsOf = (index: BlockIndex): string[] =>
  index.top(matchRequest({ subject: MEMBER }), money(), 2 * HOSTILE).map(({ candidate }) => candidate.record.id);

describe('the most complex targeting, hundreds of times', () => {
  it.each(SHAPES)(
    'of one advertiser costs a match its share at most, and nobody else the match (%s)',
    (_what, shape) => {
      const index = indexOf(shape, 1);
      expect(idsOf(index)).toEqual(expect.arrayContaining(['adg_plain', 'adg_tree']));
      expect(index.looks).toBeGreaterThan(20_000);
      expect(index.looks).toBeLessThan(UNNOTED_LOOKS + MOST_ADVERTISER_LOOKS + LAST_LOOKS);
      expect(index.isCostly).toBe(false);
    },
  );

  it.each(SHAPES)(
    'of many advertisers costs no more than a match may cost, and what rows decide is found (%s)',
    (_what, shape) => {
      const index = indexOf(shape, ADVERTISERS);
      expect(idsOf(index)).toEqual(expect.arrayContaining(['adg_plain', 'adg_short']));
      expect(index.looks).toBeLessThan(MOST_LOOKS + MOST_LIGHT_LOOKS + LAST_LOOKS);
      // No match asks this twice.
      expect(index.isCostly).toBe(true);
    },
  );

  it('changes nothing about the call for all eligible, nor about the next match', () => {
    const index = indexOf(SHAPES[4]![1], ADVERTISERS);
    const first = idsOf(index);
    expect(index.eligible(matchRequest({ subject: MEMBER }), money()).size).toBe(HOSTILE + 3);
    expect(idsOf(index)).toEqual(first);
  });
});
