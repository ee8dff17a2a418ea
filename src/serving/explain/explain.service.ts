import { Injectable, Logger } from '@nestjs/common';
import type { LoadRoom } from '../../core/auction/member-load.js';
import { type FullScopeOf, pricesOf, selectWinners } from '../../core/auction/select-winners.js';
import type { CapScope } from '../../core/capping/cap-scope.js';
import type { AdGroupRecord } from '../../core/index/ad-group-record.js';
import type { Candidate, Scored } from '../../core/index/candidate.js';
import type { MatchRequest } from '../../core/index/match-request.js';
import { ExposureStore, type MemberExposure } from '../../delivery/delivery.api.js';
import { AppError, invalid } from '../../platform/app-error.js';
import { inSlices } from '../../platform/in-slices.js';
import { WorkSlots } from '../../platform/work-slots.js';
import { CapReach } from '../match/cap-reach.js';
import { Decider, type PreparedMatch } from '../match/decider.js';
import type { MatchInput } from '../match/match-input.js';
import { MatchService } from '../match/match.service.js';
import { Offers } from '../match/offers.js';
import { LiveIndex } from '../upkeep/live-index.js';
import { DEFAULT_EXPLAINED } from './explain-schema.js';
import { countReasons, type ExplainedCandidate, explainScored, type Explanation } from './explanation.js';
import { capsOf, explainedRoom } from './explained-caps.js';
import { rankInSlices } from './rank-in-slices.js';

export interface ExplainInput extends MatchInput {
  readonly adGroupIds?: readonly string[];
  readonly limit?: number;
}

/** Each takes a slice of every turn of the event loop, and holds its judgement of the whole catalogue. */
const SLOTS = {
  atOnce: 2,
  waiting: 50,
  refusal: 'Too many decisions are being explained just now; ask again in a moment.',
};

/** A person mends a few at a time. */
const MOST_ERRORS = 20;

/** What a match would go by. */
interface Question {
  readonly prepared: PreparedMatch;
  readonly request: MatchRequest;
  readonly room: LoadRoom;
  readonly fullScopeOf: FullScopeOf;
}

interface Judged {
  /** By id. */
  readonly eligible: Map<string, Scored>;
  readonly excluded: ExplainedCandidate[];
}

/**
 * What a match would decide now, candidate by candidate, by the same checks, offers and order, without holding anything. A
 * request id counts as new: what was decided by it before is not told.
 */
@Injectable()
export class ExplainService {
  private readonly logger = new Logger(ExplainService.name);
  private readonly slots = new WorkSlots(SLOTS);

  constructor(
    private readonly matching: MatchService,
    private readonly decider: Decider,
    private readonly index: LiveIndex,
    private readonly exposure: ExposureStore,
    private readonly reach: CapReach,
  ) {}

  /** Rejects with 422 for ad groups that are no candidates, with 503 while Redis or Postgres can't be read, or too many ask. */
  explain(input: ExplainInput, now: number): Promise<Explanation> {
    return this.slots.run(() => this.judgeAll(input, now));
  }

  private async judgeAll(input: ExplainInput, now: number): Promise<Explanation> {
    const prepared = this.matching.prepare(input, now);
    const request = await this.decider.toRequest(prepared);
    const exposure = await this.readExposure(input.userId, now);
    const room = explainedRoom(exposure, prepared);
    const fullScopeOf = capsOf(exposure, room, prepared.placement, request);
    const question = { prepared, request, room, fullScopeOf };
    const { adGroupIds, limit = adGroupIds?.length ?? DEFAULT_EXPLAINED } = input;
    // The list is of one moment; who leaves or comes while others have their turns is judged as of its own turn.
    const candidates = adGroupIds === undefined ? [...this.index.all()] : this.requireKnown(adGroupIds);
    const judged: Judged = { eligible: new Map(), excluded: [] };
    await inSlices(this.judge(candidates, question, judged));
    const { eligible, excluded } = judged;
    const placed = (await this.place(question)).filter(({ adGroupId }) => eligible.delete(adGroupId));
    const outranked = await rankInSlices([...eligible.values()], request.seed, limit);
    const all = [...placed, ...outranked.map((scored) => explainScored(scored, 'outranked')), ...excluded];
    return {
      candidates: all.slice(0, limit),
      counts: { placed: placed.length, outranked: eligible.size, excluded: countReasons(excluded) },
    };
  }

  private requireKnown(adGroupIds: readonly string[]): readonly Candidate[] {
    const found = adGroupIds.map((id) => this.index.get(id));
    const unknown = found.flatMap((candidate, i) => (candidate === null ? [`adGroupIds[${i}]`] : []));
    if (unknown.length === 0) return [...new Set(found as Candidate[])];
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
    candidates: readonly Candidate[],
    { prepared, request, fullScopeOf }: Question,
    { eligible, excluded }: Judged,
  ): Generator<undefined, void> {
    for (const candidate of candidates) {
      const { id } = candidate.record;
      const failure = this.index.firstFailure(candidate, request, (record) => fullScopeOf(record, []) !== null);
      const reason = failure ?? (prepared.positions.length === 0 ? 'placement' : null);
      if (reason === null) eligible.set(id, this.index.score(candidate, request));
      else excluded.push({ adGroupId: id, outcome: 'excluded', reason });
      yield;
    }
  }

  /** Who wins: of the first offer that suffices, as the holds of a decision choose. */
  private async place({ prepared, request, room, fullScopeOf }: Question): Promise<readonly ExplainedCandidate[]> {
    const { placement, positions } = prepared;
    const rules = { wanted: positions.length, allowsRepeats: placement.allowsRepeats };
    if (Math.min(rules.wanted, room.member) <= 0) return [];
    const offers = new Offers(request, rules.wanted, this.index);
    for (;;) {
      const offer = offers.next();
      const alone = new Map<AdGroupRecord, CapScope | null>();
      await inSlices(judgeAlone(offer.ranked, fullScopeOf, alone));
      // What is full beforehand stays so.
      const fullOf: FullScopeOf = (record, winners) => alone.get(record) ?? fullScopeOf(record, winners);
      const selection = selectWinners(offer.ranked, rules, room, fullOf);
      if (offer.isLast || selection.runnerUp !== null) {
        const prices = pricesOf(selection, placement.floorMicros);
        return selection.winners.map((winner, i) => ({ ...explainScored(winner, 'placed'), price: prices[i] ?? 0 }));
      }
      offers.passOver(offer, selection.verdicts);
    }
  }
}

/** By the caps as they are before anybody wins. */
function* judgeAlone(
  ranked: readonly Scored[],
  fullScopeOf: FullScopeOf,
  alone: Map<AdGroupRecord, CapScope | null>,
): Generator<undefined, void> {
  for (const { candidate } of ranked) {
    alone.set(candidate.record, fullScopeOf(candidate.record, []));
    yield;
  }
}
