import { describe, expect, it } from '@jest/globals';
import { ClientRecord } from '../record.js';
import { checkMoney } from './check-money.js';
import { checkReports } from './check-reports.js';
import { eventOf, placedOf, storedOf, storeOf } from './fixtures.js';
import type { Stored } from './stored.js';

/** When settlement booked them; of the advertiser's day on which they were seen. */
const booked = { day: '1970-01-01', createdAt: 3_000, enteredAt: 3_005 };
const noneBound = { lostMicros: new Map<string, bigint>(), livingHolders: new Set([1]), promisedSince: Infinity };

describe('the verdict on money and reports', () => {
  const seen = eventOf(['accepted']);
  const clicked = eventOf(['accepted'], { placed: placedOf({ messageId: 'm2', chargedFor: 'click' }), type: 'click' });
  const right = {
    events: [storedOf(seen), storedOf(clicked, { outcome: 'waiting' })],
    reportRows: [{ creativeId: 'crv', impressions: 1, clicks: 0, spendMicros: 20n }],
    charges: [{ campaignId: 'cmp', adGroupId: 'adg', amountMicros: 20n, ...booked }],
    dailySpendMicros: new Map([['cmp adg 1970-01-01', 20n]]),
    accounts: [{ advertiserId: 'adv', balanceMicros: 4_980n, creditMicros: 5_000n, ledgerMicros: 4_980n }],
  };

  function breaches(
    stored: Partial<Stored>,
    change: (record: ClientRecord) => void = () => undefined,
  ): readonly string[] {
    const record = new ClientRecord();
    record.events.push(seen, clicked);
    record.addCredit('adv', 5_000);
    change(record);
    const all = storeOf({ ...right, ...stored });
    return [
      ...checkReports(record.events, all),
      ...checkMoney(record, all, { campaignIds: new Set(), lastInRankIds: new Set(), boundMoney: noneBound }),
    ].flatMap((check) => check.breaches);
  }

  it('has nothing against what is right', () => {
    expect(breaches({})).toEqual([]);
  });

  it('finds a charge that is missing, doubled or at another price than the token says', () => {
    const [charge] = right.charges;
    expect(breaches({ charges: [] })).toHaveLength(1);
    expect(breaches({ charges: [...right.charges, ...right.charges] })).toHaveLength(1);
    expect(breaches({ charges: charge === undefined ? [] : [{ ...charge, amountMicros: 21n }] })).toHaveLength(1);
    expect(
      breaches({ events: [storedOf(seen, { priceMicros: 21n }), storedOf(clicked, { outcome: 'waiting' })] }),
    ).toHaveLength(1);
    expect(breaches({ dailySpendMicros: new Map() })).toHaveLength(1);
  });

  it('finds report rows that differ', () => {
    const [row] = right.reportRows;
    if (row === undefined) throw new Error('There is a row');
    for (const wrong of [{ impressions: 2 }, { clicks: 1 }, { spendMicros: 19n }]) {
      expect(breaches({ reportRows: [{ ...row, ...wrong }] })).toHaveLength(1);
    }
    expect(breaches({ reportRows: [] })).toHaveLength(2);
  });

  it('finds a click that counts without its impression', () => {
    const reportRows = [{ creativeId: 'crv', impressions: 1, clicks: 1, spendMicros: 40n }];
    const charges = [{ campaignId: 'cmp', adGroupId: 'adg', amountMicros: 40n, ...booked }];
    const events = [storedOf(seen), storedOf(clicked)];
    expect(breaches({ events, reportRows, charges, dailySpendMicros: new Map([['cmp adg 1970-01-01', 40n]]) })).toEqual(
      ['m2 click  is accepted'],
    );
  });

  it('finds a balance, a credit or a ledger that does not add up', () => {
    const account = { advertiserId: 'adv', balanceMicros: 4_980n, creditMicros: 5_000n, ledgerMicros: 4_980n };
    expect(breaches({ accounts: [{ ...account, balanceMicros: 4_981n }] })).toHaveLength(1);
    expect(breaches({ accounts: [{ ...account, creditMicros: 4_000n }] })).toHaveLength(1);
    expect(breaches({ accounts: [{ ...account, balanceMicros: -1n, ledgerMicros: -1n }] })).toHaveLength(1);
    expect(breaches({ ledgerSumMicros: 1n })).toHaveLength(1);
  });

  it('finds a charge that is booked on another day than that of its event where its advertiser is', () => {
    const [charge] = right.charges;
    if (charge === undefined) throw new Error('There is a charge');
    expect(breaches({ charges: [{ ...charge, day: '1970-01-02' }] })).toHaveLength(2);
    expect(breaches({ dailySpendMicros: new Map([['cmp adg 1970-01-02', 20n]]) })).toHaveLength(2);
    const campaigns = storeOf().campaigns.map((campaign) => ({ ...campaign, timeZone: 'America/New_York' }));
    expect(breaches({ campaigns })).toHaveLength(4);
    const onItsDay = {
      charges: [{ ...charge, day: '1969-12-31' }],
      dailySpendMicros: new Map([['cmp adg 1969-12-31', 20n]]),
    };
    expect(breaches({ campaigns, ...onItsDay })).toEqual([]);
  });

  it('finds over-delivery above a thousandth, and under-delivery where there was demand', () => {
    const over = eventOf(['accepted'], { placed: placedOf({ messageId: 'm3', priceMicros: 2 }) });
    const events = [...right.events, storedOf(over, { outcome: 'over_budget' })];
    const reportRows = [{ creativeId: 'crv', impressions: 2, clicks: 0, spendMicros: 20n }];
    const add = (record: ClientRecord) => void record.events.push(over);
    const all = (totalMicros: bigint) => storeOf().campaigns.map((campaign) => ({ ...campaign, totalMicros }));
    const record = new ClientRecord();
    record.events.push(seen, clicked);
    record.addCredit('adv', 5_000);
    add(record);
    const found = (totalMicros: bigint, demanded: readonly string[], lost = 0n, promisedSince = Infinity) =>
      checkMoney(record, storeOf({ ...right, events, reportRows, campaigns: all(totalMicros) }), {
        campaignIds: new Set(demanded),
        lastInRankIds: new Set(['last']),
        boundMoney: { ...noneBound, lostMicros: new Map([['cmp', lost]]), promisedSince },
      }).flatMap((check) => check.breaches);
    expect(found(2_000n, [])).toEqual([]);
    expect(found(1_900n, [])).toEqual(['Campaign: 0.105 %']);
    expect(found(2_000n, ['cmp'])).toEqual([]);
    const decision = { memberId: 'member-1', api: 'api-1', startedAt: 1, endedAt: 20_000, status: 200, noFill: null };
    const give = (campaignId: string, requestId: string, messageId = 'm1', api = 'api-1') =>
      record.matches.push({
        ...decision,
        api,
        requestId,
        messages: [{ token: 'token', placed: placedOf({ campaignId, messageId }) }],
      });
    give('cmp', 'first');
    expect(found(2_000n, ['cmp'])).toEqual([]);
    for (let i = 0; i < 300; i++) give('last', `request ${i}`);
    expect(found(2_000n, ['cmp'])).toEqual(['Campaign: 99.000 % is left']);
    expect(found(2_000n, ['cmp'], 1_960n)).toEqual([]);
    expect(found(2_000n, ['cmp'], 1_930n)).toEqual(['Campaign: 2.500 % is left']);
    give('cmp', 'shown at 1 s and never seen', 'm9');
    expect(found(2_000n, ['cmp'], 1_930n, 1_001)).toEqual(['Campaign: 2.500 % is left']);
    expect(found(2_000n, ['cmp'], 1_930n, 1_000)).toEqual(['Campaign: 1.500 % is left']);
    // Another process that gives it as well binds as much.
    give('cmp', 'shown at 1 s and never seen', 'm9', 'api-2');
    give('cmp', 'shown at 1 s and never seen', 'm9', 'api-2');
    expect(found(2_000n, ['cmp'], 1_930n, 1_001)).toEqual(['Campaign: 2.500 % is left']);
    expect(found(2_000n, ['cmp'], 1_900n, 1_000)).toEqual(['Campaign: 2.000 % is left']);
    record.matches.push({ ...decision, requestId: 'unheard', status: null, messages: [] });
    expect(found(2_000n, ['cmp'], 1_930n, 20_001)).toEqual(['Campaign: 2.500 % is left']);
    expect(found(2_000n, ['cmp'], 1_930n, 20_000)).toEqual(['Campaign: 1.500 % is left']);
    // Two of them may have promised a fiftieth of the budget, three more than that.
    record.matches.push({ ...decision, requestId: 'unheard, too', status: null, messages: [] });
    expect(found(2_000n, ['cmp'], 1_900n, 20_000)).toEqual(['Campaign: 2.000 % is left']);
    record.matches.push({ ...decision, requestId: 'late', noFill: 'deadline', messages: [] });
    expect(found(2_000n, ['cmp'], 1_900n, 20_000)).toEqual([]);
    expect(found(2_000n, [])).toEqual([]);
    expect(found(20n, ['cmp'])).toEqual(['Campaign: 10.000 %']);
  });

  it('holds what was shown in vain against the daily budget of its day', () => {
    const campaigns = storeOf().campaigns.map((campaign) => ({ ...campaign, totalMicros: null, dailyMicros: 2_000n }));
    const midnight = Date.parse('1970-01-01T15:00:00Z');
    const [today, tomorrow] = ['m3', 'm4'].map((messageId) =>
      eventOf(['accepted'], { placed: placedOf({ messageId, priceMicros: 2 }) }),
    );
    if (today === undefined || tomorrow === undefined) throw new Error('There are two');
    const found = (second: number) =>
      breaches(
        {
          campaigns,
          events: [
            ...right.events,
            storedOf(today, { outcome: 'over_budget', occurredAt: midnight - 1 }),
            storedOf(tomorrow, { outcome: 'over_budget', occurredAt: second }),
          ],
          reportRows: [{ creativeId: 'crv', impressions: 3, clicks: 0, spendMicros: 20n }],
        },
        ({ events }) => void events.push(today, tomorrow),
      );
    expect(found(midnight - 1)).toEqual(['Campaign: 0.200 %']);
    expect(found(midnight)).toEqual([]);
  });

  describe('of a campaign that was never placed though it was in demand', () => {
    const decision = { memberId: 'member-1', api: 'api-1', startedAt: 1, endedAt: 20_000, status: 200, noFill: null };

    /** What is said to be left of the budget; members are given the last in rank `times` times. */
    function left(
      times: number,
      totalMicros: bigint,
      { dearestMicros = 20n, unheard = 0 }: { dearestMicros?: bigint | null; unheard?: number } = {},
    ): readonly string[] {
      const record = new ClientRecord();
      record.addCredit('adv', 5_000);
      const messages = [{ token: 'token', placed: placedOf({ campaignId: 'last' }) }];
      for (let i = 0; i < times; i++) record.matches.push({ ...decision, requestId: `request ${i}`, messages });
      for (let i = 0; i < unheard; i++) {
        record.matches.push({ ...decision, requestId: `unheard ${i}`, status: null, messages: [] });
      }
      const [campaigns, adGroups] = [
        storeOf().campaigns.map((campaign) => ({ ...campaign, totalMicros })),
        storeOf().adGroups.map((adGroup) => ({ ...adGroup, dearestMicros })),
      ];
      return checkMoney(record, storeOf({ campaigns, adGroups }), {
        ...{ campaignIds: new Set(['cmp']), lastInRankIds: new Set(['last']) },
        boundMoney: { ...noneBound, promisedSince: 20_000 },
      }).flatMap((check) => check.breaches);
    }

    it('finds that all is left', () => {
      expect(left(300, 2_000n)).toEqual(['Campaign: 100.000 % is left']);
    });

    it('forgives where members did not come often enough, or its budget or balance pays for no message', () => {
      expect(left(200, 2_000n)).toEqual([]);
      expect(left(300, 19n)).toEqual([]);
      expect(left(300, 19n, { dearestMicros: 18n })).toEqual(['Campaign: 100.000 % is left']);
      expect(left(300, 6_000n, { dearestMicros: 5_001n })).toEqual([]);
    });

    it('says nothing where decisions that nobody heard of may have promised much, or clicks would have paid', () => {
      expect(left(300, 2_000n, { unheard: 2 })).toEqual(['Campaign: 98.000 % is left']);
      expect(left(300, 2_000n, { unheard: 3 })).toEqual([]);
      expect(left(300, 2_000n, { dearestMicros: null })).toEqual([]);
    });
  });
});
