import { describe, expect, it } from '@jest/globals';
import { InvariantViolation } from '../invariant-violation.js';
import { adGroupDay, allocateCharges, type Charge, coversAll, type RemainingMoney } from './allocate-charges.js';

const TODAY = '2026-11-22';
const rich: RemainingMoney = { balance: 1_000n, total: null, daily: null, adGroupDaily: null };
const charge = (id: string, priceMicros: number, day = TODAY, adGroupId = 'ag_1'): Charge => ({
  id,
  priceMicros,
  day,
  adGroupId,
});

describe('allocateCharges', () => {
  it('charges everything that the money covers, and sums it up', () => {
    const charges = [charge('a', 300), charge('b', 200, '2026-11-23'), charge('c', 500, TODAY, 'ag_2')];
    expect(allocateCharges(charges, rich)).toEqual({
      charged: ['a', 'b', 'c'],
      refused: [],
      totals: {
        chargedMicros: 1_000n,
        byDay: new Map([
          [TODAY, 800n],
          ['2026-11-23', 200n],
        ]),
        byAdGroupDay: new Map([
          ['ag_1|2026-11-22', 300n],
          ['ag_1|2026-11-23', 200n],
          ['ag_2|2026-11-22', 500n],
        ]),
      },
    });
  });

  it('refuses a charge as a whole and still takes smaller ones after it', () => {
    const { charged, refused } = allocateCharges([charge('a', 600), charge('b', 401), charge('c', 400)], rich);
    expect(charged).toEqual(['a', 'c']);
    expect(refused).toEqual([{ id: 'b', reason: 'balance' }]);
  });

  it.each<[Partial<RemainingMoney>, string]>([
    [{ balance: 99n, total: 99n }, 'balance'],
    [{ total: 99n, daily: new Map([[TODAY, 99n]]) }, 'total_budget'],
    [{ daily: new Map([[TODAY, 99n]]), adGroupDaily: new Map([[adGroupDay('ag_1', TODAY), 99n]]) }, 'daily_budget'],
    [{ adGroupDaily: new Map([[adGroupDay('ag_1', TODAY), 99n]]) }, 'ad_group_daily_budget'],
  ])('names the first limit that a charge of 100 passes, for %p: %s', (limit, reason) => {
    expect(allocateCharges([charge('a', 100)], { ...rich, ...limit }).refused).toEqual([{ id: 'a', reason }]);
    expect(allocateCharges([charge('a', 99)], { ...rich, ...limit }).charged).toEqual(['a']);
  });

  it('keeps the budgets of different days and ad groups apart', () => {
    const daily = new Map([
      [TODAY, 150n],
      ['2026-11-23', 100n],
    ]);
    const adGroupDaily = new Map([[adGroupDay('ag_1', TODAY), 50n]]);
    const charges = [
      charge('a', 50),
      charge('b', 1),
      charge('c', 100, TODAY, 'ag_2'),
      charge('d', 1, TODAY, 'ag_2'),
      charge('e', 100, '2026-11-23'),
    ];
    const { charged, refused } = allocateCharges(charges, { ...rich, daily, adGroupDaily });
    expect(charged).toEqual(['a', 'c', 'e']);
    expect(refused).toEqual([
      { id: 'b', reason: 'ad_group_daily_budget' },
      { id: 'd', reason: 'daily_budget' },
    ]);
  });

  it('lets a charge of 0 through even where money is already overdrawn', () => {
    const overdrawn = { balance: -1n, total: -1n, daily: new Map(), adGroupDaily: null };
    expect(allocateCharges([charge('a', 0), charge('b', 1)], overdrawn)).toMatchObject({
      charged: ['a'],
      refused: [{ id: 'b', reason: 'balance' }],
    });
  });

  it('throws for a price that is no money, and for a day whose budget nobody looked up', () => {
    for (const price of [-1, 0.5, Number.NaN, 2 ** 53]) {
      expect(() => allocateCharges([charge('a', price)], rich)).toThrow(InvariantViolation);
    }
    expect(() => allocateCharges([charge('a', 1)], { ...rich, daily: new Map() })).toThrow(InvariantViolation);
  });
});

describe('coversAll', () => {
  const sum = (micros: bigint, day = TODAY, adGroupId = 'ag_1') => ({ micros, day, adGroupId });

  it('adds up what counts towards the same limit, to the micro', () => {
    const daily = { ...rich, daily: new Map([[TODAY, 100n]]) };
    expect(coversAll([sum(60n), sum(40n, TODAY, 'ag_2')], daily)).toBe(true);
    expect(coversAll([sum(60n), sum(41n, TODAY, 'ag_2')], daily)).toBe(false);
    const adGroupDaily = { ...rich, adGroupDaily: new Map([[adGroupDay('ag_1', TODAY), 50n]]) };
    expect(coversAll([sum(50n), sum(900n, TODAY, 'ag_2')], adGroupDaily)).toBe(true);
    expect(coversAll([sum(25n), sum(26n)], adGroupDaily)).toBe(false);
  });

  it('takes sums above what a single price can be, and none that is negative', () => {
    expect(coversAll([sum(2n ** 70n)], rich)).toBe(false);
    expect(coversAll([sum(2n ** 70n)], { ...rich, balance: 2n ** 70n })).toBe(true);
    expect(() => coversAll([sum(-1n)], rich)).toThrow(InvariantViolation);
  });
});
