import { Injectable } from '@nestjs/common';
import { secondPriceMicros } from '../../core/auction/price.js';
import type { AdGroupRecord } from '../../core/index/ad-group-record.js';
import type { Candidate, Scored } from '../../core/index/candidate.js';
import type { ExclusionReason, MatchRequest } from '../../core/index/match-request.js';
import { rankOrder } from '../../core/index/plain-scan.js';
import { ExposureStore, type HoldCap, type MemberExposure } from '../../delivery/delivery.api.js';
import { AppError } from '../../platform/app-error.js';
import { holdCaps } from '../match/hold-candidates.js';
import type { MatchInput } from '../match/match-input.js';
import { Decider, type PreparedMatch } from '../match/decider.js';
import { MatchService } from '../match/match.service.js';
import { LiveIndex } from '../upkeep/live-index.js';

export interface ExplainInput extends MatchInput {
  readonly adGroupIds?: readonly string[];
  readonly limit?: number;
}

export interface ExplainedCandidate {
  readonly adGroupId: string;
  readonly outcome: 'placed' | 'outranked' | 'excluded';
  readonly reason?: ExclusionReason;
  /** Base micros per 1,000 impressions. */
  readonly score?: number;
  /** What it would be charged, in micros of the advertiser's currency; placed ones only. */
  readonly price?: number;
}

export interface Explanation {
  readonly candidates: readonly ExplainedCandidate[];
  readonly counts: {
    readonly placed: number;
    readonly outranked: number;
    readonly excluded: Readonly<Partial<Record<ExclusionReason, number>>>;
  };
}

export const DEFAULT_EXPLAINED = 100;
export const MAX_EXPLAINED = 10_000;

/** What a match would decide now, candidate by candidate, by the same checks and order, without holding anything. */
@Injectable()
export class ExplainService {
  constructor(
    private readonly matching: MatchService,
    private readonly decider: Decider,
    private readonly index: LiveIndex,
    private readonly exposure: ExposureStore,
  ) {}

  async explain(input: ExplainInput, now: number): Promise<Explanation> {
    const prepared = this.matching.prepare(input, now);
    const request = await this.decider.toRequest(prepared);
    const exposure = await this.exposure.read(input.userId, now);
    if (exposure === null) {
      throw new AppError(503, 'unavailable', 'The exposure state can not be read just now.', [], {
        'retry-after': '1',
      });
    }
    const { eligible, excluded } = this.judge(prepared, request, exposure);
    const ranked = explainRanked(eligible.sort(rankOrder(request.seed)), prepared);
    const all = [...ranked, ...excluded];
    const wanted = input.adGroupIds === undefined ? null : new Set(input.adGroupIds);
    const candidates = all.filter(({ adGroupId }) => wanted === null || wanted.has(adGroupId));
    return { candidates: candidates.slice(0, input.limit ?? DEFAULT_EXPLAINED), counts: count(candidates) };
  }

  private judge(prepared: PreparedMatch, request: MatchRequest, exposure: MemberExposure) {
    const eligible: Scored[] = [];
    const excluded: ExplainedCandidate[] = [];
    const capped = (record: AdGroupRecord): boolean => isCapped(record, exposure, request.now);
    for (const candidate of this.index.all()) {
      const failure = this.index.firstFailure(candidate, request, capped);
      const reason = failure ?? (prepared.positions.length === 0 ? 'placement' : null);
      if (reason === null) eligible.push(this.index.score(candidate, request));
      else excluded.push({ adGroupId: candidate.record.id, outcome: 'excluded', reason });
    }
    return { eligible, excluded };
  }
}

/** As the hold script counts: open holds count in every window, impressions from the window's start on. */
function isCapped(record: AdGroupRecord, exposure: MemberExposure, now: number): boolean {
  const caps = holdCaps(record, now);
  if (exposure.isQuarantined && caps.length > 0) return true;
  return caps.some((cap) => used(cap, record, exposure) >= cap.limit);
}

function used(
  cap: HoldCap,
  record: AdGroupRecord,
  { impressions, holds, totals, settledUntil }: MemberExposure,
): number {
  const key = cap.scope === 'adGroup' ? 'adGroupId' : 'campaignId';
  const id = cap.scope === 'adGroup' ? record.id : record.campaignId;
  const held = holds.filter((hold) => hold[key] === id && hold.expiresAt > settledUntil).length;
  if (cap.from < 0) return held + (totals[id] ?? 0);
  return held + impressions.filter((impression) => impression[key] === id && impression.at >= cap.from).length;
}

/** In rank order, no advertiser twice; the price of a placed one is set by the next that could be placed. */
function explainRanked(
  ranked: readonly Scored[],
  { positions, placement }: PreparedMatch,
): readonly ExplainedCandidate[] {
  const distinct = new Map<string, Scored>();
  for (const scored of ranked) {
    const { advertiserId } = scored.candidate.record;
    if (!distinct.has(advertiserId)) distinct.set(advertiserId, scored);
  }
  const winners = [...distinct.values()].slice(0, positions.length + 1);
  const placed = winners.slice(0, positions.length);
  const explained = placed.map((scored, i): ExplainedCandidate => {
    const { record, rate, ctr } = scored.candidate;
    const contender = { bid: record.bid, rate, ctr, quality: scored.relevance * scored.pacing };
    const price = secondPriceMicros(contender, winners[i + 1]?.score ?? null, placement.floorMicros);
    return { adGroupId: record.id, outcome: 'placed', score: scored.score, price };
  });
  const isPlaced = new Set<Candidate>(placed.map(({ candidate }) => candidate));
  const outranked = ranked
    .filter(({ candidate }) => !isPlaced.has(candidate))
    .map(({ candidate, score }): ExplainedCandidate => ({
      adGroupId: candidate.record.id,
      outcome: 'outranked',
      score,
    }));
  return [...explained, ...outranked];
}

function count(candidates: readonly ExplainedCandidate[]): Explanation['counts'] {
  const counts = { placed: 0, outranked: 0, excluded: {} as Partial<Record<ExclusionReason, number>> };
  for (const { outcome, reason } of candidates) {
    if (reason !== undefined) counts.excluded[reason] = (counts.excluded[reason] ?? 0) + 1;
    else if (outcome === 'placed') counts.placed++;
    else counts.outranked++;
  }
  return counts;
}
