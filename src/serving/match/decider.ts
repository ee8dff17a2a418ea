import { Injectable } from '@nestjs/common';
import type { MatchRequest } from '../../core/index/match-request.js';
import { invariant } from '../../core/invariant-violation.js';
import { ExposureStore, type Held, LeaseBook } from '../../delivery/delivery.api.js';
import type { Utf8Text } from '../../platform/http/utf8-text.js';
import { newUlid } from '../../platform/ids.js';
import { ProfileSource } from '../../profiles/profiles.api.js';
import type { PlacementEntity } from '../placements/placement.entity.js';
import { LiveIndex } from '../upkeep/live-index.js';
import { DecisionWriter, writeFrame } from './decision-writer.js';
import { CapReach } from './cap-reach.js';
import { placementCapsAt, toHoldCandidate } from './hold-candidates.js';
import type { MatchInput } from './match-input.js';
import { Offers } from './offers.js';
import { toMatchRequest } from './to-match-request.js';

/** Why a decision has no messages. */
export type NoFillReason = 'placement' | 'no_candidates' | 'frequency_cap' | 'unavailable' | 'deadline';

/** Messages as JSON, or why there are none. */
export type Outcome = readonly Utf8Text[] | NoFillReason;

/** A request with what is known before anything is asked: who, where, and the positions that are free. */
export interface PreparedMatch {
  readonly input: MatchInput;
  readonly requestId: string;
  readonly placement: PlacementEntity;
  readonly positions: readonly number[];
  readonly now: number;
}

/** Decides one request: profile, ranking, holds, messages. Never gives a message that is not held. */
@Injectable()
export class Decider {
  constructor(
    private readonly profiles: ProfileSource,
    private readonly index: LiveIndex,
    private readonly exposure: ExposureStore,
    private readonly leases: LeaseBook,
    private readonly writer: DecisionWriter,
    private readonly reach: CapReach,
  ) {}

  async toRequest({ input, requestId, placement, now }: PreparedMatch): Promise<MatchRequest> {
    const known = this.profiles.cached(input.userId);
    const profile = known === undefined ? await this.profiles.read(input.userId) : known;
    return toMatchRequest(profile, input, { now, placement, seed: requestId });
  }

  /** Rejects when Redis or Postgres can't be reached. `isLost`: nobody can get the answer any more. */
  async decide(prepared: PreparedMatch, isLost: () => boolean): Promise<Outcome> {
    const request = await this.toRequest(prepared);
    if (isLost()) return 'deadline';
    const held = await this.hold(prepared, request, isLost);
    if (typeof held === 'string') return held;
    const { userId } = prepared.input;
    if (isLost()) {
      const places = Array.from({ length: held.held }, (_, place) => place);
      if (places.length > 0) await this.exposure.release(userId, held.decisionId, places);
      return 'deadline';
    }
    const { messages, unpaid } = this.writer.write(held, {
      memberId: userId,
      language: request.subject.language,
      now: prepared.now,
    });
    // Before anybody hears of the decision: who asks again must get the same.
    if (unpaid.length > 0) await this.exposure.release(userId, held.decisionId, unpaid);
    if (messages.length > 0) return messages;
    // Nothing had room, or what had been held does not run any more.
    return held.held === 0 ? 'frequency_cap' : 'no_candidates';
  }

  private async hold(
    prepared: PreparedMatch,
    request: MatchRequest,
    isLost: () => boolean,
  ): Promise<Held | NoFillReason> {
    const { input, placement, positions, now } = prepared;
    const decisionId = newUlid();
    const leaseHolder = this.leases.holderId;
    if (leaseHolder === null) return 'unavailable';
    const frame = writeFrame({ placement: placement.id, positions, floorMicros: placement.floorMicros, leaseHolder });
    const rules = { wanted: positions.length, allowsRepeats: placement.allowsRepeats };
    const offers = new Offers(request, rules.wanted, this.index);
    const first = offers.next();
    for (let offer = first; ; offer = offers.next()) {
      const { ranked, isLast } = offer;
      // A repeated request gets its answer even when nothing would be eligible now; the holds know.
      if (first.ranked.length === 0 && input.requestId === undefined) return 'no_candidates';
      const outcome = await this.exposure.hold({
        memberId: input.userId,
        requestId: input.requestId ?? null,
        decisionId,
        now,
        expiresAt: now + placement.holdSeconds * 1000,
        frame,
        ...rules,
        load: placement,
        placement: placement.id,
        placementCaps: placementCapsAt(placement.frequencyCaps, now),
        keepFrom: now - this.reach.longestMs,
        candidates: ranked.map((scored) => toHoldCandidate(scored, request)),
        isLast,
      });
      if (outcome.status === 'unavailable') return 'unavailable';
      if (outcome.status !== 'short')
        return outcome.held === 0 && first.ranked.length === 0 ? 'no_candidates' : outcome;
      if (isLost()) return 'deadline';
      invariant(!isLast, 'the last offer is never too short');
      offers.passOver(offer, outcome.verdicts);
    }
  }
}
