import { performance } from 'node:perf_hooks';
import { Inject, Injectable } from '@nestjs/common';
import { ReachTally } from '../../core/capping/cap-reach.js';
import { recordReachMs } from '../../core/capping/record-caps.js';
import { BlockIndex } from '../../core/index/block-index.js';
import type { AdGroupRecord } from '../../core/index/ad-group-record.js';
import { type Candidate, score, type Scored } from '../../core/index/candidate.js';
import { firstFailure } from '../../core/index/first-failure.js';
import type { ExclusionReason, MatchRequest, MoneySnapshot } from '../../core/index/match-request.js';
import { CtrBook, LeaseBook, PacingBook } from '../../delivery/delivery.api.js';
import { RUNTIME_CONFIG, type RuntimeConfig } from '../../platform/platform.module.js';
import { LONGEST_UNHEARD_MS } from '../longest-unheard.js';

/** This process's candidate index with the money that it is judged by; by campaign as well, since those are what changes. */
@Injectable()
export class LiveIndex {
  private readonly index: BlockIndex;
  private readonly money: MoneySnapshot;
  /** Ids of ad groups by the id of their campaign. */
  private readonly adGroupsOf = new Map<string, Set<string>>();
  private readonly reaches = new ReachTally();
  /** Of `performance.now()`: what was stopped until then is out. */
  private stoppedUntil = -Infinity;

  constructor(
    @Inject(RUNTIME_CONFIG) config: RuntimeConfig,
    private readonly leases: LeaseBook,
    pacing: PacingBook,
    private readonly ctr: CtrBook,
  ) {
    this.index = new BlockIndex({ base: config.baseCurrency, rates: config.exchangeRates });
    this.money = {
      shortage: (record) => leases.shortage(record),
      pacing: (record) => pacing.pacing(record),
    };
    pacing.onChange((campaignIds) => this.recheck(campaignIds));
    leases.onChange((adGroupId) => this.index.recheck(adGroupId));
  }

  get size(): number {
    return this.index.size;
  }

  /** It was not heard for so long what was stopped that nothing is to be decided by it: Postgres hangs, or the process did. */
  get isStale(): boolean {
    return performance.now() - this.stoppedUntil > LONGEST_UNHEARD_MS;
  }

  /** What was stopped until `tick` (of `performance.now()`) is out. */
  noteStoppedUntil(tick: number): void {
    this.stoppedUntil = tick;
  }

  /** How far back the timed caps of all its ad groups reach at most. */
  get capReachMs(): number {
    return this.reaches.longestMs;
  }

  /** A rebuild would make it faster: see `BlockIndex.rebuild`. */
  get isWorn(): boolean {
    return this.index.isWorn;
  }

  rebuild(): Generator<undefined, void> {
    return this.index.rebuild();
  }

  /** For filling the index at the start: found only after a rebuild. */
  load(record: AdGroupRecord): void {
    this.index.load(record, this.ctr.ctrOf(record.id));
    this.reaches.add(recordReachMs(record));
    this.note(record);
  }

  put(record: AdGroupRecord): void {
    const before = this.index.get(record.id)?.record;
    this.index.upsert(record, this.ctr.ctrOf(record.id));
    this.reaches.add(recordReachMs(record));
    if (before !== undefined) this.reaches.remove(recordReachMs(before));
    this.note(record);
  }

  /** Its predicted CTR has changed. */
  putAgain(adGroupId: string): void {
    const candidate = this.index.get(adGroupId);
    if (candidate !== null) this.put(candidate.record);
  }

  /** Takes out those ad groups of these campaigns that `isOut` says. Yields after each. */
  *removeOf(campaignIds: readonly string[], isOut: (record: AdGroupRecord) => boolean): Generator<undefined, void> {
    for (const campaignId of campaignIds) {
      for (const adGroupId of this.adGroupsOf.get(campaignId) ?? []) {
        const record = this.index.get(adGroupId)?.record;
        if (record !== undefined && isOut(record)) this.removeAdGroup(adGroupId);
        yield;
      }
    }
  }

  /** Takes out those whose campaign was over by then, epoch ms. Yields after each ad group. */
  *removeOver(ms: number): Generator<undefined, void> {
    for (const { record } of this.index.all()) {
      if (record.endsAt !== null && record.endsAt <= ms) this.removeAdGroup(record.id);
      yield;
    }
  }

  removeAdGroup(adGroupId: string): void {
    const record = this.index.get(adGroupId)?.record;
    if (record === undefined) return;
    this.index.remove(adGroupId);
    this.reaches.remove(recordReachMs(record));
    this.leases.untrack(adGroupId);
    const adGroups = this.adGroupsOf.get(record.campaignId);
    adGroups?.delete(adGroupId);
    if (adGroups?.size === 0) this.adGroupsOf.delete(record.campaignId);
  }

  get(adGroupId: string): Candidate | null {
    return this.index.get(adGroupId);
  }

  /** See `CandidateIndex`. */
  top(request: MatchRequest, limit: number, without: ReadonlySet<string>): readonly Scored[] {
    return this.index.top(request, this.money, limit, without);
  }

  /** Of the latest `top`, in looks (see `WorkBound`). */
  get cost(): number {
    return this.index.cost;
  }

  /** Why a candidate is left out, by the same checks. */
  firstFailure(
    candidate: Candidate,
    request: MatchRequest,
    isCapped: (record: AdGroupRecord) => boolean,
  ): ExclusionReason | null {
    return firstFailure(candidate, request, this.money, isCapped);
  }

  score(candidate: Candidate, request: MatchRequest): Scored {
    return score(candidate, request, this.money);
  }

  all(): Iterable<Candidate> {
    return this.index.all();
  }

  private recheck(campaignIds: readonly string[]): void {
    for (const campaignId of campaignIds)
      for (const adGroupId of this.adGroupsOf.get(campaignId) ?? []) this.index.recheck(adGroupId);
  }

  private note(record: AdGroupRecord): void {
    const adGroups = this.adGroupsOf.get(record.campaignId) ?? new Set();
    this.adGroupsOf.set(record.campaignId, adGroups.add(record.id));
    this.leases.track(record);
  }
}
