import type { Scored } from '../../core/index/candidate.js';
import type { ExclusionReason } from '../../core/index/match-request.js';

export interface ExplainedCandidate {
  readonly adGroupId: string;
  readonly outcome: 'placed' | 'outranked' | 'excluded';
  readonly reason?: ExclusionReason;
  /** Base micros per 1,000 impressions. */
  readonly score?: number;
  /** What it would be charged, in micros of the advertiser's currency; placed ones only. */
  readonly price?: number;
  /** Of scored ones. */
  readonly factors?: {
    readonly ecpmMicros: number;
    readonly predictedCtr: number;
    readonly relevance: number;
    readonly pacing: number;
  };
}

export interface Explanation {
  readonly candidates: readonly ExplainedCandidate[];
  readonly counts: {
    readonly placed: number;
    readonly outranked: number;
    readonly excluded: Readonly<Partial<Record<ExclusionReason, number>>>;
  };
}

export function explainScored(
  { candidate, relevance, pacing, score }: Scored,
  outcome: ExplainedCandidate['outcome'],
): ExplainedCandidate {
  const { record, ecpmMicros, ctr } = candidate;
  return { adGroupId: record.id, outcome, score, factors: { ecpmMicros, predictedCtr: ctr, relevance, pacing } };
}

export function countReasons(excluded: readonly ExplainedCandidate[]): Explanation['counts']['excluded'] {
  const counts: Partial<Record<ExclusionReason, number>> = {};
  for (const { reason } of excluded) if (reason !== undefined) counts[reason] = (counts[reason] ?? 0) + 1;
  return counts;
}
