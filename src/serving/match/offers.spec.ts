import { describe, expect, it } from '@jest/globals';
import type { Scored } from '../../core/index/candidate.js';
import type { MatchRequest } from '../../core/index/match-request.js';
import { offersTo } from './offers.js';

const ONE = { wanted: 1, allowsRepeats: false };

/** What an index with so many eligible ad groups is asked for, call by call. */
function asked(
  eligible: number,
  rules = ONE,
  costlyFrom = Infinity,
): [limit: number, ofAdvertiser: number, isLast: boolean][] {
  const calls: [number, number][] = [];
  const index = {
    top: (_: MatchRequest, limit: number, ofAdvertiser: number) => {
      calls.push([limit, ofAdvertiser]);
      return Array<Scored>(Math.min(limit, eligible));
    },
    get isCostly() {
      return calls.length >= costlyFrom;
    },
  };
  const offers = [...offersTo({} as MatchRequest, rules, index)];
  expect(offers.map(({ ranked }) => ranked.length)).toEqual(calls.map(([limit]) => Math.min(limit, eligible)));
  return calls.map(([limit, ofAdvertiser], i) => [limit, ofAdvertiser, offers[i]?.isLast ?? false]);
}

describe('what is offered to the caps', () => {
  it('grows until so many were offered that no more are worth the wait', () => {
    expect(asked(100_000)).toEqual([
      [5, 32, false],
      [30, 32, false],
      [180, 32, false],
      [1_080, 32, true],
    ]);
  });

  it.each([
    [0, 1],
    [4, 1],
    [5, 2],
    [29, 2],
    [30, 3],
  ])('ends with all that are eligible: %i', (eligible, offers) => {
    const calls = asked(eligible);
    expect(calls).toHaveLength(offers);
    expect(calls.map(([, , isLast]) => isLast)).toEqual(calls.map((_, i) => i === offers - 1));
  });

  it('ends where asking has become costly', () => {
    expect(asked(100_000, ONE, 1)).toEqual([[5, 32, true]]);
    expect(asked(100_000, ONE, 2)).toEqual([
      [5, 32, false],
      [30, 32, true],
    ]);
  });

  it('holds any number of one advertiser where it may be placed more than once', () => {
    expect(asked(3, { wanted: 3, allowsRepeats: true })).toEqual([[7, Infinity, true]]);
  });
});
