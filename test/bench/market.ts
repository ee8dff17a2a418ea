/**
 * A made-up market to measure with: ad groups and members of a messenger in one country, drawn by a seed. 400 segments by
 * Zipf's law, log-normal bids and CTRs, age, gender, 17 regions, OS, language, exclusions, day parts on both clocks, daily
 * budgets, half of them paced evenly.
 */
import { SeededRandom } from '../../src/commands/seeded-random.js';
import { WEEKDAYS } from '../../src/core/calendar/local-day.js';
import type { AdGroupRecord } from '../../src/core/index/ad-group-record.js';
import type { MatchRequest, MoneySnapshot, Pacing, Shortage } from '../../src/core/index/match-request.js';
import { HIGHEST_CTR, LEAST_CTR } from '../../src/core/scoring/score.js';
import type { Predicate, Targeting } from '../../src/core/targeting/expression.js';

export const SEGMENTS = Array.from({ length: 400 }, (_, i) => `segment.${i}`);
const REGIONS = Array.from({ length: 17 }, (_, i) => `KR-${11 + i}`);
const DAY_MS = 86_400_000;
export const WON = 1_000_000;
export const RATES = { base: 'KRW', rates: new Map<string, number>() };

/** `flat`: a conjunction of 1 to 4 predicates, as most advertisers make them; `trees`: 1 to 20 predicates in any form. */
export type Shape = 'flat' | 'trees';

export class Market {
  private readonly random: SeededRandom;

  constructor(
    seed: string,
    private readonly now: number,
    private readonly shape: Shape = 'flat',
  ) {
    this.random = new SeededRandom(seed);
  }

  adGroup(i: number): AdGroupRecord {
    const { random } = this;
    const cpc = random.chance(0.5);
    return {
      id: `adg_${String(i).padStart(26, '0')}`,
      campaignId: `cmp_${String(i >> 2).padStart(26, '0')}`,
      advertiserId: `adv_${String((i >> 2) % 997).padStart(26, '0')}`,
      campaignStatus: 'active',
      startsAt: this.now - random.whole(1, 30 * DAY_MS),
      endsAt: random.chance(0.7) ? this.now + random.whole(DAY_MS, 60 * DAY_MS) : null,
      timeZone: 'Asia/Seoul',
      currency: 'KRW',
      targeting: this.shape === 'flat' ? this.conjunction(random.whole(1, 4)) : this.tree(random.whole(1, 20), 4),
      bid: cpc
        ? { model: 'cpc', amountMicros: Math.round(300 * WON * Math.exp(0.6 * random.normal())) }
        : { model: 'cpm', amountMicros: Math.round(3_000 * WON * Math.exp(0.6 * random.normal())) },
      adGroupCaps: [{ limit: 3, window: { length: 1, unit: 'day', kind: 'rolling' } }],
      campaignCaps: [],
      advertiserCaps: [],
      dayParts: random.chance(0.3)
        ? {
            clock: random.chance(0.5) ? 'member' : 'advertiser',
            windows: [
              {
                days: random.chance(0.5) ? WEEKDAYS : WEEKDAYS.slice(0, 5),
                fromMinute: 60 * random.whole(0, 11),
                toMinute: 60 * random.whole(13, 24),
              },
            ],
          }
        : null,
      budgets: {
        campaignTotalMicros: null,
        campaignDailyMicros: random.chance(0.6) ? 100_000 * WON : null,
        adGroupDailyMicros: null,
      },
      pacing: random.chance(0.5) ? 'even' : 'asap',
      categories: [],
      creatives: [
        {
          id: `crv_${String(i).padStart(26, '0')}`,
          senderName: '한빛전기차',
          title: `이번 주말, 전기차를 타 보세요 ${i}`,
          body: '가까운 전시장에서 30분 시승을 예약할 수 있습니다.',
          imageUrl: 'https://cdn.example.com/ev.png',
          callToAction: '시승 예약',
          landingUrl: 'https://example.com/ev',
          language: null,
          caps: [],
        },
      ],
    };
  }

  /** Predicted, spread log-normally around a hundredth. */
  ctr(): number {
    return Math.min(Math.max(0.01 * Math.exp(0.8 * this.random.normal()), LEAST_CTR), HIGHEST_CTR);
  }

  /** 5 to 40 draws, the same segment now and then. */
  interests(): Map<string, number> {
    const { random } = this;
    const count = random.whole(5, 40);
    return new Map(Array.from({ length: count }, () => [this.segment(), random.whole(1, 100) / 100]));
  }

  memberFacts() {
    const { random } = this;
    return {
      age: random.whole(15, 69),
      gender: random.pick(['female', 'male']),
      region: random.pick(REGIONS),
      language: random.pick(['ko', 'ko', 'ko', 'en']),
    };
  }

  /** Of a member who consented; each a millisecond after the one before. */
  request(i: number): MatchRequest {
    const { random } = this;
    return {
      subject: {
        interests: this.interests(),
        ...this.memberFacts(),
        country: 'KR',
        os: random.pick(['android', 'ios']),
        osVersion: '14.0',
        appVersion: '3.2',
        carrier: null,
        deviceType: 'phone',
        attributes: new Map(),
        audiences: new Set(),
      },
      now: this.now + i,
      timeZone: 'Asia/Seoul',
      personalized: true,
      nightTime: true,
      mutedAdvertisers: new Set(),
      blockedAdvertisers: new Set(),
      blockedCategories: new Set(),
      floorMicros: 0,
      leastCtr: 0,
      leastRelevance: 0,
      seed: random.whole(0, 0xffffffff),
    };
  }

  private segment(): string {
    return SEGMENTS[this.random.zipf(SEGMENTS.length)] ?? '';
  }

  private conjunction(count: number): Targeting {
    return { kind: 'all', of: Array.from({ length: count }, () => this.predicate()) };
  }

  private tree(predicates: number, depth: number): Targeting {
    const { random } = this;
    if (predicates === 1 || depth === 0) return this.predicate();
    const left = random.whole(1, predicates - 1);
    const of = [this.tree(left, depth - 1), this.tree(predicates - left, depth - 1)];
    const node: Targeting = { kind: random.chance(0.5) ? 'all' : 'any', of };
    return random.chance(0.1) ? { kind: 'not', of: node } : node;
  }

  private predicate(): Targeting {
    const { random } = this;
    const some = <T>(most: number, draw: () => T): T[] => [
      ...new Set(Array.from({ length: random.whole(1, most) }, draw)),
    ];
    const from = random.whole(15, 54);
    const predicates: readonly (readonly [() => Targeting, number])[] = [
      [
        (): Predicate => ({
          kind: 'segments',
          ids: some(3, () => this.segment()),
          minWeight: random.chance(0.2) ? random.pick([0.2, 0.3, 0.5]) : 0,
        }),
        45,
      ],
      [() => ({ kind: 'age', min: from, max: from + random.whole(5, 29) }), 15],
      [() => ({ kind: 'oneOf', field: 'gender', values: [random.pick(['female', 'male'])] }), 10],
      [() => ({ kind: 'oneOf', field: 'region', values: some(4, () => random.pick(REGIONS)) }), 10],
      [() => ({ kind: 'oneOf', field: 'os', values: [random.pick(['android', 'ios'])] }), 8],
      [() => ({ kind: 'oneOf', field: 'language', values: [random.pick(['ko', 'en', 'ja'])] }), 5],
      [() => ({ kind: 'not', of: { kind: 'segments', ids: [this.segment()], minWeight: 0 } }), 7],
    ];
    return random.weighted(predicates)();
  }
}

/**
 * Some campaigns have nothing left, some evenly paced ones take part in a share of the requests: fixed by the campaign's
 * number.
 */
export class MarketMoney implements MoneySnapshot {
  shortage = (record: AdGroupRecord): Shortage | null => (numberOf(record) % 20 === 0 ? 'budget' : null);

  pacing = (record: AdGroupRecord): Pacing => {
    if (record.pacing !== 'even') return NOT_PACED;
    const passShare = passShareOf(record);
    return { passShare, rankFactor: 0.5 + passShare / 2 };
  };
}

const NOT_PACED: Pacing = { passShare: 1, rankFactor: 1 };

/** From 1/97 to 1. */
export function passShareOf(record: AdGroupRecord): number {
  return ((numberOf(record) % 97) + 1) / 97;
}

export function numberOf({ campaignId }: AdGroupRecord): number {
  return Number(campaignId.slice(4));
}
