import { Inject, Injectable } from '@nestjs/common';
import type { AdGroupRecord } from '../../core/index/ad-group-record.js';
import { type Candidate, score, type Scored } from '../../core/index/candidate.js';
import type { CandidateIndex } from '../../core/index/candidate-index.js';
import { firstFailure } from '../../core/index/first-failure.js';
import type { ExclusionReason, MatchRequest } from '../../core/index/match-request.js';
import { PlainScan } from '../../core/index/plain-scan.js';
import { SpendBook } from '../../delivery/delivery.api.js';
import { RUNTIME_CONFIG, type RuntimeConfig } from '../../platform/platform.module.js';

/** This process's candidate index with the spend that it is judged by; by campaign as well, since those are what changes. */
@Injectable()
export class LiveIndex {
  private readonly index: CandidateIndex;
  private readonly adGroupsOf = new Map<string, Set<string>>();

  constructor(
    @Inject(RUNTIME_CONFIG) config: RuntimeConfig,
    private readonly spend: SpendBook,
  ) {
    this.index = new PlainScan({ base: config.baseCurrency, rates: config.exchangeRates });
  }

  get size(): number {
    return this.index.size;
  }

  put(record: AdGroupRecord): void {
    this.index.upsert(record);
    const adGroups = this.adGroupsOf.get(record.campaignId) ?? new Set();
    this.adGroupsOf.set(record.campaignId, adGroups.add(record.id));
  }

  /** Takes out the ad groups of these campaigns, but for those in `kept`. */
  removeCampaigns(campaignIds: readonly string[], kept: ReadonlySet<string>): void {
    for (const campaignId of campaignIds) {
      for (const adGroupId of this.adGroupsOf.get(campaignId) ?? [])
        if (!kept.has(adGroupId)) this.removeAdGroup(adGroupId);
    }
  }

  removeAdGroup(adGroupId: string): void {
    const campaignId = this.index.get(adGroupId)?.record.campaignId;
    this.index.remove(adGroupId);
    if (campaignId === undefined) return;
    const adGroups = this.adGroupsOf.get(campaignId);
    adGroups?.delete(adGroupId);
    if (adGroups?.size === 0) this.adGroupsOf.delete(campaignId);
  }

  get(adGroupId: string): Candidate | null {
    return this.index.get(adGroupId);
  }

  /** The best `limit` that nothing but a frequency cap can exclude, in rank order. */
  top(request: MatchRequest, limit: number): readonly Scored[] {
    return this.index.top(request, this.spend, limit);
  }

  /** Why a candidate is left out, by the same checks. */
  firstFailure(
    candidate: Candidate,
    request: MatchRequest,
    isCapped: (record: AdGroupRecord) => boolean,
  ): ExclusionReason | null {
    return firstFailure(candidate, request, this.spend, isCapped);
  }

  score(candidate: Candidate, request: MatchRequest): Scored {
    return score(candidate, request, this.spend);
  }

  all(): Iterable<Candidate> {
    return this.index.all();
  }
}
