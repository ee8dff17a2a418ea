import type { Subject } from '../targeting/subject.js';
import type { AdGroupRecord } from './ad-group-record.js';

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

export type Shortage = 'budget' | 'balance';

/** How an evenly paced campaign keeps to its plan; a campaign that is not paced has 1 for both. */
export interface Pacing {
  /** Share of the requests that it takes part in, in [0, 1]. */
  readonly passShare: number;
  /** Factor of its score, in [`LEAST_RANK_FACTOR`, 1]. */
  readonly rankFactor: number;
}

/** What money says at this instant. */
export interface MoneySnapshot {
  /** Why the next message of the ad group could not be paid for; null where it could. */
  shortage(record: AdGroupRecord): Shortage | null;
  pacing(record: AdGroupRecord): Pacing;
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
