/** Entrants of an auction and what its member has seen, by hand and arbitrary. */
import fc from 'fast-check';
import { type LoadRules, type MemberMessages } from '../../../src/core/auction/member-load.js';
import type { Bid } from '../../../src/core/index/ad-group-record.js';
import { type Scored, toCandidate } from '../../../src/core/index/candidate.js';
import { rankOrder } from '../../../src/core/auction/rank-order.js';
import { adGroup, SUNDAY_NOON, WON_RATES } from './candidates.js';

export interface Entrant {
  readonly id: string;
  readonly advertiser: string;
  readonly campaign?: string;
  readonly categories?: readonly string[];
  readonly bid: Bid;
  readonly currency?: string;
  readonly ctr?: number;
  readonly relevance?: number;
  readonly pacing?: number;
}

export function scoredEntrant(entrant: Entrant): Scored {
  const { id, advertiser, campaign = `of ${id}`, categories = [], bid, currency = 'KRW', ctr } = entrant;
  const { relevance = 1, pacing = 1 } = entrant;
  const record = adGroup({ id, campaignId: campaign, advertiserId: advertiser, categories, bid, currency });
  const candidate = toCandidate(record, WON_RATES, ctr);
  return { candidate, relevance, pacing, score: candidate.ecpmMicros * (relevance * pacing) };
}

export const UNLIMITED: LoadRules = {
  maxPerMemberPerDay: null,
  minGapSeconds: null,
  maxPerAdvertiserPerDay: null,
  minAdvertiserGapSeconds: null,
};

export const NOTHING_SEEN: MemberMessages = { impressions: [], holds: [], settledUntil: SUNDAY_NOON };

export const idOf = ({ candidate }: Scored): string => candidate.record.id;
export const advertiserOf = ({ candidate }: Scored): string => candidate.record.advertiserId;
export const categoriesOf = ({ candidate }: Scored): readonly string[] => candidate.record.categories;

const factor = fc.oneof(fc.constantFrom(0.5, 1), fc.double({ min: 0.5, max: 1, noNaN: true }));
const advertiser = fc.integer({ min: 0, max: 4 }).map((i) => `adv_${i}`);

/** Few advertisers and labels, and few amounts, so that entrants collide and tie. */
export const arbitraryRanked: fc.Arbitrary<readonly Scored[]> = fc
  .array(
    fc.record({
      advertiser,
      categories: fc.subarray(['auto', 'food', 'games'], { maxLength: 2 }),
      bid: fc.record({
        model: fc.constantFrom('cpm' as const, 'cpc' as const),
        amountMicros: fc.oneof(fc.constantFrom(2_000_000, 5_000_000_000), fc.integer({ min: 2_000, max: 1e12 })),
      }),
      currency: fc.constantFrom('KRW', 'USD', 'JPY'),
      ctr: fc.double({ min: 0.0001, max: 0.2, noNaN: true }),
      relevance: factor,
      pacing: factor,
    }),
    { maxLength: 12 },
  )
  .map((entrants) => entrants.map((entrant, i) => scoredEntrant({ id: `adg_${i}`, ...entrant })).sort(rankOrder(7)));

const limit = (max: number) => fc.option(fc.integer({ min: 1, max }), { nil: null });

export const arbitraryLoadRules: fc.Arbitrary<LoadRules> = fc.oneof(
  fc.constant(UNLIMITED),
  fc.record({
    maxPerMemberPerDay: limit(6),
    minGapSeconds: limit(5_000),
    maxPerAdvertiserPerDay: limit(4),
    minAdvertiserGapSeconds: limit(50_000),
  }),
);

const DAY_MS = 86_400_000;
/** Mostly within two days, often right at the edges of a day and of the gaps above. */
const earlier = fc
  .oneof(fc.nat(2 * DAY_MS), fc.constantFrom(0, 1, DAY_MS - 1, DAY_MS, DAY_MS + 1, 1_000, 999, 5_000_000))
  .map((ago) => SUNDAY_NOON - ago);

export const arbitraryMessages: fc.Arbitrary<MemberMessages> = fc.record({
  impressions: fc.array(fc.record({ advertiserId: advertiser, at: earlier }), { maxLength: 6 }),
  holds: fc.array(
    fc.record({
      advertiserId: advertiser,
      decidedAt: earlier,
      expiresAt: fc.oneof(earlier, fc.constant(SUNDAY_NOON + 600_000)),
    }),
    { maxLength: 4 },
  ),
  settledUntil: fc.oneof(fc.constant(SUNDAY_NOON), earlier),
});
