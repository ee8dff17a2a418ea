/**
 * What one process has promised and not yet seen settled or over, by ad group. A promise is kept by the minute of its
 * decision: a charge lowers what that minute still holds, and what is left of a minute is over once everything accepted
 * before its last promise expired is settled. Invariants: what is promised is never negative, and never less than what may
 * still be charged, but for clicks, whose promises are expectations.
 */
export interface MessagePromise {
  readonly adGroupId: string;
  readonly micros: number;
  /** Epoch ms. */
  readonly decidedAt: number;
  readonly expiresAt: number;
}

interface Minute {
  readonly byAdGroup: Map<string, number>;
  latestExpiry: number;
}

const MINUTE_MS = 60_000;

/** The minute, counted from 1970, by which the promises of a decision are kept. */
export function decidedMinute(decidedAt: number): number {
  return Math.floor(decidedAt / MINUTE_MS);
}

export class PromiseBook {
  private readonly minutes = new Map<number, Minute>();
  private readonly promised = new Map<string, number>();

  promisedMicros(adGroupId: string): number {
    return this.promised.get(adGroupId) ?? 0;
  }

  /** O(1). */
  add({ adGroupId, micros, decidedAt, expiresAt }: MessagePromise): void {
    if (micros === 0) return;
    const key = decidedMinute(decidedAt);
    const minute = this.minutes.get(key) ?? { byAdGroup: new Map<string, number>(), latestExpiry: 0 };
    minute.byAdGroup.set(adGroupId, (minute.byAdGroup.get(adGroupId) ?? 0) + micros);
    minute.latestExpiry = Math.max(minute.latestExpiry, expiresAt);
    this.minutes.set(key, minute);
    this.promised.set(adGroupId, this.promisedMicros(adGroupId) + micros);
  }

  /** A charge of this many micros for messages decided in that minute has been settled. O(1). */
  settle(adGroupId: string, micros: number, minute: number): void {
    const { byAdGroup } = this.minutes.get(minute) ?? {};
    if (byAdGroup === undefined) return;
    const open = byAdGroup.get(adGroupId) ?? 0;
    const settled = Math.min(open, micros);
    byAdGroup.set(adGroupId, open - settled);
    this.lower(adGroupId, settled);
  }

  /**
   * Drops the minutes whose promises are all over: everything accepted before `settledUntilMs` is settled, and was told to
   * `settle`. Answers the ad groups that had any. O(minutes + what is dropped).
   */
  close(settledUntilMs: number): readonly string[] {
    const ended = new Set<string>();
    for (const [key, minute] of this.minutes) {
      if (minute.latestExpiry > settledUntilMs) continue;
      this.minutes.delete(key);
      for (const [adGroupId, micros] of minute.byAdGroup) {
        this.lower(adGroupId, micros);
        ended.add(adGroupId);
      }
    }
    return [...ended];
  }

  private lower(adGroupId: string, micros: number): void {
    const left = this.promisedMicros(adGroupId) - micros;
    if (left > 0) this.promised.set(adGroupId, left);
    else this.promised.delete(adGroupId);
  }
}
