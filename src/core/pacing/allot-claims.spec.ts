import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { allotClaims, type ClaimWant, type MoneyLeft } from './allot-claims.js';

const want = fc
  .record({
    adGroup: fc.nat(3),
    wantedMicros: fc.integer({ min: 1, max: 1_000 }),
    least: fc.double({ min: 0, max: 1, noNaN: true }),
  })
  .map(({ adGroup, wantedMicros, least }): ClaimWant => {
    const campaign = adGroup >> 1;
    return {
      adGroupId: `adg_${adGroup}`,
      campaignId: `cmp_${campaign}`,
      advertiserId: 'adv_0',
      wantedMicros,
      leastMicros: Math.max(1, Math.floor(wantedMicros * least)),
    };
  });

const limits = (ids: readonly string[]) =>
  fc.dictionary(fc.constantFrom(...ids), fc.integer({ min: -100, max: 3_000 }), { noNullPrototype: true });

const money = fc.record({
  byAdvertiser: limits(['adv_0']),
  byCampaign: limits(['cmp_0', 'cmp_1']),
  byAdGroup: limits(['adg_0', 'adg_1', 'adg_2', 'adg_3']),
});

const toLeft = (given: Record<keyof MoneyLeft, Record<string, number>>): MoneyLeft => ({
  byAdvertiser: new Map(Object.entries(given.byAdvertiser)),
  byCampaign: new Map(Object.entries(given.byCampaign)),
  byAdGroup: new Map(Object.entries(given.byAdGroup)),
});

describe('claims that are allotted', () => {
  it('never pass what is left of any limit, and lower it by what they are', () => {
    fc.assert(
      fc.property(fc.array(want, { maxLength: 12 }), money, (wants, given) => {
        const left = toLeft(given);
        const grants = allotClaims(wants, left, 4);
        for (const [level, idOf] of LEVELS) {
          for (const [id, before] of Object.entries(given[level])) {
            const granted = grants
              .filter((_, i) => idOf(wants[i]!) === id)
              .reduce((sum, { grantedMicros }) => sum + grantedMicros, 0);
            expect(granted).toBeLessThanOrEqual(Math.max(0, before));
            expect(left[level].get(id)).toBe(before - granted);
          }
        }
      }),
    );
  });

  it('are at least what is of use, or nothing, with the narrowest limit that leaves too little', () => {
    fc.assert(
      fc.property(want, money, (one, given) => {
        const [grant] = allotClaims([one], toLeft(given), 4);
        const limits = [
          ['ad_group_budget', given.byAdGroup[one.adGroupId]],
          ['budget', given.byCampaign[one.campaignId]],
          ['balance', given.byAdvertiser[one.advertiserId]],
        ] as const;
        const shortage = limits.find(([, left = Infinity]) => left < one.leastMicros)?.[0] ?? null;
        expect(grant?.shortage).toBe(shortage);
        if (shortage !== null) expect(grant?.grantedMicros).toBe(0);
        else expect(grant?.grantedMicros).toBeGreaterThanOrEqual(one.leastMicros);
        expect(grant?.grantedMicros).toBeLessThanOrEqual(one.wantedMicros);
      }),
    );
  });

  it('leave the end of a budget to be shared', () => {
    const one = { adGroupId: 'a', campaignId: 'c', advertiserId: 'v', wantedMicros: 800, leastMicros: 10 };
    const left = toLeft({ byAdvertiser: {}, byCampaign: { c: 1_600 }, byAdGroup: {} });
    expect(allotClaims([one, one], left, 4).map(({ grantedMicros }) => grantedMicros)).toEqual([200, 175]);
  });
});

const LEVELS = [
  ['byAdvertiser', ({ advertiserId }: ClaimWant) => advertiserId],
  ['byCampaign', ({ campaignId }: ClaimWant) => campaignId],
  ['byAdGroup', ({ adGroupId }: ClaimWant) => adGroupId],
] as const;
