/** What a replay of an auction log would put on an instance, as the records that matching reads, without servers. */
import { type CampaignPlan, type ServingPlan } from '../../src/commands/campaign-plan.js';
import { AuctionLog } from '../../src/commands/replay/auction-log.js';
import type { AuctionRequest } from '../../src/commands/replay/auction-request.js';
import { LogFacts } from '../../src/commands/replay/log-facts.js';
import { planReplay } from '../../src/commands/replay/plan-replay.js';
import { parseFrequencyCaps } from '../../src/core/capping/parse-frequency-caps.js';
import type { AdGroupRecord } from '../../src/core/index/ad-group-record.js';
import { highestPriceMicros } from '../../src/core/auction/price.js';
import type { MoneySnapshot, Pacing, Shortage } from '../../src/core/index/match-request.js';
import { parseTargeting } from '../../src/core/targeting/parse-targeting.js';
import type { MemberProfile } from '../../src/profiles/profiles.api.js';
import { creative } from './arbitraries/candidates.js';

const DAY_MS = 86_400_000;
/** What the replay takes when nobody tells it otherwise. */
const SIZE = { advertisers: 40, adGroups: 400 };

export interface ReplayedMarket {
  readonly requests: readonly AuctionRequest[];
  readonly records: readonly AdGroupRecord[];
  /** By advertiser, micros. */
  readonly credits: ReadonlyMap<string, number>;
  readonly profiles: ReadonlyMap<string, MemberProfile>;
}

/** The first `limit` requests of the log, with the members and campaigns that the replay with this seed makes of them. */
export async function readMarket(path: string, limit: number, seed: number): Promise<ReplayedMarket> {
  const facts = new LogFacts();
  const requests: AuctionRequest[] = [];
  for await (const request of (await AuctionLog.open(path, limit)).requests()) {
    facts.add(request);
    requests.push(request);
  }
  const plan = planReplay({
    seed,
    run: 1,
    startsAt: facts.firstAt - DAY_MS,
    ...SIZE,
    verticals: facts.verticalsByFrequency(),
    regions: facts.regionsByFrequency(),
    systems: facts.systemsByFrequency(),
  });
  return {
    requests,
    records: plan.campaigns.flatMap((campaign, i) => recordsOf(campaign, `cmp_${i}`, plan)),
    credits: new Map(plan.advertisers.map(({ creditMicros }, i) => [`adv_${i}`, creditMicros])),
    profiles: new Map([...facts.profiles()].map((profile) => [profile.userId, toProfile(profile)])),
  };
}

function recordsOf(campaign: CampaignPlan, campaignId: string, { advertisers }: ServingPlan): AdGroupRecord[] {
  const { currency, timeZone } = advertisers[campaign.advertiser]!;
  return campaign.adGroups.map((adGroup, i) => ({
    id: `${campaignId}_adg_${i}`,
    campaignId,
    advertiserId: `adv_${campaign.advertiser}`,
    campaignStatus: 'active',
    startsAt: Date.parse(campaign.startsAt),
    endsAt: campaign.endsAt === undefined ? null : Date.parse(campaign.endsAt),
    timeZone,
    currency,
    targeting: readTargeting(adGroup.targeting),
    bid: adGroup.bid,
    adGroupCaps: readCaps(adGroup.frequencyCaps ?? []),
    campaignCaps: readCaps(campaign.frequencyCaps),
    advertiserCaps: [],
    dayParts: null,
    budgets: {
      campaignTotalMicros: campaign.budget.totalMicros ?? null,
      campaignDailyMicros: campaign.budget.dailyMicros ?? null,
      adGroupDailyMicros: null,
    },
    pacing: campaign.pacing,
    categories: [],
    creatives: adGroup.creatives.map((_plan, number) => creative({ id: `cre_${number}` })),
  }));
}

function readTargeting(wire: unknown): AdGroupRecord['targeting'] {
  const parsed = parseTargeting(wire);
  if (!parsed.ok) throw new Error(`The plan has a targeting that is refused: ${JSON.stringify(parsed.errors)}`);
  return parsed.targeting;
}

function readCaps(wire: unknown): AdGroupRecord['adGroupCaps'] {
  const parsed = parseFrequencyCaps(wire);
  if (!parsed.ok) throw new Error(`The plan has caps that are refused: ${JSON.stringify(parsed.errors)}`);
  return parsed.frequencyCaps;
}

type UploadedProfile = ReturnType<LogFacts['profiles']> extends Generator<infer T> ? T : never;

function toProfile({ userId, interests, consent, ...places }: UploadedProfile): MemberProfile {
  return {
    userId,
    interests: new Map(Object.entries(interests)),
    birth: null,
    gender: null,
    country: places.country ?? null,
    region: places.region ?? null,
    language: places.language ?? null,
    timeZone: places.timeZone ?? null,
    attributes: new Map(),
    ...consent,
    mutedAdvertisers: new Set(),
    audiences: new Set(),
  };
}

/** Money as an advertiser's balance leaves it; the more of it is gone, the fewer requests an even campaign takes part in. */
export class Till implements MoneySnapshot {
  private readonly balances: Map<string, number>;

  constructor(private readonly credits: ReadonlyMap<string, number>) {
    this.balances = new Map(credits);
  }

  charge({ advertiserId }: AdGroupRecord, micros: number): void {
    this.balances.set(advertiserId, this.balanceOf(advertiserId) - micros);
  }

  shortage = ({ advertiserId, bid }: AdGroupRecord): Shortage | null =>
    this.balanceOf(advertiserId) < highestPriceMicros(bid) ? 'balance' : null;

  pacing = ({ advertiserId, pacing }: AdGroupRecord): Pacing => {
    const left = pacing === 'even' ? this.balanceOf(advertiserId) / (this.credits.get(advertiserId) ?? 1) : 1;
    return { passShare: left, rankFactor: 0.5 + left / 2 };
  };

  private balanceOf(advertiserId: string): number {
    return this.balances.get(advertiserId) ?? 0;
  }
}
