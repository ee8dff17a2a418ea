import type { Bid } from '../index/ad-group-record.js';

/**
 * What one process has promised and not yet seen settled or over, by ad group. What is left of a promise is over once
 * everything accepted before it expired is settled. An impression's promise is kept by the minute of its decision: a charge
 * lowers what that minute still holds. A click's promise is an expectation that no charge settles: it is kept by its expiry,
 * so that it is over soon. Invariants: what is promised is never negative, and never less than what impressions may still
 * be charged.
 */
export interface MessagePromise {
  readonly adGroupId: string;
  readonly model: Bid['model'];
  readonly micros: number;
  /** Epoch ms. */
  readonly decidedAt: number;
  readonly expiresAt: number;
}

/** Promises that are over together. */
interface Group {
  readonly byAdGroup: Map<string, number>;
  latestExpiry: number;
}

const MINUTE_MS = 60_000;
const LEAST_SLOT_MS = 1_000;
/** Of the time for which a message is held: promises of clicks are over that much later at most, in so many groups. */
const SLOT_SHARE = 1 / 20;

/** The minute, counted from 1970, by which the promises of a decision are kept. */
export function decidedMinute(decidedAt: number): number {
  return Math.floor(decidedAt / MINUTE_MS);
}

/** The end, epoch ms, of the slot by which a click's promise is kept: its width is a share of the hold, up to a minute. */
function slotEnd({ decidedAt, expiresAt }: MessagePromise): number {
  const widthMs = Math.ceil(Math.min(MINUTE_MS, Math.max(LEAST_SLOT_MS, (expiresAt - decidedAt) * SLOT_SHARE)));
  return Math.ceil(expiresAt / widthMs) * widthMs;
}

export class PromiseBook {
  private readonly byMinute = new Map<number, Group>();
  private readonly bySlot = new Map<number, Group>();
  private readonly promised = new Map<string, number>();

  promisedMicros(adGroupId: string): number {
    return this.promised.get(adGroupId) ?? 0;
  }

  /** O(1). */
  add(promise: MessagePromise): void {
    const { adGroupId, micros } = promise;
    if (micros === 0) return;
    if (promise.model === 'cpm') this.addTo(this.byMinute, decidedMinute(promise.decidedAt), promise);
    else this.addTo(this.bySlot, slotEnd(promise), promise);
    this.promised.set(adGroupId, this.promisedMicros(adGroupId) + micros);
  }

  /** A charge of this many micros for impressions decided in that minute has been settled. O(1). */
  settle(adGroupId: string, micros: number, minute: number): void {
    const { byAdGroup } = this.byMinute.get(minute) ?? {};
    if (byAdGroup === undefined) return;
    const open = byAdGroup.get(adGroupId) ?? 0;
    const settled = Math.min(open, micros);
    byAdGroup.set(adGroupId, open - settled);
    this.lower(adGroupId, settled);
  }

  /**
   * Drops the groups whose promises are all over: everything accepted before `settledUntilMs` is settled, and was told to
   * `settle`. Answers the ad groups that had any. O(groups + what is dropped).
   */
  close(settledUntilMs: number): readonly string[] {
    const ended = new Set<string>();
    for (const groups of [this.byMinute, this.bySlot]) {
      for (const [key, group] of groups) {
        if (group.latestExpiry > settledUntilMs) continue;
        groups.delete(key);
        for (const [adGroupId, micros] of group.byAdGroup) {
          this.lower(adGroupId, micros);
          ended.add(adGroupId);
        }
      }
    }
    return [...ended];
  }

  private addTo(groups: Map<number, Group>, key: number, { adGroupId, micros, expiresAt }: MessagePromise): void {
    const group = groups.get(key) ?? { byAdGroup: new Map<string, number>(), latestExpiry: 0 };
    group.byAdGroup.set(adGroupId, (group.byAdGroup.get(adGroupId) ?? 0) + micros);
    group.latestExpiry = Math.max(group.latestExpiry, expiresAt);
    groups.set(key, group);
  }

  private lower(adGroupId: string, micros: number): void {
    const left = this.promisedMicros(adGroupId) - micros;
    if (left > 0) this.promised.set(adGroupId, left);
    else this.promised.delete(adGroupId);
  }
}
