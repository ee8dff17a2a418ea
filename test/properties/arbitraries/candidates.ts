/**
 * Ad groups, requests and means to match, by hand and arbitrary. The plain ones pass every check; tests change what they
 * are about.
 */
import fc from 'fast-check';
import type { AdGroupRecord, CreativeRecord } from '../../../src/core/index/ad-group-record.js';
import type { MatchRequest, MoneySnapshot, Pacing, Shortage } from '../../../src/core/index/match-request.js';
import type { ExchangeRates } from '../../../src/core/money/currency.js';
import { EVERYONE } from '../../../src/core/targeting/expression.js';
import type { Subject } from '../../../src/core/targeting/subject.js';
import { arbitrarySubject, arbitraryTargeting } from './targeting.js';

/** Sunday, 12:00 in Seoul. */
export const SUNDAY_NOON = Date.parse('2026-11-22T03:00:00Z');
const DAY_MS = 86_400_000;
export const WON_RATES: ExchangeRates = {
  base: 'KRW',
  rates: new Map([
    ['USD', 1400],
    ['JPY', 9.3],
  ]),
};

export function creative(fields: Partial<CreativeRecord> = {}): CreativeRecord {
  return {
    id: 'cre_1',
    senderName: '한빛전기차',
    title: '이번 주말 시승하세요',
    body: '가까운 전시장에서 만나요.',
    imageUrl: null,
    callToAction: '시승 예약',
    landingUrl: 'https://example.com/ev',
    language: null,
    caps: [],
    ...fields,
  };
}

export function adGroup(fields: Partial<AdGroupRecord> = {}): AdGroupRecord {
  return {
    id: 'adg_1',
    campaignId: 'cmp_1',
    advertiserId: 'adv_1',
    campaignStatus: 'active',
    startsAt: SUNDAY_NOON - 30 * DAY_MS,
    endsAt: null,
    timeZone: 'Asia/Seoul',
    currency: 'KRW',
    targeting: EVERYONE,
    bid: { model: 'cpm', amountMicros: 5_000_000_000 },
    adGroupCaps: [],
    campaignCaps: [],
    advertiserCaps: [],
    dayParts: null,
    budgets: { campaignTotalMicros: null, campaignDailyMicros: null, adGroupDailyMicros: null },
    pacing: 'asap',
    categories: [],
    creatives: [creative()],
    ...fields,
  };
}

export const UNKNOWN_SUBJECT: Subject = {
  interests: new Map(),
  age: null,
  gender: null,
  country: null,
  region: null,
  language: null,
  os: null,
  osVersion: null,
  appVersion: null,
  carrier: null,
  deviceType: null,
  attributes: new Map(),
  audiences: new Set(),
};

export function matchRequest(fields: Partial<MatchRequest> = {}): MatchRequest {
  return {
    subject: UNKNOWN_SUBJECT,
    now: SUNDAY_NOON,
    timeZone: 'Asia/Seoul',
    personalized: true,
    nightTime: false,
    mutedAdvertisers: new Set(),
    blockedAdvertisers: new Set(),
    blockedCategories: new Set(),
    floorMicros: 0,
    leastCtr: 0,
    leastRelevance: 0,
    seed: 1,
    ...fields,
  };
}

export interface Means extends Pacing {
  readonly shortage: Shortage | null;
}

/** The same for every ad group: enough for everything, unless told otherwise. */
export function money(fields: Partial<Means> = {}): MoneySnapshot {
  const { shortage, ...pacing } = { shortage: null, passShare: 1, rankFactor: 1, ...fields };
  return { shortage: () => shortage, pacing: () => pacing };
}

/** Bids from few values, so that scores are often equal. */
const arbitraryBid = fc.record({
  model: fc.constantFrom('cpm' as const, 'cpc' as const),
  amountMicros: fc.oneof(fc.constantFrom(1_000_000, 100_000_000, 1_000_000_000), fc.integer({ min: 1, max: 9e15 })),
});

/** A set of ad groups with different ids. */
export const arbitraryAdGroups: fc.Arbitrary<readonly AdGroupRecord[]> = fc
  .array(
    fc.record({
      bid: arbitraryBid,
      targeting: fc.oneof(fc.constant(EVERYONE), arbitraryTargeting),
      currency: fc.constantFrom('KRW', 'USD', 'JPY'),
      campaignStatus: fc.constantFrom('active' as const, 'active' as const, 'paused' as const),
      advertiser: fc.nat(3),
    }),
    { maxLength: 12 },
  )
  .map((groups) =>
    groups.map(({ advertiser, ...fields }, i) =>
      adGroup({ ...fields, id: `adg_${i}`, campaignId: `cmp_${i}`, advertiserId: `adv_${advertiser}` }),
    ),
  );

export const arbitraryMatchRequest: fc.Arbitrary<MatchRequest> = fc
  .record({
    subject: arbitrarySubject,
    personalized: fc.boolean(),
    mutedAdvertisers: fc.subarray(['adv_0', 'adv_1']).map((ids) => new Set(ids)),
    seed: fc.integer({ min: 0, max: 0xffffffff }),
  })
  .map(matchRequest);
