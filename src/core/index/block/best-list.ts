import { tieBreak } from '../../auction/tie-break.js';
import type { Scored } from '../candidate.js';

/**
 * The best `limit`, at least 1, of the candidates offered, and of each advertiser its best `mostOfAdvertiser`, in rank order
 * (see `CandidateIndex`). Each is offered at most once.
 */
export class BestList {
  private readonly best: Scored[] = [];
  /** Of each advertiser, those in `best`, where the list is rationed. */
  private readonly byAdvertiser = new Map<string, Scored[]>();
  /** The list is long enough for an advertiser to have more than it may. */
  readonly isRationed: boolean;

  constructor(
    private readonly limit: number,
    private readonly seed: number,
    private readonly mostOfAdvertiser: number,
  ) {
    this.isRationed = mostOfAdvertiser < limit;
  }

  /** Whoever scores less has no chance, nor whoever scores the same without winning the tie. */
  get threshold(): number {
    return this.best.length < this.limit ? -Infinity : this.best[this.limit - 1]!.score;
  }

  /** As `threshold`, for one more of this advertiser, where the list is rationed. */
  thresholdOf(advertiserId: string): number {
    const own = this.byAdvertiser.get(advertiserId);
    return own === undefined || own.length < this.mostOfAdvertiser ? -Infinity : own[own.length - 1]!.score;
  }

  /** O(log limit) comparisons, and moving what ranks lower. */
  offer(scored: Scored): void {
    const { best, limit } = this;
    if (best.length === limit && !this.isBefore(scored, best[limit - 1]!)) return;
    if (this.isRationed && !this.makeRoom(scored)) return;
    this.put(scored, best);
    if (best.length <= limit) return;
    const last = best.pop()!;
    // It is the last of its advertiser's, too.
    this.byAdvertiser.get(last.candidate.record.advertiserId)?.pop();
  }

  ranked(): readonly Scored[] {
    return this.best;
  }

  /** Counts it for its advertiser, whose last goes where it has as many as it may; false where that one ranks higher. */
  private makeRoom(scored: Scored): boolean {
    const { advertiserId } = scored.candidate.record;
    const own = this.byAdvertiser.get(advertiserId) ?? [];
    if (own.length === 0) this.byAdvertiser.set(advertiserId, own);
    if (own.length >= this.mostOfAdvertiser) {
      const last = own[own.length - 1]!;
      if (!this.isBefore(scored, last)) return false;
      own.pop();
      this.best.splice(this.placeOf(last, this.best), 1);
    }
    this.put(scored, own);
    return true;
  }

  private put(scored: Scored, into: Scored[]): void {
    const place = this.placeOf(scored, into);
    if (place === into.length) into.push(scored);
    else into.splice(place, 0, scored);
  }

  /** Where it is among those that are in rank order, or belongs. */
  private placeOf(scored: Scored, among: readonly Scored[]): number {
    let [low, high] = [0, among.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.isBefore(among[middle]!, scored)) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  private isBefore(scored: Scored, other: Scored): boolean {
    if (scored.score !== other.score) return scored.score > other.score;
    const mine = tieBreak(this.seed, scored.candidate.idHash);
    const others = tieBreak(this.seed, other.candidate.idHash);
    return mine === others ? scored.candidate.record.id < other.candidate.record.id : mine < others;
  }
}
