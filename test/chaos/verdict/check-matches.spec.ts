import { describe, expect, it } from '@jest/globals';
import { ClientRecord, type MatchTry } from '../record.js';
import { checkMatches } from './check-matches.js';
import { placedOf } from './fixtures.js';

const messageOf = (token: string) => ({ token, placed: placedOf({ decidedAt: 100_000, expiresAt: 108_000 }) });

function tryOf(fields: Partial<MatchTry>): MatchTry {
  return {
    memberId: 'member-1',
    requestId: 'r1',
    api: 'api-1',
    startedAt: 100_000,
    endedAt: 100_010,
    status: 200,
    noFill: null,
    messages: [],
    ...fields,
  };
}

describe('the verdict on matches', () => {
  function breaches(
    matches: readonly MatchTry[],
    disturbed: readonly { from: number; to: number }[] = [],
    losses: number[] = [],
  ) {
    const record = new ClientRecord();
    record.matches.push(...matches);
    record.losses.push(...losses);
    return checkMatches(record, new Map([['api-1', disturbed]])).flatMap((check) => check.breaches);
  }

  it('finds errors, and answers that are late or missing although the process runs', () => {
    expect(breaches([tryOf({})])).toEqual([]);
    expect(breaches([tryOf({ status: 500 })])).toHaveLength(1);
    for (const late of [tryOf({ status: null }), tryOf({ endedAt: 110_001 })]) {
      expect(breaches([late])).toHaveLength(1);
      expect(breaches([late], [{ from: 100_005, to: 100_008 }])).toEqual([]);
      expect(breaches([late], [{ from: 99_000, to: 99_500 }])).toEqual([]);
      expect(breaches([late], [{ from: 90_000, to: 91_000 }])).toHaveLength(1);
    }
  });

  it('finds a repeated request that gets other messages while its holds live', () => {
    const first = tryOf({ messages: [messageOf('a'), messageOf('b')] });
    const later = (messages: readonly string[], fields: Partial<MatchTry> = {}) =>
      tryOf({ startedAt: 101_000, endedAt: 101_010, messages: messages.map(messageOf), ...fields });
    expect(breaches([first, later(['a', 'b'])])).toEqual([]);
    expect(breaches([first, later(['a'])])).toHaveLength(1);
    expect(breaches([first, later(['a', 'b', 'c'])])).toHaveLength(1);
    expect(breaches([first, later([], { noFill: 'no_candidates' })])).toHaveLength(1);
    expect(breaches([first, later([], { noFill: 'unavailable' })])).toEqual([]);
    expect(breaches([first, later(['c'], { endedAt: 108_000, startedAt: 107_999 })])).toEqual([]);
    expect(breaches([first, later(['c'])], [], [100_500])).toEqual([]);
  });
});
