import { performance } from 'node:perf_hooks';
import { setImmediate as nextTurn } from 'node:timers/promises';

/** What all rankings of one turn of the event loop may take together, but for the last that has begun. */
const LONGEST_MS = 5;

/**
 * Shares the event loop between rankings and everything else: a ranking takes some ten µs with most catalogues and requests, and
 * a few ms with the worst, of which a batch could otherwise have many in one turn.
 */
export class RankingTurns {
  private spentMs = 0;
  private next: Promise<void> | null = null;

  /** This turn has had its rankings: await `others` first. */
  get isOver(): boolean {
    return this.spentMs >= LONGEST_MS;
  }

  /** Resolves in the next turn, which may be over, too, when those who waited for longer have had theirs. */
  others(): Promise<void> {
    return this.next ?? this.begin();
  }

  rank<T>(work: () => T): T {
    const begun = performance.now();
    try {
      return work();
    } finally {
      this.spentMs += performance.now() - begun;
      if (this.next === null) void this.begin();
    }
  }

  private begin(): Promise<void> {
    this.next = nextTurn().then(() => {
      this.spentMs = 0;
      this.next = null;
    });
    return this.next;
  }
}
