import type { AdGroupRecord } from './ad-group-record.js';
import type { Candidate, Scored } from './candidate.js';
import type { MatchRequest, MoneySnapshot } from './match-request.js';

/**
 * All ad groups that may serve, and the best of them for a request. Rank order is by score, highest first; between equal
 * scores by `tieBreak`, then by id, so that it is total and every implementation gives the same.
 */
export interface CandidateIndex {
  readonly size: number;
  /** Adds the ad group or replaces the one with its id. `ctr`: predicted; the prior where nothing is known. */
  upsert(record: AdGroupRecord, ctr?: number): void;
  remove(adGroupId: string): void;
  /** What money says of this ad group has changed since it was last asked about. */
  recheck(adGroupId: string): void;
  get(adGroupId: string): Candidate | null;
  /**
   * The first `limit` in rank order of those that nothing but a frequency cap can exclude. `without`: ids of ad groups, and
   * of campaigns, that are passed over.
   */
  top(request: MatchRequest, money: MoneySnapshot, limit: number, without?: ReadonlySet<string>): readonly Scored[];
  /** All of those; to be read before the index is asked or changed again. */
  eligible(request: MatchRequest, money: MoneySnapshot): Eligible;
  /** Every candidate, in no particular order. */
  all(): Iterable<Candidate>;
}

/** Candidates in no particular order. */
export interface Eligible extends Iterable<Candidate> {
  readonly size: number;
}
