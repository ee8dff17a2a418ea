/** Campaigns of all kinds that can go wrong, sized to the run: budgets that end within it, caps that bind, money that comes late. */
import {
  type AdGroupPlan,
  type AdvertiserPlan,
  type CampaignPlan,
  type CreativePlan,
  type FrequencyCapPlan,
  micros,
  type ServingPlan,
} from '../../src/commands/campaign-plan.js';

export interface RunSize {
  readonly seconds: number;
  readonly matchesASecond: number;
  readonly members: number;
}

/** Places in the plan, for those who edit campaigns during the run. */
export const TOPPED_UP_ADVERTISER = 4;
export const EDITED_CAMPAIGN = 5;
export const PAUSED_CAMPAIGN = 6;
/** Campaigns that are placed as soon as there is money: their budgets must be used up. */
export const DEMANDED_CAMPAIGNS = [0, 1];
/** So many at the end of the plan are placed where nothing else has money or room. */
export const LAST_IN_RANK = 3;

/** Members see about so many of the messages that they are given. */
const SHARE_SHOWN = 0.7;
const SHARE_CLICKED = 0.2;

/** The launch sends on to the API whatever else a plan has: here the caps of what the demo's plans have none of. */
type Capped<Plan> = Plan & { readonly frequencyCaps: readonly FrequencyCapPlan[] };

/** Won, or dollars where the bid says so; `budget` in the same. */
interface Kind {
  readonly name: string;
  /** The kind whose advertiser has this campaign as well; one of its own if absent. */
  readonly of?: string;
  readonly advertiserCaps?: readonly FrequencyCapPlan[];
  readonly zone?: string;
  readonly currency?: 'KRW' | 'USD';
  readonly credit?: number;
  readonly total?: number;
  readonly daily?: number;
  readonly pacing?: CampaignPlan['pacing'];
  readonly caps?: readonly FrequencyCapPlan[];
  readonly groups: readonly {
    readonly cpm?: number;
    readonly cpc?: number;
    readonly caps?: readonly FrequencyCapPlan[];
    readonly daily?: number;
    /** Of each creative; one without caps if absent. */
    readonly creativeCaps?: readonly (readonly FrequencyCapPlan[])[];
  }[];
}

const minutes = (limit: number, length = 1): FrequencyCapPlan => ({
  limit,
  window: { length, unit: 'minute', kind: 'rolling' },
});
const days = (limit: number): FrequencyCapPlan => ({ limit, window: { length: 1, unit: 'day', kind: 'calendar' } });
const lifetime = (limit: number): FrequencyCapPlan => ({ limit, window: 'lifetime' });

/** A second placement, with caps of its own; `chat_list` has none. */
export const CAPPED_PLACEMENT = 'friend_list';
export const PLACEMENT_CAPS = [minutes(3)];

export function planCatalogue(size: RunSize): ServingPlan {
  const kinds = kindsOf(size);
  const owners = kinds.filter(({ of }) => of === undefined);
  const ownerOf = ({ name, of = name }: Kind): number => owners.findIndex((owner) => owner.name === of);
  return {
    advertisers: owners.map(toAdvertiser),
    campaigns: kinds.map((kind) => toCampaign(kind, ownerOf(kind))),
  };
}

function kindsOf({ seconds, matchesASecond }: RunSize): readonly Kind[] {
  // Of a campaign that wins a place in every decision, for about so much of the run.
  const shown = (share: number): number => Math.ceil(seconds * matchesASecond * SHARE_SHOWN * share);
  const clicks = (share: number): number => Math.ceil(shown(share) * SHARE_CLICKED);
  return [
    { name: 'Total budget, first in rank', total: 30 * shown(0.25), groups: [{ cpm: 40_000 }] },
    { name: 'Daily budget, second in rank', daily: 25 * shown(0.3), zone: 'Europe/Berlin', groups: [{ cpm: 30_000 }] },
    { name: 'Clicks with a small budget', total: 2_000 * clicks(0.3), groups: [{ cpc: 2_500 }] },
    {
      name: 'Daily budget of an ad group',
      groups: [{ cpm: 24_000, daily: 18 * shown(0.1) }, { cpm: 23_000 }],
      caps: [minutes(3)],
    },
    { name: 'Balance that is topped up', credit: 15 * shown(0.05), groups: [{ cpm: 22_000 }] },
    { name: 'Budget that is edited', daily: 12 * shown(0.2), zone: 'America/New_York', groups: [{ cpm: 20_000 }] },
    { name: 'Paused and resumed', groups: [{ cpm: 28_000 }] },
    { name: 'Once a minute', caps: [minutes(1)], groups: [{ cpm: 35_000 }] },
    { name: 'Twice a minute in dollars', currency: 'USD', caps: [minutes(2)], groups: [{ cpm: 24 }, { cpm: 22 }] },
    {
      name: 'Three a day',
      zone: 'Asia/Kolkata',
      caps: [days(3)],
      groups: [{ cpm: 32_000 }, { cpm: 31_000, caps: [days(1)] }],
    },
    { name: 'Twice ever', caps: [lifetime(2)], groups: [{ cpm: 33_000 }] },
    { name: 'Clicks, twice ever', groups: [{ cpc: 3_000, caps: [lifetime(2), minutes(1)] }] },
    { name: 'Ad group once a day', groups: [{ cpm: 38_000, caps: [days(1)] }, { cpm: 21_000 }] },
    {
      name: 'Each creative once a day',
      zone: 'Asia/Tokyo',
      groups: [{ cpm: 39_000, creativeCaps: [[days(1)], [days(1)]] }],
    },
    { name: 'Advertiser twice in two minutes', advertiserCaps: [minutes(2, 2)], groups: [{ cpm: 37_000 }] },
    { name: 'The same advertiser', of: 'Advertiser twice in two minutes', groups: [{ cpm: 36_000 }, { cpm: 29_000 }] },
    { name: 'Even', pacing: 'even', daily: 400_000, groups: [{ cpm: 26_000 }] },
    { name: 'Always there', credit: 10_000_000, groups: [{ cpm: 9_000 }] },
    { name: 'Always there, too', credit: 10_000_000, groups: [{ cpm: 8_000 }] },
    { name: 'Last of all', credit: 10_000_000, groups: [{ cpm: 7_000 }] },
  ];
}

function toAdvertiser({
  name,
  zone = 'Asia/Seoul',
  currency = 'KRW',
  credit = 1_000_000,
  advertiserCaps = [],
}: Kind): Capped<AdvertiserPlan> {
  return { name, currency, timeZone: zone, creditMicros: micros(credit), frequencyCaps: advertiserCaps };
}

function toCampaign(
  { name, total, daily, pacing = 'asap', caps = [], groups }: Kind,
  advertiser: number,
): CampaignPlan {
  return {
    advertiser,
    name,
    startsAt: '2026-01-01T00:00:00Z',
    budget: {
      ...(total === undefined ? {} : { totalMicros: micros(total) }),
      ...(daily === undefined ? {} : { dailyMicros: micros(daily) }),
    },
    pacing,
    frequencyCaps: caps,
    adGroups: groups.map(toAdGroup),
  };
}

function toAdGroup({ cpm, cpc, caps, daily, creativeCaps = [[]] }: Kind['groups'][number], i: number): AdGroupPlan {
  return {
    name: `Ad group ${i + 1}`,
    targeting: {},
    bid:
      cpc === undefined
        ? { model: 'cpm', amountMicros: micros(cpm ?? 0) }
        : { model: 'cpc', amountMicros: micros(cpc) },
    ...(caps === undefined ? {} : { frequencyCaps: caps }),
    ...(daily === undefined ? {} : { dailyBudgetMicros: micros(daily) }),
    creatives: creativeCaps.map(toCreative),
  };
}

function toCreative(frequencyCaps: readonly FrequencyCapPlan[]): Capped<CreativePlan> {
  return {
    senderName: '한빛전기차',
    title: '이번 주말 시승하세요',
    body: '가까운 전시장에서 30분 시승을 예약할 수 있습니다.',
    callToAction: '시승 예약',
    landingUrl: 'https://example.com/ev',
    frequencyCaps,
  };
}
