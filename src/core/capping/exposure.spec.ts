import { describe, expect, it } from '@jest/globals';
import { type CapScope, type CountedImpression, type Exposure, isCapped, type OpenHold } from './exposure.js';
import type { FrequencyCap } from './frequency-cap.js';

const NOW = Date.parse('2026-11-22T03:00:00Z');
const MIDNIGHT = Date.parse('2026-11-21T15:00:00Z');
const HOUR = 3_600_000;
const ZONE = 'Asia/Seoul';
const twiceADay: FrequencyCap = { limit: 2, window: { length: 1, unit: 'day', kind: 'calendar' } };
const onceAnHour: FrequencyCap = { limit: 1, window: { length: 1, unit: 'hour', kind: 'rolling' } };
const onceEver: FrequencyCap = { limit: 1, window: 'lifetime' };

function impression(at: number, adGroupId = 'ag_1', campaignId = 'cmp_1', messageId = `msg_${at}`): CountedImpression {
  return { messageId, adGroupId, campaignId, at };
}

function hold(expiresAt: number, adGroupId = 'ag_1', campaignId = 'cmp_1', messageId = `held_${expiresAt}`): OpenHold {
  return { messageId, adGroupId, campaignId, expiresAt };
}

function capsOf(adGroupCaps: FrequencyCap[], campaignCaps: FrequencyCap[] = []): CapScope {
  return { adGroupId: 'ag_1', campaignId: 'cmp_1', adGroupCaps, campaignCaps };
}

const check = (exposure: Partial<Exposure>, scope: CapScope, settledUntilMs = NOW) =>
  isCapped({ impressions: [], holds: [], ...exposure }, scope, NOW, ZONE, settledUntilMs);

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
    const justAfter = isCapped({ impressions: [], ...beforeMidnight }, capsOf([onceEver]), MIDNIGHT, ZONE, MIDNIGHT);
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
});
