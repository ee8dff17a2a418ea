/** Of more, the oldest are forgotten: what is repeated is repeated soon. Some 5 MB. */
const MOST_DECISIONS = 50_000;

/** Ids of decisions that may be asked for again, until the last of their holds expires. */
export class RememberedDecisions {
  /** When they expire, epoch ms; those that were added last come last. */
  private readonly ends = new Map<string, number>();

  constructor(private readonly most = MOST_DECISIONS) {}

  get size(): number {
    return this.ends.size;
  }

  /** Those that expired before `now` are forgotten, once none stands before them that lasts longer. */
  add(decisionId: string, { now, expiresAt }: { readonly now: number; readonly expiresAt: number }): void {
    this.ends.set(decisionId, expiresAt);
    for (const [oldest, end] of this.ends) {
      if (end > now && this.ends.size <= this.most) break;
      this.ends.delete(oldest);
    }
  }

  has(decisionId: string): boolean {
    return this.ends.has(decisionId);
  }

  delete(decisionId: string): void {
    this.ends.delete(decisionId);
  }
}
