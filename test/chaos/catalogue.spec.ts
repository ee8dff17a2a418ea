import { describe, expect, it } from '@jest/globals';
import { DEMANDED_CAMPAIGNS, EDITED_CAMPAIGN, LAST_IN_RANK, PAUSED_CAMPAIGN, planCatalogue } from './catalogue.js';

describe('the catalogue of chaos', () => {
  const { advertisers, campaigns } = planCatalogue({ seconds: 60, matchesASecond: 50, members: 100 });

  it('demands to be used up only what nothing but money holds back', () => {
    expect(DEMANDED_CAMPAIGNS).not.toContain(EDITED_CAMPAIGN);
    expect(DEMANDED_CAMPAIGNS).not.toContain(PAUSED_CAMPAIGN);
    for (const i of DEMANDED_CAMPAIGNS) {
      const campaign = campaigns[i];
      expect(campaign).toMatchObject({ pacing: 'asap', frequencyCaps: [] });
      expect(advertisers[campaign?.advertiser ?? -1]).toMatchObject({ currency: 'KRW', frequencyCaps: [] });
      for (const adGroup of campaign?.adGroups ?? []) {
        expect(adGroup).toMatchObject({ bid: { model: 'cpm' }, creatives: [{ frequencyCaps: [] }] });
        expect(adGroup.targeting).toEqual({});
        expect([adGroup.frequencyCaps ?? [], adGroup.dayParts, adGroup.dailyBudgetMicros]).toEqual([
          [],
          undefined,
          undefined,
        ]);
      }
    }
  });

  it('has campaigns at its end that are outbid by all that is demanded, and never lack money', () => {
    const bidsOf = (i: number): readonly number[] =>
      (campaigns.at(i)?.adGroups ?? []).map(({ bid }) => (bid.model === 'cpm' ? bid.amountMicros : NaN));
    const lowest = Math.min(...DEMANDED_CAMPAIGNS.flatMap(bidsOf));
    for (let i = -LAST_IN_RANK; i < 0; i++) {
      expect(campaigns.at(i)?.budget).toEqual({});
      expect(Math.max(...bidsOf(i))).toBeLessThan(lowest);
    }
  });
});
