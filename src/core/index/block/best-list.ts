import { tieBreak } from '../../auction/tie-break.js';
import type { Scored } from '../candidate.js';

/**
 * The best `limit`, at least 1, of the candidates offered, and of each advertiser its best `mostOfAdvertiser`, in rank order
 * (see `CandidateIndex`). Each is offered at most once.
 */
export class BestList {
  private readonly best: Scored[] = [];

  constructor(
    private readonly limit: number,
    private readonly seed: number,
    private readonly mostOfAdvertiser: number,
  ) {}

  /** Whoever scores less has no chance, nor whoever scores the same without winning the tie. */
  get threshold(): number {
    return this.best.length < this.limit ? -Infinity : this.best[this.limit - 1]!.score;
  }

  /** O(limit). */
  offer(scored: Scored): void {
    const { best, limit } = this;
    if (best.length === limit && !this.isBefore(scored, best[limit - 1]!)) return;
    if (best.length >= this.mostOfAdvertiser && !this.makeRoom(scored)) return;
    let place = Math.min(best.length, limit - 1);
    for (; place > 0 && this.isBefore(scored, best[place - 1]!); place--) best[place] = best[place - 1]!;
    best[place] = scored;
  }

  ranked(): readonly Scored[] {
    return this.best;
  }

  /** Where its advertiser has as many as it may, the last of them goes; false where that one ranks higher. */
  private makeRoom(scored: Scored): boolean {
    const { best } = this;
    const { advertiserId } = scored.candidate.record;
    let count = 0;
    let last = -1;
    for (let place = 0; place < best.length; place++) {
      if (best[place]!.candidate.record.advertiserId !== advertiserId) continue;
      count++;
      last = place;
    }
    if (count < this.mostOfAdvertiser) return true;
    if (!this.isBefore(scored, best[last]!)) return false;
    best.splice(last, 1);
    return true;
  }

  private isBefore(scored: Scored, other: Scored): boolean {
    if (scored.score !== other.score) return scored.score > other.score;
    const mine = tieBreak(this.seed, scored.candidate.idHash);
    const others = tieBreak(this.seed, other.candidate.idHash);
    return mine === others ? scored.candidate.record.id < other.candidate.record.id : mine < others;
  }
}
