import { describe, expect, it } from '@jest/globals';
import { checkCaps, mostInAWindow } from './check-caps.js';
import { eventOf, placedOf, storedOf, storeOf } from './fixtures.js';
import type { StoredCap } from './stored.js';

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

  it('finds a member who saw too much of a campaign or of an ad group, each by its own cap', () => {
    const events = [1, 2, 3].map((i) => storedOf(eventOf(['accepted'], { placed: placedOf({ messageId: `m${i}` }) })));
    const [campaign] = storeOf().campaigns;
    const [adGroup] = storeOf().adGroups;
    if (campaign === undefined || adGroup === undefined) throw new Error('There are both');
    expect(checkCaps(storeOf({ events, campaigns: [{ ...campaign, caps: [MINUTE] }] })).breaches).toHaveLength(1);
    expect(checkCaps(storeOf({ events, adGroups: [{ ...adGroup, caps: [MINUTE] }] })).breaches).toHaveLength(1);
    const apart = events.map((event, i) => ({ ...event, memberId: `member-${i}` }));
    const check = checkCaps(storeOf({ events: apart, campaigns: [{ ...campaign, caps: [MINUTE] }] }));
    expect(check).toMatchObject({ looked: 3, breaches: [] });
  });
});
