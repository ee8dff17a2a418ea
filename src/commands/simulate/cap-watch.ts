/** Counts what members have seen of capped campaigns, by their own record, and each time that was once too often. */
export class CapWatch {
  private readonly seen = new Map<string, number[]>();
  private count = 0;

  /** `caps`: of campaigns by their ids; windows are rolling, `(t − windowMs, t]`. */
  constructor(private readonly caps: ReadonlyMap<string, { readonly limit: number; readonly windowMs: number }>) {}

  get broken(): number {
    return this.count;
  }

  /** An impression that was accepted at `ms`. Those of one member may come in any order within one window. */
  add(campaignId: string, memberId: string, ms: number): void {
    const cap = this.caps.get(campaignId);
    if (cap === undefined) return;
    const key = `${campaignId} ${memberId}`;
    const times = [...(this.seen.get(key) ?? []), ms].sort((a, b) => a - b);
    const kept = times.filter((time) => time > ms - 2 * cap.windowMs);
    this.seen.set(key, kept);
    const isBroken = kept.some((last) => {
      const within = kept.filter((time) => time <= last && time > last - cap.windowMs);
      return ms <= last && ms > last - cap.windowMs && within.length > cap.limit;
    });
    if (isBroken) this.count++;
  }
}
