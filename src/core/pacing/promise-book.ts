/**
 * What one process has promised and not yet seen settled or over, by ad group. Promises are kept by the minute of their
 * decision, by which charges name them, and there by slots of their expiry. A charge lowers what the slots of that minute
 * hold, the first to end first; what is left of a slot is over once everything accepted before its end is settled, so that
 * slots end in the order in which charges lower them. Invariants: what is promised is never negative, and never less than
 * what may still be charged (a charge of a later slot only leaves more there).
 */
export interface MessagePromise {
  readonly adGroupId: string;
  readonly micros: number;
  /** Epoch ms. */
  readonly decidedAt: number;
  readonly expiresAt: number;
}

/** Promises that are over together. */
interface Slot {
  readonly end: number;
  readonly byAdGroup: Map<string, number>;
}

const MINUTE_MS = 60_000;
const LEAST_SLOT_MS = 1_000;
/** Of the time for which a message is held: promises bind money for that much longer at most, in so many slots. */
const SLOT_SHARE = 1 / 20;

/** The minute, counted from 1970, by which the promises of a decision are kept. */
export function decidedMinute(decidedAt: number): number {
  return Math.floor(decidedAt / MINUTE_MS);
}

/** When the slot of a message ends, epoch ms: its width is a share of the hold, from a second to a minute. */
export function slotEnd({ decidedAt, expiresAt }: Pick<MessagePromise, 'decidedAt' | 'expiresAt'>): number {
  const widthMs = Math.ceil(Math.min(MINUTE_MS, Math.max(LEAST_SLOT_MS, (expiresAt - decidedAt) * SLOT_SHARE)));
  return Math.ceil(expiresAt / widthMs) * widthMs;
}

export class PromiseBook {
  /** Slots by ascending end. */
  private readonly minutes = new Map<number, Slot[]>();
  private readonly promised = new Map<string, number>();

  promisedMicros(adGroupId: string): number {
    return this.promised.get(adGroupId) ?? 0;
  }

  /** O(slots of a minute), and mostly O(1). */
  add(promise: MessagePromise): void {
    const { adGroupId, micros } = promise;
    if (micros === 0) return;
    const slot = this.slotOf(promise);
    slot.byAdGroup.set(adGroupId, (slot.byAdGroup.get(adGroupId) ?? 0) + micros);
    this.promised.set(adGroupId, this.promisedMicros(adGroupId) + micros);
  }

  /** A charge of this many micros for messages decided in that minute has been settled. O(slots of a minute). */
  settle(adGroupId: string, micros: number, minute: number): void {
    let left = micros;
    for (const { byAdGroup } of this.minutes.get(minute) ?? []) {
      const open = byAdGroup.get(adGroupId) ?? 0;
      const settled = Math.min(open, left);
      if (settled === 0) continue;
      byAdGroup.set(adGroupId, open - settled);
      this.lower(adGroupId, settled);
      left -= settled;
    }
  }

  /**
   * Drops the slots that are over: everything accepted before `settledUntilMs` is settled, and was told to
   * `settle`. Answers the ad groups that had any. O(slots + what is dropped).
   */
  close(settledUntilMs: number): readonly string[] {
    const ended = new Set<string>();
    for (const [minute, slots] of this.minutes) {
      const open = slots.filter(({ end }) => end > settledUntilMs);
      if (open.length === slots.length) continue;
      for (const { byAdGroup } of slots.filter(({ end }) => end <= settledUntilMs)) {
        for (const [adGroupId, micros] of byAdGroup) {
          this.lower(adGroupId, micros);
          ended.add(adGroupId);
        }
      }
      if (open.length === 0) this.minutes.delete(minute);
      else this.minutes.set(minute, open);
    }
    return [...ended];
  }

  private slotOf(promise: MessagePromise): Slot {
    const minute = decidedMinute(promise.decidedAt);
    const slots = this.minutes.get(minute) ?? [];
    const end = slotEnd(promise);
    const before = slots.findLastIndex((slot) => slot.end <= end);
    const found = slots[before];
    if (found?.end === end) return found;
    const slot = { end, byAdGroup: new Map<string, number>() };
    slots.splice(before + 1, 0, slot);
    this.minutes.set(minute, slots);
    return slot;
  }

  private lower(adGroupId: string, micros: number): void {
    const left = this.promisedMicros(adGroupId) - micros;
    if (left > 0) this.promised.set(adGroupId, left);
    else this.promised.delete(adGroupId);
  }
}
