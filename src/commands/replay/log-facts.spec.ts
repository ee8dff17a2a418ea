import { describe, expect, it } from '@jest/globals';
import { parseProfile } from '../../profiles/profile-input.js';
import { USER_ID_PATTERN } from '../../profiles/profiles.api.js';
import type { AuctionRequest } from './auction-request.js';
import { LogFacts, memberIdOf } from './log-facts.js';

function request(fields: Partial<AuctionRequest> = {}): AuctionRequest {
  return {
    id: 'r-1',
    at: 1_326_240_000_000,
    user: 'u1',
    verticals: [],
    place: {},
    language: null,
    device: {},
    ...fields,
  };
}

function factsOf(...requests: readonly AuctionRequest[]): LogFacts {
  const facts = new LogFacts();
  for (const one of requests) facts.add(one);
  return facts;
}

describe('LogFacts', () => {
  it('joins a member’s requests: the strongest weights, the last place and language that are known', () => {
    const facts = factsOf(
      request({
        verticals: [[3, 0.4]],
        place: { country: 'US', region: 'US-NY', timeZone: 'America/New_York' },
        language: 'en',
      }),
      request({ verticals: [[3, 0.2], [18, 1]], place: { country: 'CA' } }), // prettier-ignore
      request({ verticals: [] }),
    );
    expect([...facts.profiles()]).toEqual([
      {
        userId: 'replay:u1',
        interests: { 'vertical.3': 0.4, 'vertical.18': 1 },
        country: 'CA',
        language: 'en',
        consent: { personalized: true, nightTime: true },
      },
    ]);
  });

  it('makes profiles that the profile routes accept, also for a label that many people share', () => {
    const verticals = Array.from({ length: 700 }, (_, i): [number, number] => [i, (i + 1) / 700]);
    const [profile] = factsOf(request({ verticals })).profiles();
    const { userId, ...fields } = profile ?? { userId: '' };
    expect(userId).toMatch(USER_ID_PATTERN);
    expect(parseProfile(fields, { year: 2026, month: 1, day: 1 })).toMatchObject({ ok: true });
    const kept = Object.keys(profile?.interests ?? {});
    expect(kept).toHaveLength(500);
    expect(kept).not.toContain('vertical.199');
  });

  it('knows no member where the exchange knew none', () => {
    const facts = factsOf(request({ user: null }), request({ user: null, id: 'r-2' }));
    expect([facts.requests, facts.members]).toEqual([2, 0]);
  });

  it('orders verticals, regions and systems by frequency, whatever the log’s order', () => {
    const requests = [
      request({ verticals: [[5, 1]], place: { country: 'US', region: 'US-CA' }, device: { os: 'macos' } }),
      request({ verticals: [[9, 1], [7, 0.1]], place: { country: 'US', region: 'US-NY' } }), // prettier-ignore
      request({ verticals: [[9, 1]], place: { country: 'US', region: 'US-NY' }, device: { os: 'windows' } }),
      request({ device: { os: 'windows' } }),
    ];
    for (const ordered of [requests, requests.toReversed()]) {
      const facts = factsOf(...ordered);
      expect(facts.verticalsByFrequency()).toEqual([9, 5, 7]);
      expect(facts.regionsByFrequency()).toEqual(['US-NY', 'US-CA']);
      expect(facts.systemsByFrequency()).toEqual(['windows', 'macos']);
    }
  });

  it('spans the times of the log, which are not in order', () => {
    const facts = factsOf(
      request({ at: 2_000 }),
      request({ at: 1_000 }),
      request({ at: 3_000 }),
      request({ at: 2_500 }),
    );
    expect([facts.firstAt, facts.lastAt]).toEqual([1_000, 3_000]);
  });
});

describe('memberIdOf', () => {
  it('gives labels that are no ids of members one that is, always the same', () => {
    const odd = memberIdOf({ user: 'a/b c=', id: 'r' });
    expect(odd).toMatch(USER_ID_PATTERN);
    expect(memberIdOf({ user: 'a/b c=', id: 'other' })).toBe(odd);
    expect(memberIdOf({ user: 'a/b d=', id: 'r' })).not.toBe(odd);
  });

  it('takes each request of nobody known for somebody else', () => {
    expect(memberIdOf({ user: null, id: 'r-1' })).not.toBe(memberIdOf({ user: null, id: 'r-2' }));
  });
});
