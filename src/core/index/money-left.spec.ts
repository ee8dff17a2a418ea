import { describe, expect, it } from '@jest/globals';
import { adGroup, spend, SUNDAY_NOON } from '../../../test/properties/arbitraries/candidates.js';
import { LEAST_PACING } from '../pacing/pacing-factor.js';
import { budgetDay, paceOf } from './money-left.js';

describe('budgetDay', () => {
  it('is the day on the advertiser’s calendar', () => {
    const now = Date.parse('2026-11-22T15:00:00Z');
    expect(budgetDay(adGroup(), now)).toBe('2026-11-23');
    expect(budgetDay(adGroup({ timeZone: 'America/New_York' }), now)).toBe('2026-11-22');
  });
});

describe('paceOf', () => {
  const budgets = { campaignTotalMicros: null, campaignDailyMicros: 1_000_000_000, adGroupDailyMicros: null };
  const half = { campaignToday: 500_000_000 };

  it('is the least at the plan and 1 where nothing is spent or nothing is paced', () => {
    const even = adGroup({ budgets, pacing: 'even' });
    expect(paceOf(even, SUNDAY_NOON, spend(half))).toBe(LEAST_PACING);
    expect(paceOf(even, SUNDAY_NOON, spend())).toBe(1);
    expect(paceOf(adGroup({ budgets }), SUNDAY_NOON, spend(half))).toBe(1);
    expect(paceOf(adGroup({ pacing: 'even' }), SUNDAY_NOON, spend(half))).toBe(1);
  });

  it('stays the same within a step of ten seconds', () => {
    const even = adGroup({ budgets, pacing: 'even' });
    const spent = spend({ campaignToday: 490_000_000 });
    const at = (ms: number): number => paceOf(even, SUNDAY_NOON + ms, spent);
    expect(at(9_999)).toBe(at(0));
    expect(at(10_000)).toBeGreaterThan(at(0));
  });
});
