import { Inject, Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { Redis } from 'ioredis';
import { DataSource } from 'typeorm';
import { type Verdict, VERDICTS } from '../../core/auction/select-winners.js';
import { Gathering } from '../../platform/gathering.js';
import { REDIS } from '../../platform/platform.module.js';
import { SettlementProgress } from '../settlement/settlement-progress.js';
import { type ExposureEpoch, ExposureEpochs } from './exposure-epochs.js';
import { type DatedRebuild, ExposureRebuilds } from './exposure-rebuilds.js';
import { wideKey } from './exposure-keys.js';
import { defineExposureScripts, EPOCH_KEY, exposureKey } from './exposure-scripts.js';
import { holdArguments, type HoldInstant, type HoldRequest, keepFromOf, STATE_TTL_MS } from './hold-request.js';
import { parsePeeked, type PeekedExposure } from './peeked-exposure.js';

/** `tickets`: of the `held` candidates in rank order, then of the next with room, if any. */
export interface Held {
  readonly status: 'held' | 'repeated';
  readonly decisionId: string;
  readonly decidedAt: number;
  readonly expiresAt: number;
  readonly frame: string;
  readonly held: number;
  readonly tickets: readonly string[];
}

/** Who asked for a decision. */
export type Asked = Pick<HoldRequest, 'memberId' | 'requestId'>;

/** Too few of the candidates have room: offer more. */
export interface TooShort {
  readonly status: 'short';
  /** Of the candidates, in their order. */
  readonly verdicts: readonly Verdict[];
}

/** `unavailable`: Redis or Postgres is away, or not to be trusted yet. */
export type HoldOutcome = Held | TooShort | { readonly status: 'unavailable' };

/** A member's exposure as its caps count it. */
export interface MemberExposure extends PeekedExposure {
  readonly settledUntil: number;
  /** Ad groups with caps wait: holds of a lost state may still be open. */
  readonly isQuarantined: boolean;
}

/** The most in one pipeline or query: the next goes on while it is answered. */
const MOST_AT_ONCE = 256;

/** Each time, somebody else would have to come in between. */
const MOST_TRIES = 4;

/** One call of the hold script, in the life of the state that it is meant for. */
interface HoldCall {
  readonly epochId: string;
  readonly key: string;
  readonly request: string;
  readonly candidates: string;
  readonly rebuilt?: DatedRebuild;
}

/** `at`: when Redis answered, by its clock, epoch ms. */
type Unknown = { readonly status: 'unknown'; readonly at: number };
type HoldAnswer = HoldOutcome | Unknown | { readonly status: 'failed'; readonly error: Error };

/** Nothing is wanted: only what Postgres knows is put in. */
const NO_MESSAGES = {
  requestId: null,
  decisionId: '',
  frame: '',
  wanted: 0,
  allowsRepeats: false,
  load: {
    maxPerMemberPerDay: null,
    minGapSeconds: null,
    maxPerAdvertiserPerDay: null,
    minAdvertiserGapSeconds: null,
  },
  placement: '',
  placementCaps: [],
  candidates: [],
  isLast: true,
} as const;

/** The members' exposure state in Redis: what they have seen and what is on its way to them. */
@Injectable()
export class ExposureStore {
  private readonly holds: Gathering<HoldCall, HoldAnswer>;
  private readonly rebuilds: ExposureRebuilds;

  constructor(
    @Inject(REDIS) private readonly redis: Redis,
    @InjectDataSource() dataSource: DataSource,
    private readonly epochs: ExposureEpochs,
    private readonly progress: SettlementProgress,
  ) {
    defineExposureScripts(redis);
    this.holds = new Gathering((calls) => this.holdAll(calls), MOST_AT_ONCE);
    this.rebuilds = new ExposureRebuilds(dataSource, MOST_AT_ONCE);
  }

  /**
   * Places the holds of a decision in one step. Decisions made at the same time go to Redis together, and so do, for those
   * of whom Redis knows too little, the questions to Postgres. Rejects when either does not answer: then the holds may have
   * been placed all the same, and may still be.
   */
  async hold(request: HoldRequest): Promise<HoldOutcome> {
    const epoch = this.epochs.current;
    if (epoch === null) void this.epochs.refresh();
    // While Postgres is away, what is shown could not be reported: nothing is. Nor is anything sent to a Redis that is away.
    if (epoch === null || this.progress.isStale || this.redis.status !== 'ready') return { status: 'unavailable' };
    const call = this.toCall(request, epoch);
    const answer = await this.ask(call);
    return answer.status === 'unknown' ? this.askRebuilt(call, request, answer.at) : answer;
  }

  /**
   * Takes back messages of a decision, by their places in it, from 0: whoever asks again is not given them. Of one that was
   * just made, their holds end; where another process may have given it, they stay. Rejects when Redis does not answer.
   */
  async release(
    asked: Asked,
    { decisionId, status }: Pick<Held, 'decisionId' | 'status'>,
    places: readonly number[],
  ): Promise<void> {
    const released = { ...toWithdrawn(asked, decisionId, places), endsHolds: status === 'held' };
    await this.redis.releaseMessages(exposureKey(asked.memberId), this.knownEpochId(), JSON.stringify(released));
  }

  /**
   * Takes back a decision that was just made, as though it never had been: whoever asks again is decided anew. False where
   * it stays, since another process may have given it meanwhile. Rejects when Redis does not answer.
   */
  async forget(asked: Asked, { decisionId, held }: Pick<Held, 'decisionId' | 'held'>): Promise<boolean> {
    const places = Array.from({ length: held }, (_, place) => place);
    const forgotten = JSON.stringify(toWithdrawn(asked, decisionId, places));
    return (await this.redis.forgetDecision(exposureKey(asked.memberId), this.knownEpochId(), forgotten)) === 1;
  }

  /** For explanations: what the caps count for a member, impressions from `keepFrom` on. Null while Redis can't be trusted. */
  async read(memberId: string, now: number, keepFrom: number): Promise<MemberExposure | null> {
    const epoch = this.epochs.current;
    if (epoch === null) return null;
    const from = keepFromOf({ now, keepFrom });
    let json = await this.peek(memberId, epoch, from);
    // Others who ask a little later may meanwhile have put out what is listed only for this one.
    for (let tries = 0; json === '' && tries < MOST_TRIES && this.epochs.current?.id === epoch.id; tries++) {
      json = await this.rebuildAndPeek(memberId, now, epoch, from);
    }
    if (json === '') return null;
    const { settledUntil, isQuarantined } = this.instantOf(epoch, now);
    return { ...parsePeeked(json), settledUntil, isQuarantined };
  }

  private knownEpochId(): string {
    const epoch = this.epochs.current;
    // The connection was just lost; the state may not be.
    if (epoch === null) throw new Error('The life of the exposure state is being found out');
    return epoch.id;
  }

  private peek(memberId: string, { id }: ExposureEpoch, from: number): Promise<string> {
    return this.redis.peekExposure(exposureKey(memberId), id, from);
  }

  private async rebuildAndPeek(memberId: string, now: number, epoch: ExposureEpoch, from: number): Promise<string> {
    const request = { ...NO_MESSAGES, memberId, now, expiresAt: now, keepFrom: from };
    // So that what is confirmed from now on is kept.
    await this.redis.pexpire(exposureKey(memberId), STATE_TTL_MS);
    const [seconds] = await this.redis.time();
    await this.askRebuilt(this.toCall(request, epoch), request, Number(seconds) * 1000);
    return this.peek(memberId, epoch, from);
  }

  /** The call again, with what Postgres knows of the member: of whom Redis knew too little at `unknownAt`, by its clock. */
  private async askRebuilt(call: HoldCall, request: HoldRequest, unknownAt: number): Promise<HoldOutcome> {
    const { epochId } = call;
    const rebuilt = await this.rebuilds.read({ ...request, keepFrom: keepFromOf(request) }, epochId, unknownAt);
    // Redis may have been lost meanwhile, and have come back with an older state of this life, until the next one begins.
    if (this.epochs.current?.id !== epochId) return { status: 'unavailable' };
    const answer = await this.ask({ ...call, rebuilt });
    return answer.status === 'unknown' ? { status: 'unavailable' } : answer;
  }

  private async ask(call: HoldCall): Promise<Exclude<HoldAnswer, { readonly status: 'failed' }>> {
    const answer = await this.holds.ask(call);
    if (answer.status === 'failed') throw answer.error;
    return answer;
  }

  private toCall(request: HoldRequest, epoch: ExposureEpoch): HoldCall {
    const [json, candidates] = holdArguments(request, this.instantOf(epoch, request.now));
    return { epochId: epoch.id, key: exposureKey(request.memberId), request: json, candidates };
  }

  /** `unavailable` where the state has lost its data meanwhile: what was just held may be gone, so nothing is shown. */
  private async holdAll(calls: readonly HoldCall[]): Promise<readonly HoldAnswer[]> {
    const pipeline = this.redis.pipeline();
    for (const { key, request, candidates, rebuilt } of calls) {
      if (rebuilt === undefined) pipeline.holdMessages(key, request, candidates);
      else pipeline.holdMessages(key, request, candidates, JSON.stringify(rebuilt.exposure), rebuilt.usableUntil);
    }
    // Read after the holds: those of the life that is current then were placed in it.
    const results = (await pipeline.hget(EPOCH_KEY, 'id').exec()) ?? [];
    const [lost, currentId] = results.at(-1) ?? [];
    if (lost) throw lost;
    if (calls.some(({ epochId }) => epochId !== currentId)) this.epochs.forget();
    return calls.map(({ epochId }, i) => {
      const [error, answer] = results[i] ?? [];
      // What is wrong with one member's state must not keep the others from their answers.
      if (error) return { status: 'failed', error };
      return epochId !== currentId ? { status: 'unavailable' } : parseAnswer(answer as string);
    });
  }

  /** Settled never later than the request: simulated time may have gone back. */
  private instantOf(epoch: ExposureEpoch, now: number): HoldInstant {
    const settledUntil = Math.min(this.progress.settledUntil, now);
    return { epochId: epoch.id, settledUntil, isQuarantined: settledUntil < epoch.quarantinedUntil };
  }
}

/** As release.lua and forget.lua take it. */
function toWithdrawn({ requestId }: Asked, decisionId: string, places: readonly number[]) {
  return {
    decisionId,
    decisionKey: wideKey(decisionId),
    places: places.map((place) => place + 1),
    isRepeatable: requestId !== null,
  };
}

function parseAnswer(json: string): HoldAnswer {
  const answer = JSON.parse(json) as HoldAnswer | (Omit<TooShort, 'verdicts'> & { readonly verdicts: string });
  if (answer.status === 'short') {
    return { ...answer, verdicts: Array.from(answer.verdicts, (digit) => VERDICTS[Number(digit) - 1]!) };
  }
  // An empty Lua table is written as an object.
  return 'tickets' in answer && !Array.isArray(answer.tickets) ? { ...answer, tickets: [] } : answer;
}
