import { Injectable, Logger } from '@nestjs/common';
import type { MatchRequest } from '../../core/index/match-request.js';
import { invariant } from '../../core/invariant-violation.js';
import { type Asked, ExposureStore, type Held } from '../../delivery/delivery.api.js';
import type { Utf8Text } from '../../platform/http/utf8-text.js';
import { newUlid } from '../../platform/ids.js';
import { ProfileSource } from '../../profiles/profiles.api.js';
import type { PlacementEntity } from '../placements/placement.entity.js';
import { LiveIndex } from '../upkeep/live-index.js';
import { CapReach } from './cap-reach.js';
import { DecisionPromises } from './decision-promises.js';
import { DecisionWriter, writeFrame } from './decision-writer.js';
import { placementCapsAt, toHoldCandidate } from './hold-candidates.js';
import type { MatchInput } from './match-input.js';
import { type Offer, Offers } from './offers.js';
import { RankingTurns } from './ranking-turns.js';
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

/** How long somebody waits for a decision. */
export interface Patience {
  /** Nobody can get the answer any more. */
  isLost(): boolean;
  /** Whoever asked first waits, and to decide once more would most likely take too long. */
  isHurried(): boolean;
}

/** One of several: each leaves out who could not pay in those before, and the last gives what it can. */
interface Try {
  readonly isLast: boolean;
  /** Ids of ad groups. */
  readonly without: Set<string>;
}

/** So many campaigns that rank one after the other have to run out of money at the same moment, until a place stays empty. */
const MOST_TRIES = 10;

/** Decides one request: profile, ranking, holds, messages. Never gives a message that is not held. */
@Injectable()
export class Decider {
  private readonly logger = new Logger(Decider.name);
  /** Decisions that may be asked for again and are not made yet, by member and request. */
  private readonly underWay = new Map<string, Promise<Outcome>>();
  private readonly turns = new RankingTurns();

  constructor(
    private readonly profiles: ProfileSource,
    private readonly index: LiveIndex,
    private readonly exposure: ExposureStore,
    private readonly promises: DecisionPromises,
    private readonly writer: DecisionWriter,
    private readonly reach: CapReach,
  ) {}

  async toRequest({ input, requestId, placement, now }: PreparedMatch): Promise<MatchRequest> {
    const known = this.profiles.cached(input.userId);
    const profile = known === undefined ? await this.profiles.read(input.userId) : known;
    return toMatchRequest(profile, input, { now, placement, seed: requestId });
  }

  /** Who asks again meanwhile gets the same. Rejects when Redis or Postgres can't be reached. */
  decide(prepared: PreparedMatch, patience: Patience): Promise<Outcome> {
    const { userId, requestId } = prepared.input;
    if (requestId === undefined) return this.make(prepared, patience);
    const key = `${userId} ${requestId}`;
    const first = this.underWay.get(key);
    if (first !== undefined) return first;
    const decision = this.make(prepared, patience).finally(() => this.underWay.delete(key));
    this.underWay.set(key, decision);
    return decision;
  }

  private async make(prepared: PreparedMatch, patience: Patience): Promise<Outcome> {
    const request = await this.toRequest(prepared);
    const without = new Set<string>();
    for (let tries = 1; ; tries++) {
      const one = { isLast: tries === MOST_TRIES, without };
      const outcome = patience.isLost() ? 'deadline' : await this.makeOnce(prepared, request, patience, one);
      if (outcome !== 'again') return outcome;
    }
  }

  /** `again`: not all that was held could be given, so that it was taken back. */
  private async makeOnce(
    prepared: PreparedMatch,
    request: MatchRequest,
    patience: Patience,
    { isLast, without }: Try,
  ): Promise<Outcome | 'again'> {
    const { placement, now } = prepared;
    const asked = askedBy(prepared);
    const decisionId = newUlid();
    try {
      const held = await this.hold(prepared, request, patience, { decisionId, without });
      if (typeof held === 'string') return held;
      const lacking = held.status === 'held' ? this.writer.lacking(held, now) : [];
      const isBetterAnew = lacking.length > 0 && (lacking.length === held.held || !patience.isHurried());
      if (!isLast && isBetterAnew && (await this.exposure.forget(asked, held))) {
        for (const adGroupId of lacking) without.add(adGroupId);
        return 'again';
      }
      // Where nothing is lacking, nothing was awaited since, so that nobody else has taken the money.
      return await this.give(held, prepared, request, patience);
    } catch (error) {
      // Redis may have done what it did not answer.
      if (asked.requestId !== null) {
        this.promises.doubt({ decisionId, decidedAt: now, expiresAt: now + placement.holdSeconds * 1000 });
      }
      throw error;
    }
  }

  private async give(
    held: Held,
    prepared: PreparedMatch,
    { subject: { language } }: MatchRequest,
    patience: Patience,
  ): Promise<Outcome> {
    const asked = askedBy(prepared);
    if (patience.isLost()) {
      if (held.held > 0) await this.exposure.forget(asked, held);
      return 'deadline';
    }
    const { messages, withheld } = this.writer.write(held, { memberId: asked.memberId, language, now: prepared.now });
    if (withheld.length > 0) await this.release(asked, held, withheld);
    this.promises.settle(held.decisionId);
    if (messages.length > 0) return messages;
    // Nothing had room, or what had been held does not run any more.
    return held.held === 0 ? 'frequency_cap' : 'no_candidates';
  }

  /** Before anybody hears of the decision, where who asks again must get the same. */
  private async release(asked: Asked, held: Held, places: readonly number[]): Promise<void> {
    const released = this.exposure.release(asked, held, places);
    if (asked.requestId !== null) return released;
    // Else the answer does not wait for it: past the deadline its messages would be held for nobody.
    released.catch((error: Error) =>
      this.logger.warn({ msg: 'messages that nobody gets are held until they are over', reason: error.message }),
    );
  }

  private async hold(
    prepared: PreparedMatch,
    request: MatchRequest,
    patience: Patience,
    { decisionId, without }: { readonly decisionId: string; readonly without: ReadonlySet<string> },
  ): Promise<Held | NoFillReason> {
    const { placement, positions, now } = prepared;
    const asked = askedBy(prepared);
    const leaseHolder = this.promises.holderId;
    // What was stopped lately may not be known.
    if (leaseHolder === null || this.index.isStale) return 'unavailable';
    const frame = writeFrame({ placement: placement.id, positions, floorMicros: placement.floorMicros, leaseHolder });
    const rules = { wanted: positions.length, allowsRepeats: placement.allowsRepeats };
    const offers = new Offers(request, rules.wanted, this.index, without);
    let first: Offer | null = null;
    for (;;) {
      while (this.turns.isOver) {
        await this.turns.others();
        if (patience.isLost()) return 'deadline';
      }
      const offer = this.turns.rank(() => offers.next());
      first ??= offer;
      const { ranked, isLast } = offer;
      // A repeated request gets its answer even when nothing would be eligible now; the holds know.
      if (first.ranked.length === 0 && asked.requestId === null) return 'no_candidates';
      const outcome = await this.exposure.hold({
        ...asked,
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
      if (patience.isLost()) return 'deadline';
      invariant(!isLast, 'the last offer is never too short');
      offers.passOver(offer, outcome.verdicts);
    }
  }
}

function askedBy({ input: { userId, requestId } }: PreparedMatch): Asked {
  return { memberId: userId, requestId: requestId ?? null };
}
