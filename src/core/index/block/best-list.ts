import { tieBreak } from '../../auction/tie-break.js';
import type { Scored } from '../candidate.js';

/** The best `limit`, at least 1, of the candidates offered, in rank order (see `CandidateIndex`). Each is offered at most once. */
export class BestList {
  private readonly best: Scored[] = [];

  constructor(
    private readonly limit: number,
    private readonly seed: number,
  ) {}

  /** Whoever scores less has no chance, nor whoever scores the same without winning the tie. */
  get threshold(): number {
    return this.best.length < this.limit ? -Infinity : this.best[this.limit - 1]!.score;
  }

  /** O(limit). */
  offer(scored: Scored): void {
    const { best, limit } = this;
    if (best.length === limit && !this.isBefore(scored, best[limit - 1]!)) return;
    let place = Math.min(best.length, limit - 1);
    for (; place > 0 && this.isBefore(scored, best[place - 1]!); place--) best[place] = best[place - 1]!;
    best[place] = scored;
  }

  ranked(): readonly Scored[] {
    return this.best;
  }

  private isBefore(scored: Scored, other: Scored): boolean {
    if (scored.score !== other.score) return scored.score > other.score;
    const mine = tieBreak(this.seed, scored.candidate.idHash);
    const others = tieBreak(this.seed, other.candidate.idHash);
    return mine === others ? scored.candidate.record.id < other.candidate.record.id : mine < others;
  }
}
