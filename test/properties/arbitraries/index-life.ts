/**
 * Lives of a candidate index: ad groups of all kinds put in, changed and taken out, money spent, time going on and back,
 * rebuilds begun, advanced and finished, and requests in between.
 */
import fc from 'fast-check';
import type { AdGroupRecord } from '../../../src/core/index/ad-group-record.js';
import type { CandidateIndex } from '../../../src/core/index/candidate-index.js';
import type { MatchRequest, MoneySnapshot, Pacing, Shortage } from '../../../src/core/index/match-request.js';
import { WEEKDAYS } from '../../../src/core/calendar/local-day.js';
import { LEAST_RANK_FACTOR } from '../../../src/core/pacing/rank-factor.js';
import { EVERYONE } from '../../../src/core/targeting/expression.js';
import { adGroup, creative, matchRequest, SUNDAY_NOON } from './candidates.js';
import { arbitrarySubject, arbitraryTargeting } from './targeting.js';

const MINUTE = 60_000;
const HOUR = 60 * MINUTE;
const ZONES = ['Asia/Seoul', 'America/New_York', 'Asia/Kolkata'] as const;
const CAMPAIGNS = ['cmp_0', 'cmp_1', 'cmp_2', 'cmp_3'] as const;
const ADVERTISERS = ['adv_0', 'adv_1', 'adv_2'] as const;
const CATEGORIES = ['auto', 'food', 'games'] as const;
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
    // Relevances that members have, too: of weights of 0, 0.5 and 1.
    leastRelevance: rarely(0, fc.constantFrom(0.5, 0.6, 0.75, 1)),
    seed: fc.nat(0xffffffff),
  })
  .map(matchRequest);

export type Deed =
  | { readonly deed: 'upsert'; readonly record: AdGroupRecord; readonly ctr: number | undefined }
  | { readonly deed: 'remove'; readonly id: string }
  | { readonly deed: 'shorten'; readonly adGroupId: string; readonly shortage: Shortage | null }
  | { readonly deed: 'pace'; readonly campaignId: string; readonly pacing: Pacing }
  | { readonly deed: 'rebuild'; readonly steps: number }
  | {
      readonly deed: 'ask';
      readonly request: MatchRequest;
      readonly limit: number;
      readonly without: ReadonlySet<string>;
    };

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
      deed: fc.constant('shorten' as const),
      adGroupId: fc.nat(AD_GROUPS - 1).map((n) => `adg_${n}`),
      shortage: fc.constantFrom(null, 'budget' as const, 'balance' as const),
    }),
    weight: 2,
  },
  {
    arbitrary: fc.record({
      deed: fc.constant('pace' as const),
      campaignId: fc.constantFrom(...CAMPAIGNS),
      pacing: fc.record({
        passShare: fc.constantFrom(0, 1 / 3, 0.9, 1, 1),
        rankFactor: fc.constantFrom(LEAST_RANK_FACTOR, 0.75, 1),
      }),
    }),
    weight: 2,
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
      without: fc
        .subarray([...CAMPAIGNS, ...Array.from({ length: AD_GROUPS }, (_, n) => `adg_${n}`)], { maxLength: 3 })
        .map((ids) => new Set(ids)),
    }),
    weight: 6,
  },
);

/** Begins with some ad groups, so that the first request finds any. */
export const arbitraryLife: fc.Arbitrary<readonly Deed[]> = fc
  .tuple(fc.array(upsert, { minLength: 4, maxLength: 30 }), fc.array(deed, { maxLength: 30 }))
  .map(([first, then]) => [...first, ...then]);

/** What money says, which deeds change. */
export class Purse implements MoneySnapshot {
  private readonly shortages = new Map<string, Shortage | null>();
  private readonly paces = new Map<string, Pacing>();

  shortage = (record: AdGroupRecord): Shortage | null => this.shortages.get(record.id) ?? null;

  pacing = (record: AdGroupRecord): Pacing => this.paces.get(record.campaignId) ?? { passShare: 1, rankFactor: 1 };

  shorten({ adGroupId, shortage }: Deed & { deed: 'shorten' }): void {
    this.shortages.set(adGroupId, shortage);
  }

  pace({ campaignId, pacing }: Deed & { deed: 'pace' }): void {
    this.paces.set(campaignId, pacing);
  }
}

/** Tells the index of all whose money a deed touched. */
export function recheckWhere(index: CandidateIndex, isTouched: (record: AdGroupRecord) => boolean): void {
  for (const { record } of [...index.all()]) if (isTouched(record)) index.recheck(record.id);
}
