import { describe, expect, it } from '@jest/globals';
import { checkCaps, mostInAWindow } from './check-caps.js';
import { eventOf, placedOf, storedOf, storeOf } from './fixtures.js';
import { CAP_SCOPES, type CapScope, type StoredCap } from './stored.js';

const MINUTE: StoredCap = { limit: 2, window: { length: 1, unit: 'minute', kind: 'rolling' } };
const DAY: StoredCap = { limit: 2, window: { length: 1, unit: 'day', kind: 'calendar' } };

describe('the verdict on caps', () => {
  it('counts rolling windows that leave their first instant out', () => {
    expect(mostInAWindow([0, 30_000, 60_000], MINUTE, 'Asia/Seoul')).toBe(2);
    expect(mostInAWindow([1, 30_000, 60_000], MINUTE, 'Asia/Seoul')).toBe(3);
  });

  it("counts days of the advertiser's zone", () => {
    const midnight = Date.parse('2026-11-21T15:00:00Z');
    expect(mostInAWindow([midnight - 1, midnight, midnight + 1], DAY, 'Asia/Seoul')).toBe(2);
    expect(mostInAWindow([midnight - 1, midnight, midnight + 1], DAY, 'America/New_York')).toBe(3);
  });

  it('counts all for a lifetime, and nothing where nothing was seen', () => {
    expect(mostInAWindow([0, 1e12], { limit: 1, window: 'lifetime' }, 'Asia/Seoul')).toBe(2);
    expect(mostInAWindow([], MINUTE, 'Asia/Seoul')).toBe(0);
  });

  const events = [1, 2, 3].map((i) => storedOf(eventOf(['accepted'], { placed: placedOf({ messageId: `m${i}` }) })));
  const ids = { creative: 'crv', 'ad group': 'adg', campaign: 'cmp', advertiser: 'adv', placement: 'chat_list' };
  const cappedAt = (scope: CapScope, id: string) => [{ scope, id, timeZone: 'Asia/Seoul', caps: [MINUTE] }];

  it.each(CAP_SCOPES)('finds a member who saw too much of one %s, and nothing where it is another one', (scope) => {
    const found = checkCaps(storeOf({ events, capped: cappedAt(scope, ids[scope]) }));
    expect(found.flatMap(({ breaches }) => breaches)).toHaveLength(1);
    const right = checkCaps(storeOf({ events: events.slice(1), capped: cappedAt(scope, ids[scope]) }));
    expect(right).toContainEqual(expect.objectContaining({ looked: 1, breaches: [], figure: '1 were full' }));
    const other = checkCaps(storeOf({ events, capped: cappedAt(scope, 'other') }));
    expect(other.map(({ looked, breaches }) => ({ looked, breaches }))).toEqual(
      CAP_SCOPES.map(() => ({ looked: 0, breaches: [] })),
    );
  });

  it('counts each member alone', () => {
    const apart = events.map((event, i) => ({ ...event, memberId: `member-${i}` }));
    const checks = checkCaps(storeOf({ events: apart, capped: cappedAt('campaign', 'cmp') }));
    expect(checks[CAP_SCOPES.indexOf('campaign')]).toMatchObject({ looked: 3, breaches: [] });
  });
});
