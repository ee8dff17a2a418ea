/** Catalogues and requests that cost a match most: of what the API takes, and of what a caller can send. */
import { WEEKDAYS } from '../../../src/core/calendar/local-day.js';
import { BlockIndex } from '../../../src/core/index/block-index.js';
import type { AdGroupRecord } from '../../../src/core/index/ad-group-record.js';
import type { MatchRequest, MoneySnapshot } from '../../../src/core/index/match-request.js';
import { EVERYONE } from '../../../src/core/targeting/expression.js';
import { MAX_ATTRIBUTES, MAX_INTERESTS, MAX_MUTED_ADVERTISERS } from '../../../src/profiles/profile-limits.js';
import { matchRequest, money } from '../../properties/arbitraries/candidates.js';
import {
  HOSTILE_SHAPES,
  hostileIndex,
  risingScores,
  TARGETED_MEMBER,
} from '../../properties/arbitraries/hostile-catalogue.js';
import { Market, MarketMoney, RATES, type Shape, WON } from '../market.js';

export interface HostileScene {
  readonly name: string;
  readonly index: BlockIndex;
  readonly money: MoneySnapshot;
  readonly requests: readonly MatchRequest[];
}

/** Sunday, noon in Seoul. */
const NOW = Date.parse('2026-11-22T03:00:00Z');
const REQUESTS = 20;
/** As `match-input.ts` takes them. */
const MOST_BLOCKED = 100;
const CATEGORIES = 90;
const WINDOWS = 50;

const range = (length: number): number[] => Array.from({ length }, (_, i) => i);
const category = (i: number): string => `category-${i % CATEGORIES}`;

/** The most complex targeting that is taken, all ranked first. */
export function* hostileTargeting(): Generator<HostileScene> {
  const requests = range(REQUESTS).map((seed) => matchRequest({ subject: TARGETED_MEMBER, seed }));
  for (const advertisers of [1, 25]) {
    for (const { name, targeting } of HOSTILE_SHAPES) {
      const index = hostileIndex(targeting, advertisers);
      yield { name: `${name}, advertisers: ${advertisers}`, index, money: money(), requests };
    }
  }
}

/** What a caller can send, to an ordinary catalogue: everything at its limit, or nothing that is let pass. */
export function* hostileRequests(size: number, shape: Shape): Generator<HostileScene> {
  const market = new Market(`worst match ${size}`, NOW, shape);
  const index = filled(market, size, (record, i) => ({ ...record, categories: [category(i >> 2)] }));
  const plain = range(REQUESTS).map((i) => market.request(i));
  const full = plain.map(atItsLimits);
  const blocking = (requests: readonly MatchRequest[], count: number) =>
    requests.map((request) => ({ ...request, blockedCategories: new Set(range(count).map(category)) }));
  const scenes: readonly (readonly [string, readonly MatchRequest[]])[] = [
    ['ordinary requests', plain],
    ['all lists at their limits', full],
    ['the same, nearly all categories blocked', blocking(full, CATEGORIES - 4)],
    ['the same, all categories blocked', blocking(full, CATEGORIES)],
    ['relevance of 1 asked for', full.map((request) => ({ ...request, leastRelevance: 1 }))],
  ];
  for (const [name, requests] of scenes)
    yield { name: `${size} (${shape}), ${name}`, index, money: new MarketMoney(), requests };
}

/** Whatever rows and bounds can't cut short, with ad groups of every kind that costs more than others. */
export function* hostileCatalogues(size: number): Generator<HostileScene> {
  const market = new Market(`worst match ${size}`, NOW);
  const plain = range(REQUESTS).map((i) => market.request(i));
  const everyone = (advertisers: number) => (record: AdGroupRecord, i: number) => ({
    ...record,
    targeting: EVERYONE,
    dayParts: null,
    advertiserId: `adv_${i % advertisers}`,
  });
  const few = filled(market, size, everyone(20));
  const muted = plain.map((request) => ({ ...request, mutedAdvertisers: new Set(range(20).map((i) => `adv_${i}`)) }));
  yield { name: `${size} of 20 advertisers, for everyone`, index: few, money: money(), requests: plain };
  yield { name: 'the same, all of them muted', index: few, money: money(), requests: muted };
  yield {
    name: `${size}, the lower the bid the higher the score`,
    index: filled(market, size, (record, i) => ({ ...everyone(400)(record, i), bid: risingScores.bid(i, size) })),
    money: risingScores.money(size),
    requests: plain,
  };
  yield { name: `${size} of one bid`, index: filled(market, size, oneBid), money: money(), requests: plain };
  yield {
    name: `${size}, ${WINDOWS} windows of day parts by minutes`,
    index: filled(market, size, (record, i) => ({ ...everyone(400)(record, i), dayParts: pastWindows(i) })),
    money: money(),
    requests: plain,
  };
}

function filled(market: Market, size: number, of: (record: AdGroupRecord, i: number) => AdGroupRecord): BlockIndex {
  const index = new BlockIndex(RATES);
  for (let i = 0; i < size; i++) index.load(of(market.adGroup(i), i), market.ctr());
  for (const work = index.rebuild(); work.next().done !== true;);
  return index;
}

function atItsLimits({ subject, ...request }: MatchRequest): MatchRequest {
  return {
    ...request,
    subject: {
      ...subject,
      interests: new Map(range(MAX_INTERESTS).map((i) => [`segment.${i}`, 0.9])),
      attributes: new Map(range(MAX_ATTRIBUTES).map((i) => [`a${i}`, i])),
    },
    mutedAdvertisers: new Set(range(MAX_MUTED_ADVERTISERS).map((i) => `adv_muted_${i}`)),
    blockedAdvertisers: new Set(range(MOST_BLOCKED).map((i) => `adv_blocked_${i}`)),
    blockedCategories: new Set(range(MOST_BLOCKED).map((i) => `other-${i}`)),
  };
}

/** Of many advertisers, all for everyone: the tie decides. */
function oneBid(record: AdGroupRecord, i: number): AdGroupRecord {
  const bid = { model: 'cpm', amountMicros: 1_000 * WON } as const;
  return { ...record, advertiserId: `adv_${i % 400}`, targeting: EVERYONE, dayParts: null, bid };
}

/** Within the hour of the requests, which its row lets pass, and over before their minute. */
function pastWindows(i: number): AdGroupRecord['dayParts'] {
  const windows = range(WINDOWS).map((k) => ({
    days: WEEKDAYS,
    fromMinute: 12 * 60 + 1,
    toMinute: 12 * 60 + 2 + ((i + k) % 50),
  }));
  return { clock: 'member', windows };
}
