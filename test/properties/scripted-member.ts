import { expect } from '@jest/globals';
import type { Redis } from 'ioredis';
import { type CapScope, type CountedImpression, isCapped, type OpenHold } from '../../src/core/capping/exposure.js';
import { windowStart } from '../../src/core/capping/cap-window.js';
import type { FrequencyCap } from '../../src/core/capping/frequency-cap.js';

export type Step =
  | { readonly kind: 'wait'; readonly ms: number }
  | {
      readonly kind: 'match';
      readonly order: readonly number[];
      readonly wanted: number;
      readonly isLast: boolean;
      readonly requestId: string | null;
      readonly holdMs: number;
      readonly settlesMeanwhile: boolean;
    }
  | { readonly kind: 'show'; readonly which: number; readonly lateness: number }
  | { readonly kind: 'settle'; readonly most: number; readonly twice: boolean }
  | { readonly kind: 'lose'; readonly how: string };

type Match = Extract<Step, { kind: 'match' }>;

interface Shown extends CountedImpression {
  readonly receivedAt: number;
}

interface Placed extends OpenHold {
  readonly decidedAt: number;
}

interface Answer {
  readonly status: 'held' | 'repeated' | 'short' | 'unknown';
  readonly decisionId?: string;
  readonly held?: number;
  readonly tickets?: readonly string[];
}

const LONGEST_HOLD_MS = 3_600_000;
const LONGEST_LAG_MS = 24 * 3_600_000;
const KEPT_MS = 91 * 24 * 3_600_000;

/** One member's life twice: in Redis by the scripts, and in plain lists by `isCapped`. `match` compares them. */
export class ScriptedMember {
  /** Accepted impressions, in the order in which they came: what Postgres knows. */
  readonly counted: Shown[] = [];
  private readonly placed: Placed[] = [];
  /** What the scripts may know: holds of this life, and impressions that were confirmed or read when it began. */
  private holds: Placed[] = [];
  private known = new Set<string>();
  private decisions: { requestId: string; expiresAt: number; decisionId: string; held: number; tickets: string[] }[] =
    [];
  private isBuilt = false;
  private settled = 0;
  private settledUntil: number;
  private quarantinedUntil = 0;
  private epoch = 1;
  private serial = 0;

  constructor(
    private readonly redis: Redis,
    private readonly key: string,
    private readonly scopes: readonly (CapScope & { readonly advertiserId: string })[],
    private readonly zone: string,
    private nowMs: number,
  ) {
    this.settledUntil = nowMs;
  }

  /** Later ones sort after earlier ones. */
  private get epochId(): string {
    return String(this.epoch).padStart(6, '0');
  }

  async take(step: Step): Promise<void> {
    switch (step.kind) {
      case 'wait':
        // Settlement may lag behind, but not for as long as the longest window reaches back.
        if (step.ms > LONGEST_LAG_MS) await this.settle(Infinity, false);
        this.nowMs += step.ms;
        return;
      case 'match':
        return this.match(step);
      case 'show':
        return this.show(step.which, step.lateness);
      case 'settle':
        return this.settle(step.most, step.twice);
      case 'lose':
        return this.lose(step.how);
    }
  }

  private async match(step: Match): Promise<void> {
    const requestId = step.requestId ?? `once-${this.serial}`;
    const decisionId = `D${this.serial++}`;
    const offered = step.order.flatMap((i) => this.scopes[i] ?? []).filter((scope) => this.mayServe(scope));
    const request = this.toRequest(step, { requestId, decisionId }, offered);
    let answer = JSON.parse(await this.redis.holdMessages(this.key, request)) as Answer;
    expect(answer.status === 'unknown').toBe(!this.isBuilt);
    if (!this.isBuilt) {
      const rebuilt = this.readDatabase();
      if (step.settlesMeanwhile) {
        this.show(0, 100);
        await this.settle(Infinity, false);
      }
      answer = JSON.parse(await this.redis.holdMessages(this.key, request, rebuilt)) as Answer;
    }
    const expected = this.expected(step, { requestId, decisionId }, offered);
    // A state is kept only with an answer that holds: without one, the next offer reads the database anew.
    if (expected.status !== 'short') this.isBuilt = true;
    const { status, decisionId: decidedAs, held, tickets } = answer;
    // An empty Lua table is written as an object.
    const decision = { decisionId: decidedAs, held, tickets: Array.isArray(tickets) ? tickets : [] };
    expect(status === 'short' ? { status } : { status, ...decision }).toEqual(expected);
  }

  /** After a loss, holds may be open that nobody knows of: ad groups with caps wait until none of them can be any more. */
  private mayServe(scope: CapScope): boolean {
    const isQuarantined = this.settledUntil < this.quarantinedUntil;
    return !isQuarantined || scope.adGroupCaps.length + scope.campaignCaps.length === 0;
  }

  private expected(
    step: Match,
    ids: { requestId: string; decisionId: string },
    offered: readonly (CapScope & { advertiserId: string })[],
  ): Answer {
    const repeated = this.decisions.find((d) => d.requestId === ids.requestId && d.expiresAt > this.nowMs);
    if (repeated !== undefined) {
      const { decisionId, held, tickets } = repeated;
      return { status: 'repeated', decisionId, held, tickets };
    }
    const impressions = this.counted.filter(({ messageId }) => this.known.has(messageId));
    const taken: Placed[] = [];
    const tickets: string[] = [];
    const advertisers = new Set<string>();
    for (const scope of offered) {
      const exposure = { impressions, holds: [...this.holds, ...taken] };
      if (advertisers.has(scope.advertiserId) || isCapped(exposure, scope, this.nowMs, this.zone, this.settledUntil))
        continue;
      advertisers.add(scope.advertiserId);
      tickets.push(`ticket of ${scope.adGroupId}`);
      if (taken.length === step.wanted) break;
      const { adGroupId, campaignId } = scope;
      const messageId = `${ids.decisionId}.${taken.length + 1}`;
      taken.push({ messageId, adGroupId, campaignId, decidedAt: this.nowMs, expiresAt: this.nowMs + step.holdMs });
    }
    if (tickets.length <= step.wanted && !step.isLast) return { status: 'short' };
    this.holds.push(...taken);
    this.placed.push(...taken);
    const decision = { decisionId: ids.decisionId, held: taken.length, tickets };
    if (taken.length > 0)
      this.decisions.push({ ...decision, requestId: ids.requestId, expiresAt: this.nowMs + step.holdMs });
    return { status: 'held', ...decision };
  }

  private toRequest(step: Match, ids: object, offered: readonly (CapScope & { advertiserId: string })[]): string {
    return JSON.stringify({
      ...ids,
      epoch: this.epochId,
      now: this.nowMs,
      settledUntil: this.settledUntil,
      keepFrom: this.nowMs - KEPT_MS,
      ttlMs: 60_000,
      expiresAt: this.nowMs + step.holdMs,
      wanted: step.wanted,
      isLast: step.isLast,
      candidates: offered.map((scope) => [
        scope.adGroupId,
        scope.campaignId,
        scope.advertiserId,
        `ticket of ${scope.adGroupId}`,
        [
          ...scope.adGroupCaps.map((cap) => this.toWire(2, cap)),
          ...scope.campaignCaps.map((cap) => this.toWire(3, cap)),
        ],
      ]),
    });
  }

  private toWire(scope: number, { window, limit }: FrequencyCap): readonly number[] {
    return [scope, window === 'lifetime' ? -1 : windowStart(window, this.nowMs, this.zone), limit];
  }

  /** Every accepted impression, settled or not. */
  private readDatabase(): string {
    const totals: Record<string, number> = {};
    for (const { messageId, adGroupId, campaignId } of this.counted) {
      for (const id of [adGroupId, campaignId]) totals[id] = (totals[id] ?? 0) + 1;
      this.known.add(messageId);
    }
    const recent = this.counted.filter(({ at }) => at >= this.nowMs - KEPT_MS);
    const impressions = recent.map((one) => [one.messageId, one.adGroupId, one.campaignId, one.at]);
    return JSON.stringify({ impressions, totals });
  }

  /** Of the messages that may still be shown, also those whose hold was lost. `lateness`: percent of the time since. */
  private show(which: number, lateness: number): void {
    const open = this.placed.filter(
      ({ messageId, expiresAt }) => expiresAt > this.nowMs && !this.counted.some((one) => one.messageId === messageId),
    );
    const hold = open[which % Math.max(open.length, 1)];
    if (hold === undefined) return;
    const { messageId, adGroupId, campaignId, decidedAt } = hold;
    const at = this.nowMs - Math.floor(((100 - lateness) / 100) * (this.nowMs - decidedAt));
    this.counted.push({ messageId, adGroupId, campaignId, at, receivedAt: this.nowMs });
  }

  private async settle(most: number, twice: boolean): Promise<void> {
    const batch = this.counted.slice(this.settled, this.settled + most);
    const json = JSON.stringify(batch.map((one) => [one.messageId, one.adGroupId, one.campaignId, one.at]));
    for (let i = 0; i < (twice ? 2 : 1) && batch.length > 0; i++) {
      await this.redis.confirmImpressions(this.key, this.epochId, json, 60_000);
    }
    this.settled += batch.length;
    for (const { messageId } of batch) this.known.add(messageId);
    this.settledUntil = Math.max(this.settledUntil, this.counted[this.settled]?.receivedAt ?? this.nowMs);
  }

  private async lose(how: string): Promise<void> {
    if (how === 'key') await this.redis.del(this.key);
    this.epoch += 1;
    this.holds = [];
    this.decisions = [];
    this.known = new Set();
    this.isBuilt = false;
    this.quarantinedUntil = this.nowMs + LONGEST_HOLD_MS;
  }
}
