import { Inject, Injectable, Logger } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { Redis } from 'ioredis';
import { DataSource } from 'typeorm';
import { limitsLoad, type LoadRules } from '../../core/auction/member-load.js';
import { windowStart } from '../../core/capping/cap-window.js';
import type { CountedImpression, OpenHold } from '../../core/capping/exposure.js';
import { MAX_WINDOW_DAYS } from '../../core/capping/parse-frequency-caps.js';
import { Gathering } from '../../platform/gathering.js';
import { REDIS } from '../../platform/platform.module.js';
import { SettlementProgress } from '../settlement/settlement-progress.js';
import { type ExposureEpoch, ExposureEpochs } from './exposure-epochs.js';
import { type ImpressionEntry, rebuildExposures, type RebuiltExposure } from './exposure-rebuild.js';
import { defineExposureScripts, EPOCH_KEY, exposureKey } from './exposure-scripts.js';

/** One cap of one candidate: `from` is the first epoch ms that counts, -1 for a lifetime cap. */
export interface HoldCap {
  readonly scope: 'adGroup' | 'campaign';
  readonly from: number;
  readonly limit: number;
}

export interface HoldCandidate {
  readonly adGroupId: string;
  readonly campaignId: string;
  readonly advertiserId: string;
  readonly caps: readonly HoldCap[];
  readonly categories: readonly string[];
  /** Given back with the answer, also for a repeated request. */
  readonly ticket: string;
}

export interface HoldRequest {
  readonly memberId: string;
  readonly requestId: string;
  readonly decisionId: string;
  readonly now: number;
  readonly expiresAt: number;
  /** Given back with the answer, also for a repeated request. */
  readonly frame: string;
  readonly wanted: number;
  readonly allowsRepeats: boolean;
  readonly load: LoadRules;
  readonly candidates: readonly HoldCandidate[];
  /** Nothing further could be offered. */
  readonly isLast: boolean;
}

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

/** `short`: too few of the candidates have room; offer more. `unavailable`: Redis or Postgres is away, or not to be trusted yet. */
export type HoldOutcome = Held | { readonly status: 'short' } | { readonly status: 'unavailable' };

/** The most in one pipeline or query: the next goes on while it is answered. */
const MOST_AT_ONCE = 256;

/** One call of the hold script, in the life of the state that it is meant for. */
interface HoldCall {
  readonly epochId: string;
  readonly key: string;
  readonly json: string;
  readonly rebuilt?: RebuiltExposure;
}

type HoldAnswer = HoldOutcome | { readonly status: 'unknown' };

/** As the scripts hold them: [messageId, adGroupId, campaignId, expiresAt, advertiserId, decidedAt]. */
type HoldEntry = readonly [string, string, string, number, string, number];

interface RebuildRead {
  readonly memberId: string;
  readonly keepFrom: number;
}

/** A state that nobody asked for in this time is dropped; the next request rebuilds it from Postgres. */
const STATE_TTL_MS = 48 * 3_600_000;

/** The longest window reaches back this far, with a day for clocks that change. */
const KEPT_MS = (MAX_WINDOW_DAYS + 1) * 24 * 3_600_000;

const DAY = { length: 1, unit: 'day', kind: 'rolling' } as const;

const SCOPE_INDEX = { adGroup: 2, campaign: 3 } as const;

/** The members' exposure state in Redis: what they have seen and what is on its way to them. */
@Injectable()
export class ExposureStore {
  private readonly logger = new Logger(ExposureStore.name);
  private readonly holds: Gathering<HoldCall, HoldAnswer>;
  private readonly rebuilds: Gathering<RebuildRead, RebuiltExposure>;

  constructor(
    @Inject(REDIS) private readonly redis: Redis,
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly epochs: ExposureEpochs,
    private readonly progress: SettlementProgress,
  ) {
    defineExposureScripts(redis);
    this.holds = new Gathering((calls) => this.holdAll(calls), MOST_AT_ONCE);
    this.rebuilds = new Gathering((reads) => this.rebuildAll(reads), MOST_AT_ONCE);
  }

  /**
   * Places the holds of a decision in one step. Decisions made at the same time go to Redis together, and so do, for those
   * of whom Redis knows nothing, the questions to Postgres. Rejects when either can't be reached.
   */
  async hold(request: HoldRequest): Promise<HoldOutcome> {
    const epoch = this.epochs.current;
    if (epoch === null) void this.epochs.refresh();
    // While Postgres is away, what is shown could not be reported: nothing is.
    if (epoch === null || this.progress.isStale) return { status: 'unavailable' };
    const call: HoldCall = {
      epochId: epoch.id,
      key: exposureKey(request.memberId),
      json: this.toJson(request, epoch),
    };
    const answer = await this.holds.ask(call);
    if (answer.status !== 'unknown') return answer;
    const rebuilt = await this.rebuilds.ask({ memberId: request.memberId, keepFrom: request.now - KEPT_MS });
    const second = await this.holds.ask({ ...call, rebuilt });
    return second.status === 'unknown' ? { status: 'unavailable' } : second;
  }

  private toJson(request: HoldRequest, epoch: ExposureEpoch): string {
    const settledUntil = this.settledUntil(request.now);
    const isQuarantined = settledUntil < epoch.quarantinedUntil;
    const candidates = request.candidates.filter(
      ({ caps }) => !isQuarantined || (caps.length === 0 && !limitsLoad(request.load)),
    );
    return JSON.stringify({
      epoch: epoch.id,
      now: request.now,
      settledUntil,
      keepFrom: request.now - KEPT_MS,
      ttlMs: STATE_TTL_MS,
      requestId: request.requestId,
      decisionId: request.decisionId,
      expiresAt: request.expiresAt,
      frame: request.frame,
      wanted: request.wanted,
      allowsRepeats: request.allowsRepeats,
      load: limitsLoad(request.load) ? toLoad(request.load, request.now) : undefined,
      isLast: request.isLast,
      candidates: candidates.map((candidate) => [
        candidate.adGroupId,
        candidate.campaignId,
        candidate.advertiserId,
        candidate.ticket,
        candidate.caps.map((cap) => [SCOPE_INDEX[cap.scope], cap.from, cap.limit]),
        candidate.categories,
      ]),
    });
  }

  /** `unavailable` where the state has lost its data meanwhile: what was just held may be gone, so nothing is shown. */
  private async holdAll(calls: readonly HoldCall[]): Promise<readonly HoldAnswer[]> {
    const pipeline = this.redis.pipeline();
    for (const { key, json, rebuilt } of calls) {
      if (rebuilt === undefined) pipeline.holdMessages(key, json);
      else pipeline.holdMessages(key, json, JSON.stringify(rebuilt));
    }
    // Read after the holds: those of the life that is current then were placed in it.
    const results = (await pipeline.hget(EPOCH_KEY, 'id').exec()) ?? [];
    const [lost, currentId] = results.at(-1) ?? [];
    if (lost) throw lost;
    if (calls.some(({ epochId }) => epochId !== currentId)) this.epochs.forget();
    return calls.map(({ epochId }, i) => {
      const [error, answer] = results[i] ?? [];
      // What is wrong with one member's state must not keep the others from their answers.
      if (error) this.logger.warn({ msg: 'hold failed', reason: error.message });
      return error || epochId !== currentId ? { status: 'unavailable' } : parseAnswer(answer as string);
    });
  }

  /** For explanations: what the caps count for a member. Null while Redis can't be trusted. */
  async read(memberId: string, now: number): Promise<MemberExposure | null> {
    const epoch = this.epochs.current;
    if (epoch === null) return null;
    const json = await this.redis.peekExposure(exposureKey(memberId), epoch.id);
    const { impressions, holds, totals } =
      json === ''
        ? { ...(await this.rebuilds.ask({ memberId, keepFrom: now - KEPT_MS })), holds: [] }
        : parsePeeked(json);
    return {
      impressions: impressions.map(([messageId, adGroupId, campaignId, at, advertiserId]) => ({
        messageId,
        adGroupId,
        campaignId,
        at,
        advertiserId,
      })),
      holds: holds.map(([messageId, adGroupId, campaignId, expiresAt, advertiserId, decidedAt]) => ({
        messageId,
        adGroupId,
        campaignId,
        expiresAt,
        advertiserId,
        decidedAt,
      })),
      totals,
      settledUntil: this.settledUntil(now),
      isQuarantined: this.settledUntil(now) < epoch.quarantinedUntil,
    };
  }

  /** Of members who are asked about at different times, as in simulated time, more is read than each needs. */
  private async rebuildAll(reads: readonly RebuildRead[]): Promise<readonly RebuiltExposure[]> {
    const keepFrom = reads.reduce((earliest, read) => Math.min(earliest, read.keepFrom), Infinity);
    return rebuildExposures(
      this.dataSource,
      reads.map(({ memberId }) => memberId),
      keepFrom,
    );
  }

  /** Never later than the request: simulated time may have gone back. */
  private settledUntil(now: number): number {
    return Math.min(this.progress.settledUntil, now);
  }
}

export interface MemberExposure {
  readonly impressions: readonly (CountedImpression & { readonly advertiserId: string })[];
  readonly holds: readonly (OpenHold & { readonly advertiserId: string; readonly decidedAt: number })[];
  readonly totals: Readonly<Record<string, number>>;
  readonly settledUntil: number;
  /** Ad groups with caps wait: holds of a lost state may still be open. */
  readonly isQuarantined: boolean;
}

/** Undefined where a rule does not limit: JSON leaves it out. */
function toLoad(rules: LoadRules, now: number) {
  const gapFrom = (seconds: number | null): number | undefined => (seconds === null ? undefined : now - seconds * 1000);
  return {
    dayFrom: windowStart(DAY, now, 'UTC'),
    memberMost: rules.maxPerMemberPerDay ?? undefined,
    memberGapFrom: gapFrom(rules.minGapSeconds),
    advertiserMost: rules.maxPerAdvertiserPerDay ?? undefined,
    advertiserGapFrom: gapFrom(rules.minAdvertiserGapSeconds),
  };
}

function parseAnswer(json: string): HoldAnswer {
  const answer = JSON.parse(json) as HoldAnswer;
  // An empty Lua table is written as an object.
  return 'tickets' in answer && !Array.isArray(answer.tickets) ? { ...answer, tickets: [] } : answer;
}

function parsePeeked(json: string): RebuiltExposure & { readonly holds: readonly HoldEntry[] } {
  const { impressions, holds, totals } = JSON.parse(json) as Record<string, unknown>;
  return {
    impressions: Array.isArray(impressions) ? (impressions as ImpressionEntry[]) : [],
    holds: Array.isArray(holds) ? (holds as HoldEntry[]) : [],
    totals: Array.isArray(totals) ? {} : (totals as Record<string, number>),
  };
}
