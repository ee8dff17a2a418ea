import { describe, expect, it } from '@jest/globals';
import type { BlockIndex } from '../../src/core/index/block-index.js';
import {
  MOST_ADVERTISER_LOOKS,
  MOST_LIGHT_LOOKS,
  MOST_LOOKS,
  UNNOTED_LOOKS,
} from '../../src/core/index/block/work-bound.js';
import { MAX_TARGETING_NODES, MAX_TARGETING_VALUES } from '../../src/core/targeting/targeting-limits.js';
import { matchRequest, money } from './arbitraries/candidates.js';
import { HOSTILE, HOSTILE_SHAPES, hostileIndex, TARGETED_MEMBER } from './arbitraries/hostile-catalogue.js';

const ADVERTISERS = 25;
/** The expression under evaluation when the bound is met goes on to its end. */
const LAST_LOOKS = 4 * MAX_TARGETING_NODES + MAX_TARGETING_VALUES;
const LISTS_THAT_MATCH = HOSTILE_SHAPES[4]!;

const idsOf = (index: BlockIndex): string[] =>
  index
    .top(matchRequest({ subject: TARGETED_MEMBER }), money(), 2 * HOSTILE)
    .map(({ candidate }) => candidate.record.id);

describe('the most complex targeting, hundreds of times', () => {
  it.each(HOSTILE_SHAPES)(
    'of one advertiser costs a match its share at most, and nobody else the match ($name)',
    ({ targeting }) => {
      const index = hostileIndex(targeting, 1);
      expect(idsOf(index)).toEqual(expect.arrayContaining(['adg_plain', 'adg_tree']));
      expect(index.looks).toBeGreaterThan(20_000);
      expect(index.looks).toBeLessThan(UNNOTED_LOOKS + MOST_ADVERTISER_LOOKS + LAST_LOOKS);
      expect(index.isCostly).toBe(false);
    },
  );

  it.each(HOSTILE_SHAPES)(
    'of many advertisers costs no more than a match may cost, and what rows decide is found ($name)',
    ({ targeting }) => {
      const index = hostileIndex(targeting, ADVERTISERS);
      expect(idsOf(index)).toEqual(expect.arrayContaining(['adg_plain', 'adg_short']));
      expect(index.looks).toBeLessThan(MOST_LOOKS + MOST_LIGHT_LOOKS + LAST_LOOKS);
      // No match asks this twice.
      expect(index.isCostly).toBe(true);
    },
  );

  it('changes nothing about the call for all eligible, nor about the next match', () => {
    const index = hostileIndex(LISTS_THAT_MATCH.targeting, ADVERTISERS);
    const first = idsOf(index);
    expect(index.eligible(matchRequest({ subject: TARGETED_MEMBER }), money()).size).toBe(HOSTILE + 3);
    expect(idsOf(index)).toEqual(first);
  });
});
