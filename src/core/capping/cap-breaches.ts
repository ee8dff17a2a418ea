import { capReachMs } from './cap-reach.js';
import type { FrequencyCap } from './frequency-cap.js';
import { windowStart } from './cap-window.js';

/** An impression as an audit sees it; both in epoch milliseconds. */
export interface AuditedImpression {
  readonly at: number;
  readonly decidedAt: number;
}

/** The terms of a cap: its zone, and since when it is in force; what was decided before kept to another one. */
export interface AuditedCap extends FrequencyCap {
  readonly zone: string;
  /** Epoch ms; 0 for always. */
  readonly since: number;
}

/**
 * How many windows hold more than the cap allows: of all windows that end with one of `impressions`, those with more than
 * `limit` of them. `impressions` are one member's, of what the cap is on, in the order of `at`. A window counts only when
 * the one of its impressions that was decided last was decided under this cap: at that decision all the others were
 * counted or held (see the proof in `exposure.ts`), so none of them excuses it. An impression is not seen before its
 * decision. O(impressions), but for those that were on their way when the cap came into force.
 */
export function countCapBreaches(impressions: readonly AuditedImpression[], cap: AuditedCap): number {
  const { limit, window, zone, since } = cap;
  const reachMs = window === 'lifetime' ? Infinity : capReachMs([cap]);
  let breaches = 0;
  for (let last = limit; last < impressions.length; last += 1) {
    const { at } = impressions[last] as AuditedImpression;
    const firstTooMany = (impressions[last - limit] as AuditedImpression).at;
    // Most are further apart than any window reaches; where that starts, in another zone, takes longer to tell.
    if (firstTooMany <= at - reachMs) continue;
    const start = windowStart(window, at, zone);
    if (firstTooMany < start) continue;
    // What was seen before the cap was in force was decided before it too.
    const from = Math.max(start, since);
    for (let i = last; i >= 0; i -= 1) {
      const impression = impressions[i] as AuditedImpression;
      if (impression.at < from) break;
      if (impression.decidedAt < since) continue;
      breaches += 1;
      break;
    }
  }
  return breaches;
}
