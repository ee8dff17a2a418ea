import { type CampaignPlan, micros, type ServingPlan } from '../../../src/commands/campaign-plan.js';

const CPM = 5_000;
/** What an impression is worth of whom clicks pay: a click's bid follows from how often there is one. */
const CPM_BY_CLICKS = 6_000;
/** Of those that follow in rank and set the last price: below what a click is expected to bring, and near it. */
const FOLLOWING_CPM = 4_800;

/** What is to be spent to the end; each of another advertiser. Bids differ a little, so that ranks are clear. */
export const BUDGETED = [
  { name: 'total, cpm', model: 'cpm', limit: 'total' },
  { name: 'daily, cpm', model: 'cpm', limit: 'daily' },
  { name: 'daily of an ad group, cpm', model: 'cpm', limit: 'adGroup' },
  { name: 'balance, cpm', model: 'cpm', limit: 'balance' },
  { name: 'total, cpc', model: 'cpc', limit: 'total' },
  { name: 'balance, cpc', model: 'cpc', limit: 'balance' },
] as const;

/** What each budget pays for, and how many of the messages are clicked. */
export interface BudgetedDemand {
  readonly messages: number;
  readonly clicks: number;
  readonly clickShare: number;
}

/** `budgets`: micros, in the order of `BUDGETED`. */
export function planBudgets(demand: BudgetedDemand): ServingPlan & { readonly budgets: readonly number[] } {
  const cpc = Math.round(CPM_BY_CLICKS / 1_000 / demand.clickShare);
  const budgets = BUDGETED.map(({ model }) =>
    micros(model === 'cpm' ? (demand.messages * CPM) / 1_000 : demand.clicks * cpc),
  );
  const filler = { model: 'cpm', limit: 'none' } as const;
  const kinds = [...BUDGETED, filler];
  return {
    budgets,
    advertisers: kinds.map(({ limit }, i) => ({
      name: `Advertiser ${i}`,
      currency: 'KRW',
      timeZone: 'Asia/Seoul',
      creditMicros: limit === 'balance' ? (budgets[i] ?? 0) : micros(100_000_000),
    })),
    campaigns: kinds.map(({ model, limit }, i): CampaignPlan => {
      const budget = budgets[i] ?? 0;
      const units = model === 'cpc' ? cpc : limit === 'none' ? FOLLOWING_CPM : CPM;
      return {
        advertiser: i,
        name: `Campaign ${i}`,
        startsAt: '2026-01-01T00:00:00Z',
        budget: {
          ...(limit === 'total' ? { totalMicros: budget } : {}),
          ...(limit === 'daily' ? { dailyMicros: budget } : {}),
        },
        pacing: 'asap',
        frequencyCaps: [],
        adGroups: [
          {
            name: 'Everybody',
            targeting: { all: [] },
            bid: { model, amountMicros: micros(units - i) },
            ...(limit === 'adGroup' ? { dailyBudgetMicros: budget } : {}),
            creatives: [
              {
                senderName: '한빛전기차',
                title: '이번 주말 시승하세요',
                body: '가까운 전시장에서 30분 시승을 예약할 수 있습니다.',
                callToAction: '시승 예약',
                landingUrl: 'https://example.com/ev',
              },
            ],
          },
        ],
      };
    }),
  };
}
