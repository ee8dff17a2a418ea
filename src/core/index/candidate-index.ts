import type { AdGroupRecord } from './ad-group-record.js';
import type { Candidate, Scored } from './candidate.js';
import type { MatchRequest, SpendSnapshot } from './match-request.js';

/**
 * All ad groups that may serve, and the best of them for a request. Rank order is by score, highest first; between equal
 * scores by `tieBreak`, then by id, so that it is total and every implementation gives the same.
 */
export interface CandidateIndex {
  readonly size: number;
  /** Adds the ad group or replaces the one with its id. */
  upsert(record: AdGroupRecord): void;
  remove(adGroupId: string): void;
  get(adGroupId: string): Candidate | null;
  /** The first `limit` in rank order of those that nothing but a frequency cap can exclude. */
  top(request: MatchRequest, spend: SpendSnapshot, limit: number): readonly Scored[];
  /** Every candidate, in no particular order. */
  all(): Iterable<Candidate>;
}
