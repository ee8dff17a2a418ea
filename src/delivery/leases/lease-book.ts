import { performance } from 'node:perf_hooks';
import { Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import type { AdGroupRecord } from '../../core/index/ad-group-record.js';
import type { Shortage } from '../../core/index/match-request.js';
import type { ClaimGrant } from '../../core/pacing/allot-claims.js';
import { ExpectedClicks } from '../../core/pacing/expected-clicks.js';
import { PromiseBook } from '../../core/pacing/promise-book.js';
import { Clock } from '../../platform/clock.js';
import { Readiness } from '../../platform/health/readiness.js';
import { PollLoop } from '../../platform/poll-loop.js';
import { withinTime } from '../../platform/within-time.js';
import { CtrBook } from '../ctr/ctr-book.js';
import { SettlementProgress } from '../settlement/settlement-progress.js';
import { DueLeases } from './due-leases.js';
import { Lease } from './lease.js';
import { type LeaseChange, LeaseExchange } from './lease-exchange.js';
import { LeaseHolder } from './lease-holder.js';
import { SettledCharges } from './settled-charges.js';

const PAUSE_MS = 100;
/** Whoever was refused asks again after this: what others give back is used within a second. */
const ASK_AGAIN_MS = 700;
/** But of very many, a process asks for so many only; at once for those whose campaign has changed, or was paid for. */
const MOST_ASKS_PER_MS = 0.5;
/** Those who stop a process do not wait for a server that hangs; claims that are not given back are freed once they are over. */
const LONGEST_RETURN_MS = 2_000;

/** A message that is about to be shown, with what its impression or its click will cost. */
export interface CostlyMessage {
  readonly record: AdGroupRecord;
  readonly priceMicros: number;
  /** Predicted. */
  readonly ctr: number;
  /** Epoch ms. */
  readonly decidedAt: number;
  readonly expiresAt: number;
}

/**
 * The money that this process may promise: a lease for each ad group, spent from in memory, so that the match path asks
 * nobody. A message is shown only if its cost could be promised. Several times a second, claims are exchanged with Postgres
 * (see `lease-exchange.ts`): lowered by what was settled or is over, raised as they run out.
 */
@Injectable()
export class LeaseBook implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger(LeaseBook.name);
  private readonly loop = new PollLoop('LeaseBook', PAUSE_MS, () => this.exchange());
  private readonly leases = new Map<string, Lease>();
  /** Of messages that are paid by their impressions. */
  private readonly promises = new PromiseBook();
  /** Of those that are paid by their clicks. */
  private readonly clicks = new ExpectedClicks();
  private readonly due: DueLeases;
  /** Those for which nothing was asked yet. */
  private readonly unasked = new Set<string>();
  private isStarted = false;
  private readonly listeners: ((adGroupId: string) => void)[] = [];

  constructor(
    private readonly holder: LeaseHolder,
    private readonly exchanges: LeaseExchange,
    private readonly charges: SettledCharges,
    private readonly progress: SettlementProgress,
    private readonly ctrs: CtrBook,
    private readonly clock: Clock,
    readiness: Readiness,
  ) {
    this.due = new DueLeases(
      this.leases,
      (lease) => lease.isServing(this.clock.now()),
      () => this.exchanges.wanted(),
    );
    readiness.register('leases', () => this.holder.id !== null && this.hasClaimed());
  }

  onApplicationBootstrap(): void {
    this.loop.start();
  }

  async onApplicationShutdown(): Promise<void> {
    await this.loop.stop();
    const { id } = this.holder;
    if (id === null) return;
    await withinTime(this.giveBack(id), LONGEST_RETURN_MS, () => undefined).catch((error: Error) => {
      this.logger.warn({
        msg: 'money was not given back; it will be once its messages are over',
        reason: error.message,
      });
    });
  }

  /** Null: nothing may be promised now, so that nothing may be shown. */
  get holderId(): number | null {
    return this.holder.id;
  }

  /** `listener` is told of each ad group whose shortage is another one now. */
  onChange(listener: (adGroupId: string) => void): void {
    this.listeners.push(listener);
  }

  /**
   * The ad group may serve; money is claimed for it from now on, by its record of now. Of other budgets than before, what is
   * free is given back, and asked for anew: a lower budget may no longer leave it.
   */
  track(record: AdGroupRecord): void {
    const known = this.leases.get(record.id);
    const lease = known ?? new Lease(record);
    if (!sameBudgets(lease.record, record)) {
      lease.claimedMicros = Math.min(lease.claimedMicros, this.boundMicros(lease));
      lease.budgetedTick = performance.now();
    }
    lease.record = record;
    if (known === undefined) this.unasked.add(record.id);
    // Its bid may be another one: what is left may be too little for it now, or enough.
    else this.tell(lease);
    lease.isWanted = record.campaignStatus === 'active' && record.creatives.length > 0;
    lease.askAgainTick = 0;
    lease.trackedTick = performance.now();
    this.leases.set(record.id, lease);
    this.due.add(record.id);
  }

  /** It serves no more. */
  untrack(adGroupId: string): void {
    const lease = this.leases.get(adGroupId);
    if (lease !== undefined) lease.isWanted = false;
    this.due.add(adGroupId);
  }

  /** Why one more message can not be paid for. */
  shortage({ id, creatives }: AdGroupRecord): Shortage | null {
    // No money is claimed for it, but that is not what it lacks.
    if (creatives.length === 0) return null;
    const lease = this.leases.get(id);
    return lease === undefined ? 'budget' : this.shortageOf(lease);
  }

  /** Whether `promise` would be true now. If not, the index is told what its ad group lacks, as by `promise`. */
  canPromise(message: CostlyMessage): boolean {
    const lease = this.leases.get(message.record.id);
    if (lease === undefined || this.holder.id === null) return false;
    const isPayable = this.isPayable(lease, message);
    if (!isPayable) this.note(lease, message);
    return isPayable;
  }

  /** Promises the cost of a message; false where this process has no money for it, so that it must not be shown. */
  promise(message: CostlyMessage): boolean {
    const { record, priceMicros, ctr, decidedAt, expiresAt } = message;
    const lease = this.leases.get(record.id);
    if (lease === undefined || this.holder.id === null) return false;
    const isClick = record.bid.model === 'cpc';
    const isPaid = this.isPayable(lease, message);
    if (isPaid) {
      const promised = { adGroupId: record.id, decidedAt, expiresAt };
      if (isClick) this.clicks.add({ ...promised, priceMicros, ctr: this.cautiousCtr(message) });
      else this.promises.add({ ...promised, micros: priceMicros });
      lease.use(isClick ? priceMicros * ctr : priceMicros, performance.now());
    }
    this.note(lease, message);
    return isPaid;
  }

  /** Once, at the start, there was an answer for every ad group of the index. */
  private hasClaimed(): boolean {
    this.isStarted ||= this.leases.size > 0 && this.unasked.size === 0;
    return this.isStarted || this.leases.size === 0;
  }

  private isPayable(lease: Lease, message: CostlyMessage): boolean {
    return lease.claimedMicros >= this.neededMicros(lease, message.priceMicros, this.cautiousCtr(message));
  }

  private cautiousCtr({ record, ctr }: CostlyMessage): number {
    return Math.max(ctr, this.ctrs.cautiousCtrOf(record.id));
  }

  /** Of the latest message, whether it could be paid for or not. */
  private note(lease: Lease, message: CostlyMessage): void {
    lease.ctr = this.cautiousCtr(message);
    lease.latestPriceMicros = message.priceMicros;
    this.due.add(message.record.id);
    this.tell(lease);
  }

  /** What may still be charged for the messages that were shown; of clicks, what has to be kept for them. */
  private boundMicros({ record }: Lease): number {
    return this.promises.promisedMicros(record.id) + this.clicks.keptMicros(record.id);
  }

  /** What has to be claimed for one more message at this price. Of clicks, the price of one at least, and enough for one more at most. */
  private neededMicros({ record, ctr: latestCtr }: Lease, priceMicros: number, ctr = latestCtr): number {
    const kept = this.clicks.keptMicros(record.id);
    const withIt =
      record.bid.model === 'cpm'
        ? kept + priceMicros
        : Math.max(priceMicros, Math.min(this.clicks.keptMicros(record.id, { priceMicros, ctr }), kept + priceMicros));
    return this.promises.promisedMicros(record.id) + withIt;
  }

  private shortageOf(lease: Lease): Shortage | null {
    if (lease.claimedMicros >= this.neededMicros(lease, lease.nextPriceMicros)) return null;
    return lease.shortage === 'balance' ? 'balance' : 'budget';
  }

  private tell(lease: Lease): void {
    const shortage = this.shortageOf(lease);
    if (shortage === lease.toldShortage) return;
    lease.toldShortage = shortage;
    if (shortage !== null) lease.beginWaiting(performance.now());
    this.due.noteShort(lease.record.id, shortage !== null);
    for (const listener of this.listeners) listener(lease.record.id);
  }

  private async exchange(): Promise<void> {
    await this.holder.renew(() => this.beginAnew());
    const { id } = this.holder;
    if (id === null) return;
    // Read before the charges are: what is settled until then is among them.
    const { settledUntil } = this.progress;
    await this.takeCharges(id);
    for (const adGroupId of this.promises.close(settledUntil)) this.due.add(adGroupId);
    for (const adGroupId of this.clicks.ageTo(settledUntil)) this.due.add(adGroupId);
    const tick = performance.now();
    await this.due.lookAround(tick);
    const changes = this.takeDue(tick);
    if (changes.length === 0) return;
    for (const grant of await this.write(id, changes)) this.takeGrant(grant, tick);
  }

  /** Rejects when it is not known what Postgres has now; then all of it is written anew. */
  private async write(holderId: number, changes: readonly LeaseChange[]): Promise<readonly ClaimGrant[]> {
    for (const { adGroupId } of changes) this.noteStored(adGroupId, null);
    try {
      const grants = await this.exchanges.exchange(holderId, changes, this.clock.now());
      for (const { adGroupId, claimedMicros } of changes) {
        this.noteStored(adGroupId, claimedMicros);
        this.unasked.delete(adGroupId);
      }
      return grants;
    } catch (error) {
      for (const { adGroupId } of changes) this.due.add(adGroupId);
      throw error;
    }
  }

  private async giveBack(holderId: number): Promise<void> {
    for (const [adGroupId, lease] of this.leases) {
      lease.isWanted = false;
      // Nobody asks what those lack who have retired.
      lease.shortage = null;
      this.due.add(adGroupId);
    }
    while (this.due.size > 0) {
      const changes = this.takeDue(performance.now());
      if (changes.length > 0) await this.write(holderId, changes);
    }
    await this.holder.retire();
  }

  /** This process counted as dead for so long that its claims were freed; its promises are over. */
  private beginAnew(): void {
    this.promises.close(Infinity);
    this.clicks.clear();
    for (const [adGroupId, lease] of this.leases) {
      lease.claimedMicros = 0;
      lease.storedMicros = 0;
      this.due.add(adGroupId);
      this.tell(lease);
    }
  }

  private async takeCharges(holderId: number): Promise<void> {
    for (const { adGroupId, micros, minute, settledAt } of await this.charges.next(holderId)) {
      const lease = this.leases.get(adGroupId);
      if (lease === undefined) continue;
      const isClick = this.clicks.noteCharge(adGroupId, micros, minute, settledAt);
      if (!isClick) this.promises.settle(adGroupId, micros, minute);
      lease.claimedMicros = Math.max(0, lease.claimedMicros - micros);
      this.due.add(adGroupId);
      this.tell(lease);
    }
  }

  private takeDue(tick: number): readonly LeaseChange[] {
    const changes: LeaseChange[] = [];
    for (const adGroupId of this.due.take()) {
      this.awaitLowerPrice(adGroupId, tick);
      const change = this.toChange(adGroupId, tick);
      if (change === null) this.unasked.delete(adGroupId);
      else changes.push(change);
    }
    return changes;
  }

  /** Where nothing can come back by itself any more, of messages that are not seen or clicked. */
  private awaitLowerPrice(adGroupId: string, tick: number): void {
    const lease = this.leases.get(adGroupId);
    if (lease !== undefined && lease.toldShortage !== null && this.boundMicros(lease) === 0) lease.goOnWaiting(tick);
  }

  /** Null where nothing is to be exchanged. What is given back is taken out of the lease at once. */
  private toChange(adGroupId: string, tick: number): LeaseChange | null {
    const lease = this.leases.get(adGroupId);
    if (lease === undefined) return null;
    const promised = this.boundMicros(lease);
    const needed = this.neededMicros(lease, lease.nextPriceMicros);
    const isLent = this.due.isLackedBesides(lease, tick);
    const goal = this.goalMicros(lease, isLent, tick);
    // What is too little for a message, and can't become more, may be enough for another ad group or process.
    const isOfNoUse = lease.shortage !== null && lease.claimedMicros < needed;
    const isLastLent = isLent && this.due.isLackedForLong(lease, tick);
    const keep = promised + (isOfNoUse || isLastLent ? 0 : goal);
    if (keep === promised || lease.claimedMicros > keep + goal) {
      // Others get the time to take it, before it is asked for again.
      if (isLent && lease.claimedMicros >= needed) lease.askAgainTick = tick + ASK_AGAIN_MS;
      lease.claimedMicros = Math.min(lease.claimedMicros, keep);
    }
    this.tell(lease);
    if (!lease.isWanted && lease.claimedMicros === 0 && lease.storedMicros === 0) {
      return this.drop(lease);
    }
    const free = lease.claimedMicros - promised;
    const lacking = needed - lease.claimedMicros;
    const isAsking = lease.askAgainTick <= tick && goal - free > goal / 2;
    const isDrifting = lease.storedMicros === null || lease.storedMicros - lease.claimedMicros > (isLent ? 0 : goal);
    return isAsking || isDrifting || isOfNoUse ? this.changeOf(lease, lacking, isAsking ? goal - free : 0) : null;
  }

  /** Not while its row says that it lacks something: others would give money back for it, which nobody takes. */
  private drop(lease: Lease): LeaseChange | null {
    if (lease.shortage !== null) {
      lease.shortage = null;
      return this.changeOf(lease, 0, 0);
    }
    const { id } = lease.record;
    this.leases.delete(id);
    this.clicks.forget(id);
    this.due.noteShort(id, false);
    return null;
  }

  /** What one lacks that does not serve, or not yet, is nothing to others. */
  private changeOf(lease: Lease, lackingMicros: number, wantedMicros: number): LeaseChange {
    const { record, claimedMicros, shortage } = lease;
    return {
      adGroupId: record.id,
      campaignId: record.campaignId,
      advertiserId: record.advertiserId,
      claimedMicros,
      wantedMicros,
      leastMicros: Math.min(wantedMicros, Math.max(1, lackingMicros)),
      shortage: lease.isServing(this.clock.now()) ? shortage : null,
    };
  }

  private goalMicros(lease: Lease, isLent: boolean, tick: number): number {
    if (!lease.isServing(this.clock.now())) return 0;
    return isLent ? lease.nextPriceMicros : lease.goalMicros(tick);
  }

  private noteStored(adGroupId: string, micros: number | null): void {
    const lease = this.leases.get(adGroupId);
    if (lease !== undefined) lease.storedMicros = micros;
  }

  private takeGrant({ adGroupId, grantedMicros, shortage }: ClaimGrant, tick: number): void {
    const lease = this.leases.get(adGroupId);
    if (lease === undefined) return;
    if (lease.budgetedTick >= tick) {
      // It may be of the budget before.
      lease.storedMicros = null;
    } else {
      lease.claimedMicros += grantedMicros;
      lease.storedMicros = (lease.storedMicros ?? 0) + grantedMicros;
    }
    lease.shortage = shortage;
    // Less than a bid is left, and what the first message costs is not known: it is tried with whatever is left.
    if (shortage !== null) lease.latestPriceMicros ??= 0;
    const isOld = lease.trackedTick >= tick;
    if (isOld) this.due.add(adGroupId);
    const pauseMs = Math.max(ASK_AGAIN_MS, this.due.shortCount / MOST_ASKS_PER_MS);
    lease.askAgainTick = shortage === null || isOld ? 0 : tick + pauseMs;
    this.tell(lease);
  }
}

function sameBudgets({ budgets: a }: AdGroupRecord, { budgets: b }: AdGroupRecord): boolean {
  return (
    a.campaignTotalMicros === b.campaignTotalMicros &&
    a.campaignDailyMicros === b.campaignDailyMicros &&
    a.adGroupDailyMicros === b.adGroupDailyMicros
  );
}
