/**
 * Lives of a candidate index: ad groups of all kinds put in, changed and taken out, money spent, time going on and back,
 * rebuilds begun, advanced and finished, and requests in between.
 */
import fc from 'fast-check';
import type { AdGroupRecord } from '../../../src/core/index/ad-group-record.js';
import type { CandidateIndex } from '../../../src/core/index/candidate-index.js';
import type { MatchRequest, SpendSnapshot } from '../../../src/core/index/match-request.js';
import { WEEKDAYS } from '../../../src/core/calendar/local-day.js';
import { EVERYONE } from '../../../src/core/targeting/expression.js';
import { adGroup, creative, matchRequest, SUNDAY_NOON } from './candidates.js';
import { arbitrarySubject, arbitraryTargeting } from './targeting.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const ZONES = ['Asia/Seoul', 'America/New_York', 'Asia/Kolkata'] as const;
const CAMPAIGNS = ['cmp_0', 'cmp_1', 'cmp_2', 'cmp_3'] as const;
const ADVERTISERS = ['adv_0', 'adv_1', 'adv_2'] as const;
const CATEGORIES = ['auto', 'food', 'games'] as const;
const DAYS = ['2026-11-21', '2026-11-22', '2026-11-23'] as const;
const AD_GROUPS = 24;

/** Around the ends of minutes, steps, hours and local days, and a day to both sides. */
const instant = fc
  .tuple(fc.constantFrom(-26, -12, 0, 0, 3, 12, 26), fc.constantFrom(-MINUTE, -10_000, -1, 0, 1, 9_999, 10_000, MINUTE))
  .map(([hours, ms]) => SUNDAY_NOON + hours * HOUR + ms);

const dayParts = fc.record({
  clock: fc.constantFrom('advertiser' as const, 'member' as const),
  windows: fc.array(
    fc.record({
      days: fc.subarray([...WEEKDAYS], { minLength: 3 }),
      fromMinute: fc.constantFrom(0, 11 * 60, 12 * 60, 11 * 60 + 59),
      toMinute: fc.constantFrom(12 * 60 + 1, 13 * 60, 18 * 60 + 30, 1_440),
    }),
    { minLength: 1, maxLength: 2 },
  ),
});

const micros = fc.constantFrom(5_000_000, 20_000_000, 100_000_000);

/** Mostly what passes the check, so that not every ad group fails some. */
const rarely = <T, U>(usual: T, other: fc.Arbitrary<U>): fc.Arbitrary<T | U> =>
  fc.oneof({ arbitrary: fc.constant(usual), weight: 4 }, { arbitrary: other, weight: 1 });

export const arbitraryRecord: fc.Arbitrary<AdGroupRecord> = fc
  .record({
    id: fc.nat(AD_GROUPS - 1).map((n) => `adg_${n}`),
    campaignId: fc.constantFrom(...CAMPAIGNS),
    advertiserId: fc.constantFrom(...ADVERTISERS),
    campaignStatus: rarely('active' as const, fc.constantFrom('draft' as const, 'paused' as const)),
    startsAt: rarely(0, instant),
    endsAt: rarely(null, instant),
    timeZone: fc.constantFrom(...ZONES),
    currency: fc.constantFrom('KRW', 'USD'),
    targeting: fc.oneof(fc.constant(EVERYONE), arbitraryTargeting),
    bid: fc.record({
      model: fc.constantFrom('cpm' as const, 'cpc' as const),
      amountMicros: fc.oneof(fc.constantFrom(1_000_000, 100_000_000, 5_000_000_000), fc.integer({ min: 1, max: 9e12 })),
    }),
    dayParts: rarely(null, dayParts),
    budgets: fc.record({
      campaignTotalMicros: rarely(null, micros),
      campaignDailyMicros: fc.option(micros, { freq: 1 }),
      adGroupDailyMicros: rarely(null, micros),
    }),
    pacing: fc.constantFrom('even' as const, 'asap' as const),
    categories: rarely([] as string[], fc.subarray<string>([...CATEGORIES])),
    languages: rarely<(string | null)[], (string | null)[]>(
      [null],
      fc.array(fc.constantFrom(null, 'ko', 'en', 'en-GB', 'zh-Hant'), { maxLength: 3 }),
    ),
  })
  .map(({ languages, ...fields }) =>
    adGroup({ ...fields, creatives: languages.map((language, i) => creative({ id: `cre_${i}`, language })) }),
  );

export const arbitraryRequest: fc.Arbitrary<MatchRequest> = fc
  .record({
    subject: arbitrarySubject,
    now: instant,
    timeZone: rarely('Asia/Seoul', fc.option(fc.constantFrom(...ZONES))),
    personalized: rarely(true, fc.constant(false)),
    nightTime: rarely(true, fc.constant(false)),
    mutedAdvertisers: rarely([], fc.subarray<string>([...ADVERTISERS], { maxLength: 1 })).map(
      (ids) => new Set<string>(ids),
    ),
    blockedAdvertisers: rarely([], fc.subarray<string>([...ADVERTISERS], { maxLength: 1 })).map(
      (ids) => new Set<string>(ids),
    ),
    blockedCategories: rarely([], fc.subarray<string>([...CATEGORIES], { maxLength: 1 })).map(
      (ids) => new Set<string>(ids),
    ),
    floorMicros: rarely(0, fc.constantFrom(1_000_000, 100_000_000)),
    leastCtr: rarely(0, fc.constant(0.01)),
    leastRelevance: rarely(0, fc.constant(0.6)),
    seed: fc.nat(0xffffffff),
  })
  .map(matchRequest);

export type Deed =
  | { readonly deed: 'upsert'; readonly record: AdGroupRecord; readonly ctr: number | undefined }
  | { readonly deed: 'remove'; readonly id: string }
  | {
      readonly deed: 'spend';
      readonly campaignId: string;
      readonly day: string;
      readonly adGroupId: string;
      readonly micros: number;
    }
  | { readonly deed: 'credit'; readonly advertiserId: string; readonly micros: number }
  | { readonly deed: 'rebuild'; readonly steps: number }
  | { readonly deed: 'ask'; readonly request: MatchRequest; readonly limit: number };

const upsert = fc.record({
  deed: fc.constant('upsert' as const),
  record: arbitraryRecord,
  ctr: fc.constantFrom(undefined, undefined, 0.001, 0.02),
});

const deed: fc.Arbitrary<Deed> = fc.oneof(
  { arbitrary: upsert, weight: 6 },
  {
    arbitrary: fc.record({ deed: fc.constant('remove' as const), id: fc.nat(AD_GROUPS - 1).map((n) => `adg_${n}`) }),
    weight: 1,
  },
  {
    arbitrary: fc.record({
      deed: fc.constant('spend' as const),
      campaignId: fc.constantFrom(...CAMPAIGNS),
      day: fc.constantFrom(...DAYS),
      adGroupId: fc.nat(AD_GROUPS - 1).map((n) => `adg_${n}`),
      micros: fc.constantFrom(0, 1_000_000, 4_999_999, 19_000_000, 50_000_000),
    }),
    weight: 2,
  },
  {
    arbitrary: fc.record({
      deed: fc.constant('credit' as const),
      advertiserId: fc.constantFrom(...ADVERTISERS),
      micros: fc.constantFrom(-999_999_999_999, 1_000_000, 1e12),
    }),
    weight: 1,
  },
  {
    arbitrary: fc.record({ deed: fc.constant('rebuild' as const), steps: fc.constantFrom(1, 3, 10, 1_000) }),
    weight: 1,
  },
  {
    arbitrary: fc.record({
      deed: fc.constant('ask' as const),
      request: arbitraryRequest,
      limit: fc.constantFrom(0, 1, 2, 5, 100),
    }),
    weight: 6,
  },
);

/** Begins with some ad groups, so that the first request finds any. */
export const arbitraryLife: fc.Arbitrary<readonly Deed[]> = fc
  .tuple(fc.array(upsert, { minLength: 4, maxLength: 30 }), fc.array(deed, { maxLength: 30 }))
  .map(([first, then]) => [...first, ...then]);

/** What was spent and what is left, which deeds change. Balances begin at 10¹² micros. */
export class Purse implements SpendSnapshot {
  private readonly balances = new Map<string, number>();
  private readonly rows = new Map<string, number>();

  balanceMicros = (advertiserId: string): number => this.balances.get(advertiserId) ?? 1e12;

  campaignSpentMicros = (campaignId: string): number => this.sum(`${campaignId} `);

  campaignSpentOnMicros = (campaignId: string, day: string): number => this.sum(`${campaignId} ${day} `);

  adGroupSpentOnMicros = (campaignId: string, adGroupId: string, day: string): number =>
    this.rows.get(`${campaignId} ${day} ${adGroupId}`) ?? 0;

  spend({ campaignId, day, adGroupId, micros }: Deed & { deed: 'spend' }): void {
    this.rows.set(`${campaignId} ${day} ${adGroupId}`, micros);
  }

  credit({ advertiserId, micros }: Deed & { deed: 'credit' }): void {
    this.balances.set(advertiserId, this.balanceMicros(advertiserId) + micros);
  }

  private sum(prefix: string): number {
    let sum = 0;
    for (const [key, micros] of this.rows) if (key.startsWith(prefix)) sum += micros;
    return sum;
  }
}

/** Tells the index of all whose money a deed touched. */
export function recheckWhere(index: CandidateIndex, isTouched: (record: AdGroupRecord) => boolean): void {
  for (const { record } of [...index.all()]) if (isTouched(record)) index.recheck(record.id);
}
