import { UNIT_MS, windowLengthMs } from './cap-window.js';
import type { FrequencyCap } from './frequency-cap.js';

/**
 * How far back, in ms, the timed windows of `caps` reach at most; 0 where none does. A calendar window may be longer than
 * its nominal length where clocks change: a day more covers every change there ever was.
 */
export function capReachMs(caps: readonly FrequencyCap[]): number {
  let reachMs = 0;
  for (const { window } of caps) {
    if (window === 'lifetime') continue;
    const slackMs = window.kind === 'calendar' ? UNIT_MS.day : 0;
    reachMs = Math.max(reachMs, windowLengthMs(window) + slackMs);
  }
  return reachMs;
}

/** The longest of many reaches, which come and go. Adding and removing is O(1), but for the last of the longest: O(distinct). */
export class ReachTally {
  private readonly counts = new Map<number, number>();
  private longest = 0;

  /** Ms; 0 when there is none. */
  get longestMs(): number {
    return this.longest;
  }

  add(reachMs: number): void {
    this.counts.set(reachMs, (this.counts.get(reachMs) ?? 0) + 1);
    this.longest = Math.max(this.longest, reachMs);
  }

  remove(reachMs: number): void {
    const left = (this.counts.get(reachMs) ?? 0) - 1;
    if (left > 0) {
      this.counts.set(reachMs, left);
      return;
    }
    this.counts.delete(reachMs);
    if (reachMs === this.longest) this.longest = Math.max(0, ...this.counts.keys());
  }
}
