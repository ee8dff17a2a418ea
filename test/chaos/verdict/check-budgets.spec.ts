import { describe, expect, it } from '@jest/globals';
import type { BudgetChange } from '../record.js';
import { checkBudgets } from './check-budgets.js';
import { storeOf } from './fixtures.js';
import type { Stored, StoredCharge } from './stored.js';

describe('the verdict on budgets', () => {
  const charge = (seconds: number, amountMicros: bigint, fields: Partial<StoredCharge> = {}): StoredCharge => ({
    ...{ campaignId: 'cmp', adGroupId: 'adg', day: '2026-01-01', amountMicros },
    ...{ createdAt: seconds * 1_000, enteredAt: seconds * 1_000 + 5 },
    ...fields,
  });
  /** In force at the named second. */
  const change = (seconds: number, formerMicros: number, budgetMicros: number): BudgetChange => ({
    ...{ campaignId: 'cmp', formerMicros, budgetMicros },
    ...{ sentAt: seconds * 1_000 - 100, answeredAt: seconds * 1_000 },
  });
  const campaignsOf = (fields: Partial<Stored['campaigns'][number]>) =>
    storeOf().campaigns.map((campaign) => ({ ...campaign, totalMicros: null, ...fields }));

  function breaches(changes: readonly BudgetChange[], stored: Partial<Stored>): readonly string[] {
    return checkBudgets(changes, storeOf({ campaigns: campaignsOf({ dailyMicros: 100n }), ...stored })).breaches;
  }

  it('finds spend past a total budget, a daily one, and that of an ad group', () => {
    const charges = [charge(1, 50n), charge(2, 51n)];
    expect(breaches([], { charges })).toEqual(['Campaign, on 2026-01-01, spent 101 of 100']);
    expect(breaches([], { charges: charges.slice(1) })).toEqual([]);
    expect(breaches([], { charges, campaigns: campaignsOf({ totalMicros: 100n }) })).toEqual([
      'Campaign spent 101 of 100',
    ]);
    const adGroups = storeOf().adGroups.map((adGroup) => ({ ...adGroup, dailyMicros: 100n }));
    expect(breaches([], { charges, adGroups, campaigns: campaignsOf({}) })).toEqual([
      'ad group adg, on 2026-01-01, spent 101 of 100',
    ]);
  });

  it('holds what was charged on two local days against the daily budgets of each', () => {
    const adGroups = storeOf().adGroups.map((adGroup) => ({ ...adGroup, dailyMicros: 90n }));
    const tomorrow = { day: '2026-01-02' };
    expect(breaches([], { adGroups, charges: [charge(1, 90n), charge(2, 90n, tomorrow)] })).toEqual([]);
    expect(breaches([], { adGroups, charges: [charge(1, 90n), charge(2, 101n, tomorrow)] })).toEqual([
      'Campaign, on 2026-01-02, spent 101 of 100',
      'ad group adg, on 2026-01-02, spent 101 of 90',
    ]);
    const campaigns = campaignsOf({ totalMicros: 170n });
    expect(breaches([], { campaigns, charges: [charge(1, 90n), charge(2, 90n, tomorrow)] })).toEqual([
      'Campaign spent 180 of 170',
    ]);
  });

  it('forgives what was spent before a budget was cut below it, and finds what was spent after', () => {
    const cut = [change(10, 100, 60)];
    expect(breaches(cut, { charges: [charge(1, 100n)] })).toEqual([]);
    expect(breaches(cut, { charges: [charge(1, 100n), charge(13, 1n)] })).toEqual([
      'Campaign, on 2026-01-01, spent 101 of 60',
    ]);
    expect(breaches(cut, { charges: [charge(1, 101n)] })).toEqual(['Campaign, on 2026-01-01, spent 101 of 100']);
    expect(breaches(cut, { charges: [charge(1, 100n), charge(13, 60n, { day: '2026-01-02' })] })).toEqual([]);
  });

  it('finds what was spent between a cut and a later raise', () => {
    const changes = [change(10, 100, 60), change(20, 60, 200)];
    expect(breaches(changes, { charges: [charge(1, 60n), charge(15, 1n)] })).toEqual([
      'Campaign, on 2026-01-01, spent 61 of 60',
    ]);
    expect(breaches(changes, { charges: [charge(1, 60n), charge(23, 140n)] })).toEqual([]);
    expect(breaches(changes, { charges: [charge(1, 60n), charge(23, 141n)] })).toEqual([
      'Campaign, on 2026-01-01, spent 201 of 200',
    ]);
  });

  it('judges a charge by the highest budget that may have been in force while it was made', () => {
    const changes = [change(10, 100, 60), change(20, 60, 200)];
    // Just after the cut, by a settlement that began before; just before the raise, by one that ended after it.
    expect(breaches(changes, { charges: [charge(12, 100n)] })).toEqual([]);
    expect(breaches(changes, { charges: [charge(15, 200n, { enteredAt: 20_000 })] })).toEqual([]);
    expect(breaches(changes, { charges: [charge(15, 201n, { enteredAt: 20_000 })] })).toHaveLength(1);
    // What a frozen settlement has made up its mind about may be entered much later.
    expect(breaches(changes, { charges: [charge(5, 100n, { enteredAt: 16_000 })] })).toEqual([]);
    // The order is that of the entries.
    expect(breaches(changes, { charges: [charge(23, 140n), charge(15, 60n)] })).toEqual([]);
  });

  it('leaves changes of other campaigns alone', () => {
    const other = { ...change(10, 100, 60), campaignId: 'other' };
    expect(breaches([other], { charges: [charge(15, 100n)] })).toEqual([]);
  });
});
