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
  let breaches = 0;
  let first = 0;
  impressions.forEach(({ at }, last) => {
    const start = windowStart(cap.window, at, cap.zone);
    while (first <= last && (impressions[first]?.at ?? at) < start) first += 1;
    if (last - first + 1 <= cap.limit) return;
    // What was seen before the cap was in force was decided before it too.
    for (let i = last; i >= first && (impressions[i]?.at ?? 0) >= cap.since; i -= 1) {
      if ((impressions[i]?.decidedAt ?? 0) < cap.since) continue;
      breaches += 1;
      return;
    }
  });
  return breaches;
}
