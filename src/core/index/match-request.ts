import type { Subject } from '../targeting/subject.js';

/** One request as matching sees it: who, when, and what was consented to. The same request gives the same ranking. */
export interface MatchRequest {
  readonly subject: Subject;
  /** Epoch ms. */
  readonly now: number;
  /** The member's IANA zone; null: unknown. */
  readonly timeZone: string | null;
  /** The member consented to messages chosen by personal data. */
  readonly personalized: boolean;
  /** The member consented to sponsored messages at night. */
  readonly nightTime: boolean;
  readonly mutedAdvertisers: ReadonlySet<string>;
  /** What the request itself rules out (OpenRTB `badv` and `bcat`). */
  readonly blockedAdvertisers: ReadonlySet<string>;
  readonly blockedCategories: ReadonlySet<string>;
  /** Lowest eCPM that the placement takes, in micros of the base currency. */
  readonly floorMicros: number;
  /** Lowest predicted CTR and lowest relevance that the placement takes; 0: any. */
  readonly leastCtr: number;
  readonly leastRelevance: number;
  /** Decides between equals, so that none is always second; from the request's id. */
  readonly seed: number;
}

/** What has been spent and what is left, as last heard from the ledger; days are the advertiser's, 'YYYY-MM-DD'. */
export interface SpendSnapshot {
  balanceMicros(advertiserId: string): number;
  campaignSpentMicros(campaignId: string): number;
  campaignSpentOnMicros(campaignId: string, day: string): number;
  adGroupSpentOnMicros(campaignId: string, adGroupId: string, day: string): number;
}

/** The checks in their order; the first that fails is the reason for which an ad group is left out. */
export const EXCLUSION_REASONS = [
  'targeting',
  'schedule',
  'day_part',
  'budget',
  'balance',
  'pacing',
  'frequency_cap',
  'creative',
  'consent',
  'muted',
  'placement',
] as const;
export type ExclusionReason = (typeof EXCLUSION_REASONS)[number];
