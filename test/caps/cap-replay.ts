import { Redis } from 'ioredis';
import { SeededRandom } from '../../src/commands/seeded-random.js';
import { capReachMs } from '../../src/core/capping/cap-reach.js';
import { CAP_SCOPES, type CapKeys, type CapScope, PLACEMENT_ZONE } from '../../src/core/capping/cap-scope.js';
import { countsFrom } from '../../src/core/capping/cap-window.js';
import type { CountedImpression } from '../../src/core/capping/exposure.js';
import type { FrequencyCap, TimedWindow } from '../../src/core/capping/frequency-cap.js';
import { confirmArguments } from '../../src/delivery/exposure/confirm-arguments.js';
import { defineExposureScripts, exposureKey } from '../../src/delivery/exposure/exposure-scripts.js';
import {
  type CapAt,
  holdArguments,
  type HoldRequest,
  keepFromOf,
  writeHoldAdGroup,
  writeHoldCreative,
} from '../../src/delivery/exposure/hold-request.js';
import { rebuiltOf, toMessage } from '../properties/exposure-entries.js';
import { NaiveCaps } from './naive-caps.js';

/**
 * Opportunities of many members, replayed by parallel clients against the exposure scripts and, member by member, against a
 * naive count: each decision must take the same creatives. Caps are of every level and kind, in zones whose clocks change
 * meanwhile; impressions are late, or never come; states are lost and rebuilt.
 */
export interface ReplayOptions {
  readonly redisUrl: string;
  readonly opportunities: number;
  readonly clients: number;
  readonly seed: string;
}

export interface ReplayResult {
  readonly opportunities: number;
  readonly members: number;
  /** Messages held by the scripts, and by the naive count. */
  readonly served: number;
  readonly expected: number;
  readonly impressions: number;
  /** Decisions that a cap made smaller. */
  readonly capped: number;
  readonly rebuilds: number;
  /** Decisions that differ. */
  readonly differences: number;
}

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** Members live through 16 days from one of these: around the changes of the clocks in 2026. */
const STARTS = ['2026-03-01T00:00:00Z', '2026-03-20T00:00:00Z', '2026-10-18T00:00:00Z', '2026-10-26T00:00:00Z'].map(
  Date.parse,
);
const LIFE_MS = 16 * DAY_MS;
const ZONES = ['Asia/Seoul', 'Europe/Berlin', 'America/New_York', 'Asia/Kolkata', 'Australia/Lord_Howe'] as const;
const PLACEMENTS = ['list', 'feed'] as const;
const HOLD_MS = 10 * 60_000;
const OPPORTUNITIES_A_MEMBER = 100;
const EPOCH = '0000000001';

interface Answer {
  readonly status: string;
  readonly held: number;
  /** An empty Lua table is written as an object. */
  readonly tickets: string[] | object;
}

const OWNERS = ['adGroup', 'campaign', 'advertiser'] as const;
const UNLIMITED = {
  maxPerMemberPerDay: null,
  minGapSeconds: null,
  maxPerAdvertiserPerDay: null,
  minAdvertiserGapSeconds: null,
};

const NAIVE = new NaiveCaps(Math.min(...STARTS), Math.max(...STARTS) + LIFE_MS);

interface AdGroup {
  readonly adGroup: string;
  readonly campaign: string;
  readonly advertiser: string;
  readonly creatives: readonly string[];
  readonly zone: string;
}

interface Market {
  readonly adGroups: readonly AdGroup[];
  readonly caps: ReadonlyMap<string, readonly FrequencyCap[]>;
  readonly reachMs: number;
}

interface Held {
  readonly messageId: string;
  readonly of: CapKeys;
  readonly expiresAt: number;
  /** Epoch ms of its impression; null: it never comes. */
  readonly seenAt: number | null;
}

type Counts = { -readonly [K in keyof ReplayResult]: ReplayResult[K] };

export async function replayCaps({ redisUrl, opportunities, clients, seed }: ReplayOptions): Promise<ReplayResult> {
  const market = drawMarket(new SeededRandom(`${seed} market`));
  const members = Math.ceil(opportunities / OPPORTUNITIES_A_MEMBER);
  const counts: Counts = {
    opportunities: 0,
    members,
    served: 0,
    expected: 0,
    impressions: 0,
    capped: 0,
    rebuilds: 0,
    differences: 0,
  };
  let next = 0;
  const work = async (): Promise<void> => {
    const redis = new Redis(redisUrl);
    defineExposureScripts(redis);
    while (next < members) {
      const id = `${seed}-${next++}`;
      const left = Math.min(OPPORTUNITIES_A_MEMBER, opportunities - (next - 1) * OPPORTUNITIES_A_MEMBER);
      await new Member(redis, market, new SeededRandom(id), counts).live(exposureKey(id), left);
    }
    redis.disconnect();
  };
  await Promise.all(Array.from({ length: clients }, work));
  return counts;
}

/** One member: in Redis, and in plain lists. */
class Member {
  private readonly start: number;
  private readonly impressions: CountedImpression[] = [];
  /** Times of impressions, and the number of open holds, by id. */
  private readonly times = new Map<string, number[]>();
  private holds: Held[] = [];
  private serial = 0;

  constructor(
    private readonly redis: Redis,
    private readonly market: Market,
    private readonly random: SeededRandom,
    private readonly counts: Counts,
  ) {
    this.start = random.pick(STARTS);
  }

  async live(key: string, opportunities: number): Promise<void> {
    let now = this.start + this.random.whole(0, DAY_MS);
    for (let i = 0; i < opportunities; i++) {
      now += Math.floor(-Math.log(1 - this.random.next()) * ((LIFE_MS - 2 * DAY_MS) / OPPORTUNITIES_A_MEMBER));
      if (now >= this.start + LIFE_MS) now = this.start + LIFE_MS - 1;
      await this.settle(key, now);
      if (this.random.chance(0.01)) await this.redis.del(key);
      await this.decide(key, now);
      this.counts.opportunities += 1;
    }
  }

  /** Impressions up to now are confirmed, in the order in which they were seen; holds that can have none any more end. */
  private async settle(key: string, now: number): Promise<void> {
    const seen = this.holds.filter(({ seenAt }) => seenAt !== null && seenAt <= now);
    seen.sort((a, b) => (a.seenAt ?? 0) - (b.seenAt ?? 0));
    const batch = seen.map(({ messageId, of, seenAt }) => ({ messageId, of, at: seenAt ?? 0 }));
    this.holds = this.holds.filter((hold) => !seen.includes(hold) && hold.expiresAt > now);
    if (batch.length === 0) return;
    await this.redis.confirmImpressions(...confirmArguments(EPOCH, [[key, batch.map(toMessage)]]));
    for (const impression of batch) {
      this.impressions.push(impression);
      for (const scope of CAP_SCOPES) {
        const id = String(impression.of[scope]);
        this.times.set(id, [...(this.times.get(id) ?? []), impression.at]);
      }
    }
    this.counts.impressions += batch.length;
  }

  private async decide(key: string, now: number): Promise<void> {
    const decisionId = `D${this.serial++}`;
    const offered = shuffle(this.market.adGroups, this.random).slice(0, 8);
    const placement = this.random.pick(PLACEMENTS);
    const wanted = this.random.whole(1, 3);
    const request = this.toRequest(offered, { decisionId, placement, wanted, now });
    const answer = await this.hold(key, request);
    const expected = this.expected(offered, { decisionId, placement, wanted, now });
    this.counts.served += answer.held;
    this.counts.expected += expected.length;
    if (expected.length < wanted) this.counts.capped += 1;
    const taken = expected.map(({ of }) => String(of.creative));
    const held = answer.tickets.slice(0, answer.held).map((ticket) => ticket.split(' ')[0]);
    if (JSON.stringify(taken) !== JSON.stringify(held)) this.counts.differences += 1;
    this.holds.push(...expected);
  }

  private async hold(key: string, request: HoldRequest): Promise<{ held: number; tickets: string[] }> {
    // Holds of a state that is dropped are lost; what this replay drops, it gives back, since no epoch ends here.
    const call = holdArguments(request, { epochId: EPOCH, settledUntil: request.now, isQuarantined: false });
    let answer = JSON.parse(await this.redis.holdMessages(key, ...call)) as Answer;
    if (answer.status === 'unknown') {
      this.counts.rebuilds += 1;
      this.holds = [];
      const rebuilt = JSON.stringify(rebuiltOf(this.impressions, keepFromOf(request)));
      answer = JSON.parse(await this.redis.holdMessages(key, ...call, rebuilt, Number.MAX_SAFE_INTEGER)) as Answer;
    }
    const { held, tickets } = answer;
    return { held, tickets: Array.isArray(tickets) ? tickets : [] };
  }

  private expected(offered: readonly AdGroup[], { decisionId, placement, wanted, now }: Opportunity): Held[] {
    const taken: Held[] = [];
    const isFull = (id: string, zone: string): boolean => {
      const open = [...this.holds, ...taken].filter(({ of }) => CAP_SCOPES.some((scope) => of[scope] === id)).length;
      const caps = this.market.caps.get(id) ?? [];
      return caps.some((cap) => NAIVE.isFull(cap, this.times.get(id) ?? [], open, { now, zone }));
    };
    const advertisers = new Set<string>();
    for (const { zone, creatives, ...owners } of offered) {
      if (taken.length === wanted || isFull(placement, PLACEMENT_ZONE)) break;
      if (advertisers.has(owners.advertiser) || OWNERS.some((scope) => isFull(owners[scope], zone))) continue;
      const creative = creatives.find((id) => !isFull(id, zone));
      if (creative === undefined) continue;
      advertisers.add(owners.advertiser);
      const seenAt = this.random.chance(0.7) ? now + this.random.whole(0, HOLD_MS - 1) : null;
      const messageId = `${decisionId}.${taken.length + 1}`;
      taken.push({ messageId, of: { ...owners, creative, placement }, expiresAt: now + HOLD_MS, seenAt });
    }
    return taken;
  }

  private toRequest(offered: readonly AdGroup[], { decisionId, placement, wanted, now }: Opportunity): HoldRequest {
    const at = (id: string, zone: string): CapAt[] =>
      (this.market.caps.get(id) ?? []).map(({ window, limit }) => ({ limit, from: countsFrom(window, now, zone) }));
    return {
      memberId: '',
      requestId: null,
      decisionId,
      now,
      expiresAt: now + HOLD_MS,
      frame: '',
      wanted,
      allowsRepeats: false,
      load: UNLIMITED,
      placement,
      placementCaps: at(placement, PLACEMENT_ZONE),
      keepFrom: now - this.market.reachMs,
      isLast: true,
      candidates: offered.map(({ adGroup, campaign, advertiser, creatives, zone }) => ({
        adGroup: writeHoldAdGroup({
          adGroupId: adGroup,
          campaignId: campaign,
          advertiserId: advertiser,
          caps: OWNERS.flatMap((scope) =>
            at({ adGroup, campaign, advertiser }[scope], zone).map((cap) => ({ scope, ...cap })),
          ),
          categories: [],
        }),
        creatives: creatives.map((creativeId) => writeHoldCreative(creativeId, at(creativeId, zone))),
        ticket: adGroup,
      })),
    };
  }
}

interface Opportunity {
  readonly decisionId: string;
  readonly placement: string;
  readonly wanted: number;
  readonly now: number;
}

function drawMarket(random: SeededRandom): Market {
  const adGroups = Array.from({ length: 24 }, (_, i) => ({
    adGroup: `adg_${i}`,
    campaign: `cmp_${Math.floor(i / 2)}`,
    advertiser: `adv_${Math.floor(i / 4)}`,
    creatives: Array.from({ length: random.whole(1, 3) }, (_creative, j) => `crv_${i}_${j}`),
    zone: ZONES[Math.floor(i / 4) % ZONES.length] as string,
  }));
  const caps = new Map<string, readonly FrequencyCap[]>();
  const draw = (id: string, scope: CapScope): void => {
    if (!caps.has(id) && random.chance(0.6)) caps.set(id, drawCaps(random, scope));
  };
  for (const { creatives, ...owners } of adGroups) {
    for (const id of creatives) draw(id, 'creative');
    for (const scope of OWNERS) draw(owners[scope], scope);
  }
  for (const placement of PLACEMENTS) caps.set(placement, drawCaps(random, 'placement'));
  return { adGroups, caps, reachMs: Math.max(...[...caps.values()].map(capReachMs)) };
}

/** The wider what is limited, the more it may show. */
const LIMITS = { creative: 2, adGroup: 3, campaign: 4, advertiser: 6, placement: 12 } as const;

function drawCaps(random: SeededRandom, scope: CapScope): FrequencyCap[] {
  return Array.from({ length: random.whole(1, 2) }, () => {
    const unit = random.pick(['minute', 'hour', 'day', 'week'] as const);
    const length = random.whole(1, { minute: 90, hour: 12, day: 3, week: 2 }[unit]);
    const timed: TimedWindow = { length, unit, kind: random.pick(['rolling', 'calendar'] as const) };
    const isLifetime = random.chance(0.1);
    const limit = random.whole(1, LIMITS[scope]) * (isLifetime ? 10 : 1);
    return { limit, window: isLifetime ? 'lifetime' : timed };
  });
}

function shuffle<T>(items: readonly T[], random: SeededRandom): T[] {
  return items
    .map((item) => ({ item, order: random.next() }))
    .sort((a, b) => a.order - b.order)
    .map(({ item }) => item);
}
