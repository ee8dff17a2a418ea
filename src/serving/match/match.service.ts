import { randomUUID } from 'node:crypto';
import { Inject, Injectable, Logger } from '@nestjs/common';
import type { MatchRequest } from '../../core/index/match-request.js';
import { placementPositions } from '../../core/placement/positions.js';
import { ExposureStore, type Held } from '../../delivery/delivery.api.js';
import { invalid } from '../../platform/app-error.js';
import { newUlid } from '../../platform/ids.js';
import { RUNTIME_CONFIG, type RuntimeConfig } from '../../platform/platform.module.js';
import { ProfileSource } from '../../profiles/profiles.api.js';
import type { PlacementEntity } from '../placements/placement.entity.js';
import { PlacementsService } from '../placements/placements.service.js';
import { LiveIndex } from '../upkeep/live-index.js';
import { DecisionWriter, type MatchMessage, writeFrame } from './decision-writer.js';
import { toHoldCandidate } from './hold-candidates.js';
import { checkMatchInput, type MatchInput } from './match-input.js';
import { toMatchRequest } from './to-match-request.js';

/** Why a decision has no messages. */
export type NoFillReason = 'placement' | 'no_candidates' | 'frequency_cap' | 'unavailable' | 'deadline';

export interface Decision {
  readonly requestId: string;
  readonly messages: readonly MatchMessage[];
  readonly noFill?: { readonly reason: NoFillReason };
  readonly refreshAfterSeconds: number;
}

type Outcome = readonly MatchMessage[] | NoFillReason;

/**
 * What the requests share that arrive in one turn of the event loop: they go on together once all of them are read, so that
 * they ask Postgres and Redis together, and are answered together; and their deadline.
 */
interface Turn {
  readonly isOver: Promise<void>;
  readonly isLate: Promise<'deadline'>;
}

/** A request with what is known before anything is asked: who, where, and the positions that are free. */
export interface PreparedMatch {
  readonly input: MatchInput;
  readonly requestId: string;
  readonly placement: PlacementEntity;
  readonly positions: readonly number[];
  readonly now: number;
}

/**
 * How many candidates are offered to the caps at first, and by what factor more each time that too few have room: nearly
 * all requests need the first few only.
 */
const FIRST_OFFER = 8;
const OFFER_GROWTH = 8;

/**
 * Answers match requests: profile, ranking, holds, messages. Whatever goes wrong on the way gives an empty decision in
 * time, never an error in a member's chat list, and never a message that is not held.
 */
@Injectable()
export class MatchService {
  private readonly logger = new Logger(MatchService.name);
  private turn: Turn | null = null;

  constructor(
    private readonly profiles: ProfileSource,
    private readonly placements: PlacementsService,
    private readonly index: LiveIndex,
    private readonly exposure: ExposureStore,
    private readonly writer: DecisionWriter,
    @Inject(RUNTIME_CONFIG) private readonly config: RuntimeConfig,
  ) {}

  /** Rejects only for the request's own fault. */
  async match(input: MatchInput, now: number): Promise<Decision> {
    const prepared = this.prepare(input, now);
    const outcome = prepared.positions.length === 0 ? 'placement' : await this.inTime(prepared);
    return {
      requestId: prepared.requestId,
      messages: typeof outcome === 'string' ? [] : outcome,
      ...(typeof outcome === 'string' ? { noFill: { reason: outcome } } : {}),
      refreshAfterSeconds: prepared.placement.refreshAfterSeconds,
    };
  }

  prepare(input: MatchInput, now: number): PreparedMatch {
    checkMatchInput(input);
    const placement = this.placements.get(input.placement);
    if (placement === null) {
      throw invalid([{ path: 'placement', message: 'is not a known placement; chat_list is always there' }]);
    }
    const { chatCount, maxMessages = placement.maxMessages } = input;
    const positions = placementPositions({
      chatCount,
      firstPosition: placement.firstPosition,
      spacing: placement.spacing,
      maxMessages: Math.min(maxMessages, placement.maxMessages),
    });
    return { input, requestId: input.requestId ?? randomUUID(), placement, positions, now };
  }

  async toRequest({ input, requestId, placement, now }: PreparedMatch): Promise<MatchRequest> {
    const profile = this.profiles.cached(input.userId) ?? (await this.profiles.read(input.userId));
    return toMatchRequest(profile, input.context ?? {}, { now, floorMicros: placement.floorMicros, seed: requestId });
  }

  private async decide(prepared: PreparedMatch, turn: Turn): Promise<Outcome> {
    await turn.isOver;
    const request = await this.toRequest(prepared);
    const held = await this.hold(prepared, request);
    if (typeof held === 'string') return held;
    const messages = this.writer.write(held, {
      memberId: prepared.input.userId,
      language: request.subject.language,
      now: prepared.now,
    });
    if (messages.length > 0) return messages;
    // Nothing had room, or what had been held does not run any more.
    return held.held === 0 ? 'frequency_cap' : 'no_candidates';
  }

  private async hold(prepared: PreparedMatch, request: MatchRequest): Promise<Held | NoFillReason> {
    const { input, requestId, placement, positions, now } = prepared;
    const decisionId = newUlid();
    const frame = writeFrame({ placement: placement.id, positions, floorMicros: placement.floorMicros });
    for (let offer = FIRST_OFFER; ; offer *= OFFER_GROWTH) {
      const ranked = this.index.top(request, offer);
      // A repeated request gets its answer even when nothing would be eligible now; the holds know.
      if (ranked.length === 0 && input.requestId === undefined) return 'no_candidates';
      const outcome = await this.exposure.hold({
        memberId: input.userId,
        requestId,
        decisionId,
        now,
        expiresAt: now + placement.holdSeconds * 1000,
        frame,
        wanted: positions.length,
        candidates: ranked.map((scored) => toHoldCandidate(scored, request)),
        isLast: ranked.length < offer,
      });
      if (outcome.status === 'unavailable') return 'unavailable';
      if (outcome.status === 'short') continue;
      return outcome.held === 0 && ranked.length === 0 ? 'no_candidates' : outcome;
    }
  }

  /** Past the deadline, the decision goes on alone: holds that it still places expire like any others. */
  private inTime(prepared: PreparedMatch): Promise<Outcome> {
    const turn = (this.turn ??= this.beginTurn());
    const answer = this.decide(prepared, turn).catch((error: Error): NoFillReason => {
      this.logger.warn({ msg: 'match answered empty', reason: error.message });
      return 'unavailable';
    });
    return Promise.race([answer, turn.isLate]);
  }

  private beginTurn(): Turn {
    return {
      isOver: new Promise((resolve) =>
        setImmediate(() => {
          this.turn = null;
          resolve();
        }),
      ),
      isLate: new Promise((resolve) => setTimeout(resolve, this.config.matchDeadlineMs, 'deadline' as const).unref()),
    };
  }
}
