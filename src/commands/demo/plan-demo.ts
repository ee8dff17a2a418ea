import {
  type AdGroupPlan,
  type AdvertiserPlan,
  type CampaignPlan,
  type FrequencyCapPlan,
  micros,
  type ServingPlan,
} from '../campaign-plan.js';
import { SeededRandom } from '../seeded-random.js';
import type { Brand, Trade } from './content/trade.js';
import { TRADES_OF_LEISURE } from './content/trades-of-leisure.js';
import { TRADES_OF_LIVING } from './content/trades-of-living.js';
import { TRADES_OF_WORK } from './content/trades-of-work.js';
import { type CopyLanguage, writeCreative } from './demo-copy.js';
import { chooseDayParts, chooseTarget } from './demo-targeting.js';

/**
 * The demo's advertisers and campaigns. The same seed gives the same plan, to the letter and without a look at the clock,
 * so that a demo that was cut off can be filled up by the same requests.
 *
 * Ten advertisers keep an open campaign: a low bid for everybody, uncapped and at all hours. It fills what nobody else
 * wants, so that a chat list of the demo is never empty; the last campaign of the plan is such a one.
 */
const TRADES: readonly Trade[] = [...TRADES_OF_LIVING, ...TRADES_OF_LEISURE, ...TRADES_OF_WORK];

const STARTS_AT = '2025-01-01T00:00:00+09:00';
const ENDS_AT = '2035-01-01T00:00:00+09:00';
const USD_ZONES = ['America/Los_Angeles', 'America/New_York', 'Asia/Seoul'];
/** How the six ad groups of an advertiser are spread over campaigns. */
const SPLITS: readonly (readonly number[])[] = [[6], [3, 3], [2, 4], [2, 2, 2], [4, 2]];
/** The same with one of them in the open campaign. */
const SPLITS_BESIDE_OPEN: readonly (readonly number[])[] = [[5], [2, 3], [4, 1]];
const PURPOSES = ['새 손님 맞이', '주말 행사', '새 상품 소개', '단골 혜택', '계절 행사'];

const CAMPAIGN_CAPS: readonly (readonly FrequencyCapPlan[])[] = [
  [],
  [cap(3, 1, 'day', 'calendar')],
  [cap(1, 1, 'hour', 'rolling'), cap(4, 1, 'day', 'calendar')],
  [cap(5, 1, 'week', 'rolling')],
  [{ limit: 12, window: 'lifetime' }],
];
const AD_GROUP_CAPS: readonly (readonly FrequencyCapPlan[])[] = [
  [cap(2, 1, 'day', 'rolling')],
  [cap(1, 30, 'minute', 'rolling')],
  [cap(6, 1, 'week', 'calendar')],
];

interface Seller {
  readonly index: number;
  readonly trade: Trade;
  readonly brand: Brand;
  readonly paysInUsd: boolean;
  readonly isOpen: boolean;
}

export function planDemo(seed: number): ServingPlan {
  const brands = TRADES.flatMap((trade) => trade.brands.map((brand) => ({ trade, brand })));
  const sellers = brands.map((of, index): Seller => ({
    ...of,
    index,
    paysInUsd: index % 5 === 2,
    isOpen: index % 5 === 4,
  }));
  return {
    advertisers: sellers.map(planAdvertiser),
    campaigns: sellers.flatMap((seller) => planCampaigns(seller, new SeededRandom(`demo ${seed} ${seller.index}`))),
  };
}

function planAdvertiser({ index, brand, paysInUsd, isOpen }: Seller): AdvertiserPlan {
  if (!paysInUsd) {
    return {
      name: brand.name.ko,
      currency: 'KRW',
      timeZone: 'Asia/Seoul',
      creditMicros: micros(isOpen ? 100_000_000 : 3_000_000 + 500_000 * index),
    };
  }
  const timeZone = USD_ZONES[index % USD_ZONES.length] ?? 'Asia/Seoul';
  return { name: brand.name.en, currency: 'USD', timeZone, creditMicros: micros(3_000 + 200 * index) };
}

function planCampaigns(seller: Seller, random: SeededRandom): CampaignPlan[] {
  const split = random.pick(seller.isOpen ? SPLITS_BESIDE_OPEN : SPLITS);
  const purposes = random.sample(PURPOSES, split.length);
  const campaigns = split.map((adGroups, i) => planCampaign(seller, purposes[i] ?? '', adGroups, random));
  return seller.isOpen ? [...campaigns, planOpenCampaign(seller, random)] : campaigns;
}

function planCampaign(seller: Seller, purpose: string, adGroups: number, random: SeededRandom): CampaignPlan {
  const units = seller.paysInUsd ? 1 / 1_400 : 1;
  const daily = micros(Math.ceil(random.stepped(60_000, 600_000, 20_000) * units));
  const isEven = random.chance(0.45);
  return {
    advertiser: seller.index,
    name: `${seller.brand.name.ko} ${purpose}`,
    startsAt: STARTS_AT,
    ...(random.chance(0.2) ? { endsAt: ENDS_AT } : {}),
    budget: {
      ...(isEven || random.chance(0.5) ? { dailyMicros: daily } : {}),
      ...(random.chance(0.4) ? { totalMicros: daily * random.whole(20, 60) } : {}),
    },
    pacing: isEven ? 'even' : 'asap',
    frequencyCaps: random.pick(CAMPAIGN_CAPS),
    adGroups: Array.from({ length: adGroups }, () => planAdGroup(seller, random, daily)),
  };
}

function planAdGroup(seller: Seller, random: SeededRandom, campaignDailyMicros: number): AdGroupPlan {
  const product = random.pick(seller.trade.products.filter(({ segment }) => seller.brand.segments.includes(segment)));
  const { label, targeting } = chooseTarget(product.segment, random);
  const dayParts = chooseDayParts(random);
  const copy = { ...seller, product };
  return {
    name: `${product.name.ko}: ${label}`,
    targeting,
    bid: planBid(seller.paysInUsd, random),
    ...(random.chance(0.3) ? { frequencyCaps: random.pick(AD_GROUP_CAPS) } : {}),
    ...(random.chance(0.2) ? { dailyBudgetMicros: Math.ceil(campaignDailyMicros / 2) } : {}),
    ...(dayParts === null ? {} : { dayParts }),
    creatives: languagesOf(seller, random).map((language) => writeCreative(copy, language, random)),
  };
}

function planOpenCampaign(seller: Seller, random: SeededRandom): CampaignPlan {
  const product = random.pick(seller.trade.products.filter(({ segment }) => segment === seller.brand.segments[0]));
  const copy = { ...seller, product };
  return {
    advertiser: seller.index,
    name: `${seller.brand.name.ko} 브랜드 알리기`,
    startsAt: STARTS_AT,
    budget: {},
    pacing: 'asap',
    frequencyCaps: [],
    adGroups: [
      {
        name: '모든 회원',
        targeting: {},
        bid: { model: 'cpm', amountMicros: micros(random.stepped(600, 1_400, 100)) },
        creatives: (['ko', 'en'] as const).map((language) => writeCreative(copy, language, random)),
      },
    ],
  };
}

/** Of the order of what messages in a feed cost; a click's price is that of about a hundred impressions. */
function planBid(paysInUsd: boolean, random: SeededRandom): AdGroupPlan['bid'] {
  if (random.chance(0.7)) {
    const amount = paysInUsd ? random.stepped(150, 600, 25) / 100 : random.stepped(2_000, 9_000, 250);
    return { model: 'cpm', amountMicros: micros(amount) };
  }
  const amount = paysInUsd ? random.stepped(15, 60, 5) / 100 : random.stepped(200, 800, 20);
  return { model: 'cpc', amountMicros: micros(amount) };
}

function languagesOf({ paysInUsd }: Seller, random: SeededRandom): readonly CopyLanguage[] {
  if (paysInUsd) return random.chance(0.6) ? ['en', 'ko'] : ['en'];
  return random.weighted<readonly CopyLanguage[]>([
    [['ko'], 4],
    [['ko', 'en'], 4],
    [['ko', 'ko'], 2],
  ]);
}

function cap(
  limit: number,
  length: number,
  unit: 'minute' | 'hour' | 'day' | 'week',
  kind: 'rolling' | 'calendar',
): FrequencyCapPlan {
  return { limit, window: { length, unit, kind } };
}
