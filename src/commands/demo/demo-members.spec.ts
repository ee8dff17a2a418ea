import { describe, expect, it } from '@jest/globals';
import { parseProfile } from '../../profiles/profile-input.js';
import { DEMO_SEGMENTS } from './content/segments.js';
import { DEMO_MEMBER } from './demo-member.js';
import { DEMO_MEMBER_PROFILE, demoMembers } from './demo-members.js';

const COUNT = 2_000;
const members = [...demoMembers(1, COUNT)];
const segmentIds = new Set(DEMO_SEGMENTS.map(({ id }) => id));

describe('the members of the demo', () => {
  it('are all that the profile routes accept, over segments of the catalogue', () => {
    for (const { userId, ...profile } of [DEMO_MEMBER_PROFILE, ...members]) {
      const parsed = parseProfile(profile, { year: 2026, month: 1, day: 1 });
      expect({ userId, parsed }).toMatchObject({ parsed: { ok: true } });
      if (parsed.ok) expect(parsed.segments.filter((id) => !segmentIds.has(id))).toEqual([]);
    }
  });

  it('have different ids, the first one’s not among them', () => {
    const ids = new Set(members.map(({ userId }) => userId));
    expect(ids.size).toBe(COUNT - 1);
    expect(ids.has(DEMO_MEMBER)).toBe(false);
  });

  it('are the same for the same seed, however many there are', () => {
    expect([...demoMembers(1, 100)]).toEqual(members.slice(0, 99));
    expect([...demoMembers(2, 100)]).not.toEqual(members.slice(0, 99));
  });

  it('like few things much and many things little', () => {
    const counts = new Map<string, number>();
    for (const { interests } of members) {
      for (const id of Object.keys(interests)) if (id.includes('.')) counts.set(id, (counts.get(id) ?? 0) + 1);
    }
    const sorted = [...counts.values()].sort((a, b) => b - a);
    expect(sorted[0] ?? 0).toBeGreaterThan(5 * (sorted[Math.floor(sorted.length / 2)] ?? 0));
    expect(sorted.length).toBeGreaterThan(40);
  });

  it('live in Korea mostly, and let most messages be chosen for them', () => {
    const share = (count: number): number => count / members.length;
    expect(share(members.filter(({ region }) => region?.startsWith('KR-')).length)).toBeGreaterThan(0.9);
    expect(share(members.filter(({ language }) => language === 'ko').length)).toBeLessThan(0.97);
    const personalized = share(members.filter(({ consent }) => consent.personalized).length);
    expect(personalized).toBeGreaterThan(0.8);
    expect(personalized).toBeLessThan(0.9);
  });

  it('name no sensitive segment', () => {
    const sensitive = DEMO_SEGMENTS.filter((segment) => segment.sensitive === true).map(({ id }) => id);
    for (const { interests } of [DEMO_MEMBER_PROFILE, ...members]) {
      expect(sensitive.some((id) => id in interests)).toBe(false);
    }
  });
});
