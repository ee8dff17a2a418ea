import { Injectable, Logger } from '@nestjs/common';
import { type IsCapped, pricesOf, selectWinners } from '../../core/auction/select-winners.js';
import type { Candidate, Scored } from '../../core/index/candidate.js';
import type { ExclusionReason, MatchRequest } from '../../core/index/match-request.js';
import { rankOrder } from '../../core/index/plain-scan.js';
import { ExposureStore, type MemberExposure } from '../../delivery/delivery.api.js';
import { AppError, invalid } from '../../platform/app-error.js';
import { inSlices } from '../../platform/in-slices.js';
import { CapReach } from '../match/cap-reach.js';
import { Decider, type PreparedMatch } from '../match/decider.js';
import type { MatchInput } from '../match/match-input.js';
import { MatchService } from '../match/match.service.js';
import { LiveIndex } from '../upkeep/live-index.js';
import { DEFAULT_EXPLAINED } from './explain-schema.js';
import { capsOf, explainedRoom } from './explained-caps.js';

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

/** A person mends a few at a time. */
const MOST_ERRORS = 20;

interface Judged {
  readonly candidates: readonly Candidate[];
  readonly eligible: Scored[];
  readonly excluded: ExplainedCandidate[];
}

/** What a match would decide now, candidate by candidate, by the same checks and order, without holding anything. */
@Injectable()
export class ExplainService {
  private readonly logger = new Logger(ExplainService.name);

  constructor(
    private readonly matching: MatchService,
    private readonly decider: Decider,
    private readonly index: LiveIndex,
    private readonly exposure: ExposureStore,
    private readonly reach: CapReach,
  ) {}

  /** Rejects with 422 for ad groups that are no candidates, with 503 while Redis or Postgres can't be read. */
  async explain(input: ExplainInput, now: number): Promise<Explanation> {
    const prepared = this.matching.prepare(input, now);
    const { placement, positions } = prepared;
    const request = await this.decider.toRequest(prepared);
    const exposure = await this.readExposure(input.userId, now);
    const room = explainedRoom(exposure, placement, now);
    const isCapped = capsOf(exposure, room, placement, request);
    const { adGroupIds, limit = adGroupIds?.length ?? DEFAULT_EXPLAINED } = input;
    // Asked for and judged as of one moment: the index changes while others have their turns.
    this.requireKnown(adGroupIds ?? []);
    const judged: Judged = { candidates: [...this.index.all()], eligible: [], excluded: [] };
    await inSlices(this.judge(judged, prepared, request, isCapped));
    const { eligible, excluded } = judged;
    const ranked = eligible.sort(rankOrder(request.seed));
    const rules = { wanted: positions.length, allowsRepeats: placement.allowsRepeats };
    const selection = selectWinners(ranked, rules, room, isCapped);
    const prices = pricesOf(selection, placement.floorMicros);
    const isPlaced = new Set(selection.winners);
    const all = [
      ...selection.winners.map((scored, i) => ({ ...explainScored(scored, 'placed'), price: prices[i] ?? 0 })),
      ...ranked.filter((scored) => !isPlaced.has(scored)).map((scored) => explainScored(scored, 'outranked')),
      ...excluded,
    ];
    const wanted = adGroupIds === undefined ? null : new Set(adGroupIds);
    const told = all.filter(({ adGroupId }) => wanted === null || wanted.has(adGroupId));
    return { candidates: told.slice(0, limit), counts: count(told) };
  }

  private requireKnown(adGroupIds: readonly string[]): void {
    const unknown = adGroupIds.flatMap((id, i) => (this.index.get(id) === null ? [`adGroupIds[${i}]`] : []));
    if (unknown.length === 0) return;
    const message = 'is no candidate: it is unknown, or its campaign is archived or over, or it was created just now';
    throw invalid(unknown.slice(0, MOST_ERRORS).map((path) => ({ path, message })));
  }

  private async readExposure(memberId: string, now: number): Promise<MemberExposure> {
    const exposure = await this.exposure.read(memberId, now, now - this.reach.longestMs).catch((error: Error) => {
      this.logger.warn({ msg: 'exposure can not be read', reason: error.message });
      return null;
    });
    if (exposure === null) {
      throw new AppError(503, 'unavailable', 'The exposure state can not be read just now.', [], {
        'retry-after': '1',
      });
    }
    return exposure;
  }

  /** Yields after each candidate: matches of others do not wait for an explanation. */
  private *judge(
    { candidates, eligible, excluded }: Judged,
    prepared: PreparedMatch,
    request: MatchRequest,
    isCapped: IsCapped,
  ): Generator<undefined, void> {
    for (const candidate of candidates) {
      const failure = this.index.firstFailure(candidate, request, (record) => isCapped(record, []));
      const reason = failure ?? (prepared.positions.length === 0 ? 'placement' : null);
      if (reason === null) eligible.push(this.index.score(candidate, request));
      else excluded.push({ adGroupId: candidate.record.id, outcome: 'excluded', reason });
      yield;
    }
  }
}

function explainScored(
  { candidate, relevance, pacing, score }: Scored,
  outcome: ExplainedCandidate['outcome'],
): ExplainedCandidate {
  const { record, ecpmMicros, ctr } = candidate;
  return { adGroupId: record.id, outcome, score, factors: { ecpmMicros, predictedCtr: ctr, relevance, pacing } };
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
