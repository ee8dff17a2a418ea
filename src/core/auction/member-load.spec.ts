import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { arbitraryLoadRules, arbitraryMessages, UNLIMITED } from '../../../test/properties/arbitraries/auction.js';
import { limitsLoad, loadRoom, type LoadRules, type MemberMessages } from './member-load.js';

const NOW = Date.parse('2026-11-22T03:00:00Z');
const DAY = 86_400_000;

const seen = (fields: Partial<MemberMessages>): MemberMessages => ({
  impressions: [],
  holds: [],
  settledUntil: NOW,
  ...fields,
});
const shown = (...times: readonly number[]) => times.map((at) => ({ advertiserId: 'adv_1', at }));
const held = (decidedAt: number, expiresAt: number) => ({ advertiserId: 'adv_1', decidedAt, expiresAt });
const roomOf = (messages: Partial<MemberMessages>, rules: Partial<LoadRules>) => {
  const room = loadRoom(seen(messages), { ...UNLIMITED, ...rules }, NOW);
  return [room.member, room.ofAdvertiser('adv_1'), room.ofAdvertiser('adv_2')];
};

describe('the room that load rules leave', () => {
  it('is endless without rules, whatever the member has seen', () => {
    fc.assert(
      fc.property(arbitraryMessages, (messages) => {
        const room = loadRoom(messages, UNLIMITED, NOW);
        expect([room.member, room.ofAdvertiser('adv_0')]).toEqual([Infinity, Infinity]);
      }),
    );
    expect(limitsLoad(UNLIMITED)).toBe(false);
  });

  it('shrinks by each impression of the last 24 hours, to the millisecond', () => {
    const rules = { maxPerMemberPerDay: 4, maxPerAdvertiserPerDay: 3 };
    expect(roomOf({}, rules)).toEqual([4, 3, 3]);
    expect(roomOf({ impressions: shown(NOW, NOW - DAY + 1) }, rules)).toEqual([2, 1, 3]);
    expect(roomOf({ impressions: shown(NOW - DAY, NOW - 2 * DAY) }, rules)).toEqual([4, 3, 3]);
    expect(roomOf({ impressions: shown(...new Array<number>(9).fill(NOW - 1)) }, rules)).toEqual([0, 0, 3]);
  });

  it('shrinks by each hold until all is settled that was accepted before its expiry, however old it is', () => {
    const rules = { maxPerMemberPerDay: 4, maxPerAdvertiserPerDay: 3 };
    expect(roomOf({ holds: [held(NOW - 2 * DAY, NOW + 1)] }, rules)).toEqual([3, 2, 3]);
    expect(roomOf({ holds: [held(NOW - 10, NOW)] }, rules)).toEqual([4, 3, 3]);
    expect(roomOf({ holds: [held(NOW - 10, NOW)], settledUntil: NOW - 1 }, rules)).toEqual([3, 2, 3]);
  });

  it('is nothing until the gap since the last impression, or since the decision of an open hold, is over', () => {
    const rules = { minGapSeconds: 60, minAdvertiserGapSeconds: 120 };
    expect(roomOf({}, rules)).toEqual([Infinity, Infinity, Infinity]);
    expect(roomOf({ impressions: shown(NOW - 59_999) }, rules)).toEqual([0, 0, Infinity]);
    expect(roomOf({ impressions: shown(NOW - 60_000) }, rules)).toEqual([Infinity, 0, Infinity]);
    expect(roomOf({ impressions: shown(NOW - 120_000) }, rules)).toEqual([Infinity, Infinity, Infinity]);
    expect(roomOf({ holds: [held(NOW - 59_999, NOW + 1)] }, rules)).toEqual([0, 0, Infinity]);
    expect(roomOf({ holds: [held(NOW - 60_000, NOW + 1)] }, rules)).toEqual([Infinity, 0, Infinity]);
    expect(roomOf({ holds: [held(NOW - 1, NOW)] }, rules)).toEqual([Infinity, Infinity, Infinity]);
  });

  it('looks back over a gap that is longer than a day', () => {
    const rules = { minGapSeconds: 3 * 86_400, maxPerMemberPerDay: 1 };
    expect(roomOf({ impressions: shown(NOW - 3 * DAY + 1) }, rules)[0]).toBe(0);
    expect(roomOf({ impressions: shown(NOW - 3 * DAY) }, rules)[0]).toBe(1);
  });

  it('is whole or endless, never below 0, and never grows by what is seen more', () => {
    fc.assert(
      fc.property(arbitraryMessages, arbitraryMessages, arbitraryLoadRules, (messages, more, rules) => {
        const both = {
          impressions: [...messages.impressions, ...more.impressions],
          holds: [...messages.holds, ...more.holds],
          settledUntil: messages.settledUntil,
        };
        const [less, room] = [loadRoom(both, rules, NOW), loadRoom(messages, rules, NOW)];
        for (const [a, b] of [
          [less.member, room.member],
          [less.ofAdvertiser('adv_0'), room.ofAdvertiser('adv_0')],
        ] as const) {
          expect(a).toBeLessThanOrEqual(b);
          for (const n of [a, b]) expect(n === Infinity || (Number.isInteger(n) && n >= 0)).toBe(true);
        }
      }),
    );
  });

  it.each(Object.keys(UNLIMITED))('is judged by what the member has seen once %s is set', (rule) => {
    expect(limitsLoad({ ...UNLIMITED, [rule]: 1 })).toBe(true);
  });
});
