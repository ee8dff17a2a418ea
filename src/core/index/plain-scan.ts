import { rankOrder } from '../auction/rank-order.js';
import type { ExchangeRates } from '../money/currency.js';
import type { AdGroupRecord } from './ad-group-record.js';
import { type Candidate, score, type Scored, toCandidate } from './candidate.js';
import type { CandidateIndex, Eligible } from './candidate-index.js';
import { firstFailure } from './first-failure.js';
import type { MatchRequest, MoneySnapshot } from './match-request.js';

/** The candidate index as a loop over all ad groups: plainly right, and the oracle that faster ones are held to. */
export class PlainScan implements CandidateIndex {
  private readonly candidates = new Map<string, Candidate>();

  constructor(private readonly rates: ExchangeRates) {}

  get size(): number {
    return this.candidates.size;
  }

  upsert(record: AdGroupRecord, ctr?: number): void {
    this.candidates.set(record.id, toCandidate(record, this.rates, ctr));
  }

  remove(adGroupId: string): void {
    this.candidates.delete(adGroupId);
  }

  /** Nothing is remembered of what money said. */
  recheck(): void {
    return;
  }

  get(adGroupId: string): Candidate | null {
    return this.candidates.get(adGroupId) ?? null;
  }

  /** O(ad groups + eligible × log eligible). */
  top(request: MatchRequest, money: MoneySnapshot, limit: number, without?: ReadonlySet<string>): readonly Scored[] {
    return [...this.eligible(request, money)]
      .filter(({ record }) => without?.has(record.id) !== true && without?.has(record.campaignId) !== true)
      .map((candidate) => score(candidate, request, money))
      .sort(rankOrder(request.seed))
      .slice(0, limit);
  }

  eligible(request: MatchRequest, money: MoneySnapshot): Eligible {
    const candidates = [...this.candidates.values()];
    return new Set(candidates.filter((candidate) => firstFailure(candidate, request, money) === null));
  }

  all(): Iterable<Candidate> {
    return this.candidates.values();
  }
}
