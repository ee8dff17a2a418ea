/** Catalogues whose advertisers book what costs a match most: for the test that bounds it, and the benchmark that times it. */
import { BlockIndex } from '../../../src/core/index/block-index.js';
import type { MoneySnapshot } from '../../../src/core/index/match-request.js';
import type { Targeting } from '../../../src/core/targeting/expression.js';
import { parseTargeting } from '../../../src/core/targeting/parse-targeting.js';
import type { Subject } from '../../../src/core/targeting/subject.js';
import { adGroup, UNKNOWN_SUBJECT, WON_RATES } from './candidates.js';

/** Ad groups of the most complex targeting. */
export const HOSTILE = 500;

export interface HostileShape {
  readonly name: string;
  /** Of the i-th ad group, as it is sent. */
  readonly targeting: (i: number) => unknown;
}

const range = (length: number): number[] => Array.from({ length }, (_, i) => i);
const segments = range(500).map((i) => `segment.${i}`);
const NOBODY = { attribute: 'nobody', exists: true };

export const TARGETED_MEMBER: Subject = {
  ...UNKNOWN_SUBJECT,
  country: 'KR',
  osVersion: '9.1.1',
  interests: new Map(segments.map((id) => [id, 0.5])),
};

/** As complex as is taken, all different, and never true for the member; or true, with much to tell the relevance by. */
export const HOSTILE_SHAPES: readonly HostileShape[] = [
  {
    name: 'trees of versions',
    targeting: (i) => ({ any: range(990).map((j) => ({ osVersion: { min: `${i + 100}.${j}` } })) }),
  },
  {
    name: 'programs of versions',
    targeting: (i) => ({ any: range(250).map((j) => ({ osVersion: { min: `${i + 100}.${j}` } })) }),
  },
  {
    name: 'lists of segments',
    targeting: (i) => ({
      all: [{ any: range(4).map((j) => ({ segments, minWeight: 0.6 + i / 1e4 + j / 10 })) }, NOBODY],
    }),
  },
  {
    name: 'values of an attribute',
    targeting: (i) => ({ any: range(4).map((j) => ({ attribute: `a${j}`, in: range(500).map((k) => i + k / 1e3) })) }),
  },
  { name: 'long lists that match', targeting: () => ({ any: range(4).map(() => ({ segments })) }) },
];

/** True of everybody here, but only its code tells. */
const SHORT = { not: { attribute: 'short', exists: true } };

/** Hostile ad groups of so many advertisers bid most, plain ones of others bid least. */
export function hostileIndex(targeting: HostileShape['targeting'], advertisers: number): BlockIndex {
  const index = new BlockIndex(WON_RATES);
  for (let i = 0; i < HOSTILE; i++) {
    const bid = { model: 'cpm', amountMicros: 9_000_000_000_000 - i } as const;
    const advertiserId = `adv_hostile_${i % advertisers}`;
    index.load(adGroup({ id: `adg_${i}`, advertiserId, bid, targeting: parsed(targeting(i)) }));
  }
  index.load(adGroup({ id: 'adg_plain', advertiserId: 'adv_plain', targeting: parsed({ country: ['KR'] }) }));
  index.load(adGroup({ id: 'adg_short', advertiserId: 'adv_short', targeting: parsed(SHORT) }));
  index.load(adGroup({ id: 'adg_tree', advertiserId: 'adv_tree', targeting: parsed({ not: NOBODY }) }));
  for (const work = index.rebuild(); work.next().done !== true;);
  return index;
}

/**
 * The i-th of so many ad groups bids the less the later it comes, and scores the more, since pacing ranks it by less the more it
 * bids: no bound ends a scan.
 */
export const risingScores = {
  bid: (i: number, size: number) =>
    ({ model: 'cpm', amountMicros: Math.floor(5e12 / (0.5 + (0.45 * i) / size)) }) as const,
  money: (size: number): MoneySnapshot => ({
    shortage: () => null,
    pacing: ({ id }) => ({ passShare: 1, rankFactor: 0.5 + Number(id.slice('adg_'.length)) / size / 2 }),
  }),
};

function parsed(wire: unknown): Targeting {
  const result = parseTargeting(wire);
  if (!result.ok) throw new Error(JSON.stringify(result.errors));
  return result.targeting;
}
