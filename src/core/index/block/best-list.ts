import { tieBreak } from '../../auction/tie-break.js';
import type { Candidate, Scored } from '../candidate.js';

/** The best `limit`, at least 1, of the candidates offered, in rank order (see `rankOrder`). Each is offered at most once. */
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

  /** Whether one that scores as much as `threshold` has no chance. */
  losesTie(candidate: Candidate): boolean {
    return this.best.length === this.limit && !this.winsTie(candidate, this.best[this.limit - 1]!.candidate);
  }

  /** O(log limit) comparisons, and moving what ranks lower. */
  offer(scored: Scored): void {
    const { best, limit } = this;
    if (best.length === limit && !this.isBefore(scored, best[limit - 1]!)) return;
    const place = this.placeOf(scored);
    if (place === best.length) best.push(scored);
    else best.splice(place, 0, scored);
    if (best.length > limit) best.pop();
  }

  ranked(): readonly Scored[] {
    return this.best;
  }

  private placeOf(scored: Scored): number {
    let [low, high] = [0, this.best.length];
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.isBefore(this.best[middle]!, scored)) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  private isBefore(scored: Scored, other: Scored): boolean {
    if (scored.score !== other.score) return scored.score > other.score;
    return this.winsTie(scored.candidate, other.candidate);
  }

  private winsTie(candidate: Candidate, other: Candidate): boolean {
    const mine = tieBreak(this.seed, candidate.idHash);
    const others = tieBreak(this.seed, other.idHash);
    return mine === others ? candidate.record.id < other.record.id : mine < others;
  }
}
