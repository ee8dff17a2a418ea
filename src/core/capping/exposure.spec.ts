import { describe, expect, it } from '@jest/globals';
import type { BoundCaps, CapKeys } from './cap-scope.js';
import { type CountedImpression, type Exposure, isCapped, type OpenHold, roomOf } from './exposure.js';
import type { FrequencyCap } from './frequency-cap.js';

const NOW = Date.parse('2026-11-22T03:00:00Z');
const MIDNIGHT = Date.parse('2026-11-21T15:00:00Z');
const HOUR = 3_600_000;
const ZONE = 'Asia/Seoul';
const twiceADay: FrequencyCap = { limit: 2, window: { length: 1, unit: 'day', kind: 'calendar' } };
const onceAnHour: FrequencyCap = { limit: 1, window: { length: 1, unit: 'hour', kind: 'rolling' } };
const onceEver: FrequencyCap = { limit: 1, window: 'lifetime' };

function keys(adGroup: string, campaign: string): CapKeys {
  return { creative: 'crv_1', adGroup, campaign, advertiser: 'adv_1', placement: 'list' };
}

function impression(at: number, adGroupId = 'ag_1', campaignId = 'cmp_1', messageId = `msg_${at}`): CountedImpression {
  return { messageId, of: keys(adGroupId, campaignId), at };
}

function hold(expiresAt: number, adGroupId = 'ag_1', campaignId = 'cmp_1', messageId = `held_${expiresAt}`): OpenHold {
  return { messageId, of: keys(adGroupId, campaignId), expiresAt };
}

function capsOf(adGroupCaps: FrequencyCap[], campaignCaps: FrequencyCap[] = []): BoundCaps[] {
  return [
    { scope: 'adGroup', key: 'ag_1', caps: adGroupCaps, zone: ZONE },
    { scope: 'campaign', key: 'cmp_1', caps: campaignCaps, zone: ZONE },
  ];
}

const check = (exposure: Partial<Exposure>, bound: BoundCaps[], settledUntilMs = NOW) =>
  isCapped({ impressions: [], holds: [], ...exposure }, bound, NOW, settledUntilMs);

describe('isCapped', () => {
  it('is null without caps, and for a member who has seen nothing', () => {
    expect(check({ impressions: [impression(NOW)], holds: [hold(NOW + 1)] }, capsOf([]))).toBeNull();
    expect(check({}, capsOf([twiceADay], [onceEver]))).toBeNull();
  });

  it('is the cap that is full, with what fills it', () => {
    const exposure = { impressions: [impression(NOW - HOUR)], holds: [hold(NOW + 1)] };
    expect(check(exposure, capsOf([twiceADay]))).toEqual({ ...twiceADay, scope: 'adGroup', counted: 1, held: 1 });
  });

  it('is the first full cap: those of the ad group before those of the campaign, each in the order given', () => {
    const exposure = { impressions: [impression(NOW - HOUR)] };
    expect(check(exposure, capsOf([twiceADay, onceEver], [onceEver]))).toMatchObject({ scope: 'adGroup', limit: 1 });
    expect(check(exposure, capsOf([twiceADay], [twiceADay, onceEver]))).toMatchObject({
      ...onceEver,
      scope: 'campaign',
    });
  });

  it('counts for the campaign what any of its ad groups showed, for the ad group only its own', () => {
    const exposure = {
      impressions: [impression(NOW, 'ag_2')],
      holds: [hold(NOW + 1, 'ag_3'), hold(NOW + 1, 'ag_9', 'cmp_2')],
    };
    expect(check(exposure, capsOf([onceEver]))).toBeNull();
    expect(check(exposure, capsOf([], [twiceADay]))).toMatchObject({ counted: 1, held: 1 });
  });

  it('counts from the first instant of the window on', () => {
    expect(check({ impressions: [impression(NOW - HOUR)] }, capsOf([onceAnHour]))).toBeNull();
    expect(check({ impressions: [impression(NOW - HOUR + 1)] }, capsOf([onceAnHour]))).not.toBeNull();
    const today = { impressions: [impression(MIDNIGHT), impression(MIDNIGHT - 1)] };
    expect(check(today, capsOf([twiceADay]))).toBeNull();
    expect(
      check({ impressions: [...today.impressions, impression(MIDNIGHT + 1)] }, capsOf([twiceADay])),
    ).not.toBeNull();
  });

  it('counts an impression that lies ahead of the clock', () => {
    expect(check({ impressions: [impression(NOW + HOUR)] }, capsOf([onceAnHour]))).not.toBeNull();
  });

  it('keeps a hold until everything accepted before its expiry is settled', () => {
    const exposure = { holds: [hold(NOW - 1_000)] };
    expect(check(exposure, capsOf([onceEver]), NOW - 1_001)).toMatchObject({ counted: 0, held: 1 });
    expect(check(exposure, capsOf([onceEver]), NOW - 1_000)).toBeNull();
  });

  it('counts a hold in a window that its decision does not lie in', () => {
    const beforeMidnight = { holds: [hold(MIDNIGHT + 600_000)] };
    const justAfter = isCapped({ impressions: [], ...beforeMidnight }, capsOf([onceEver]), MIDNIGHT, MIDNIGHT);
    expect(justAfter).toMatchObject({ held: 1 });
  });

  it('counts a message once when its hold is still listed beside its impression', () => {
    const exposure = {
      impressions: [impression(NOW, 'ag_1', 'cmp_1', 'm')],
      holds: [hold(NOW + 1, 'ag_1', 'cmp_1', 'm')],
    };
    expect(check(exposure, capsOf([twiceADay]))).toBeNull();
    expect(check(exposure, capsOf([], [twiceADay]))).toBeNull();
    expect(check(exposure, capsOf([onceEver]))).toMatchObject({ counted: 1, held: 0 });
  });

  it.each(['creative', 'adGroup', 'campaign', 'advertiser', 'placement'] as const)(
    'counts for a cap of the %s what is of it, and nothing else',
    (scope) => {
      const one = impression(NOW);
      const others = { creative: 'o', adGroup: 'o', campaign: 'o', advertiser: 'o', placement: 'o' };
      const bound: BoundCaps[] = [{ scope, key: one.of[scope], caps: [onceEver], zone: ZONE }];
      expect(check({ impressions: [one] }, bound)).toMatchObject({ scope, counted: 1 });
      expect(check({ impressions: [{ ...one, of: { ...one.of, [scope]: 'o' } }] }, bound)).toBeNull();
      expect(check({ impressions: [{ ...one, of: { ...others, [scope]: one.of[scope] } }] }, bound)).not.toBeNull();
    },
  );

  it('counts what is not listed for a lifetime only', () => {
    const exposure = { unlisted: () => 1 };
    expect(check(exposure, capsOf([onceEver]))).toMatchObject({ counted: 1 });
    expect(check(exposure, capsOf([onceAnHour]))).toBeNull();
  });

  it('takes a cap for full that reaches back further than what is listed', () => {
    expect(check({ completeFrom: NOW - HOUR + 1 }, capsOf([onceAnHour]))).toBeNull();
    expect(check({ completeFrom: NOW - HOUR + 2 }, capsOf([onceAnHour]))).toMatchObject({ counted: Infinity });
  });
});

describe('roomOf', () => {
  const room = (exposure: Partial<Exposure>, caps: FrequencyCap[]) =>
    roomOf({ impressions: [], holds: [], ...exposure }, { scope: 'adGroup', key: 'ag_1', caps, zone: ZONE }, NOW, NOW);

  it('is what the strictest cap leaves, never less than nothing', () => {
    expect(room({}, [])).toBe(Infinity);
    expect(room({ holds: [hold(NOW + 1)] }, [twiceADay])).toBe(1);
    expect(room({}, [twiceADay, onceEver])).toBe(1);
    const seen = [impression(NOW), impression(NOW - 1), impression(NOW - 2)];
    expect(room({ impressions: seen }, [twiceADay, onceAnHour])).toBe(0);
    expect(room({ completeFrom: NOW }, [twiceADay])).toBe(0);
  });
});
