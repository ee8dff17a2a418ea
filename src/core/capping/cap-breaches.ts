import { capReachMs } from './cap-reach.js';
import { windowStart } from './cap-window.js';
import type { FrequencyCap } from './frequency-cap.js';
import { inForceAt, type LimitHistory } from './limit-history.js';

/** An impression as an audit sees it; both in epoch milliseconds. */
export interface AuditedImpression {
  readonly at: number;
  readonly decidedAt: number;
}

/** A cap with how far back its window reaches at most, in ms. */
export interface AuditedCap extends FrequencyCap {
  readonly reachMs: number;
}

/** The caps of one thing, and the zone of their calendar windows, with what they were earlier. */
export interface AuditedCaps {
  readonly caps: LimitHistory<readonly AuditedCap[]>;
  readonly zones: LimitHistory<string>;
}

export function toAuditedCap(cap: FrequencyCap): AuditedCap {
  return { ...cap, reachMs: cap.window === 'lifetime' ? Infinity : capReachMs([cap]) };
}

/**
 * The caps that were broken, once for each window that holds more than its cap allows, of all windows that end with one of
 * `impressions`. These are one member's, of what the caps are on, in the order of `at`. A window is judged by the caps and
 * the zone that were in force when the one of its impressions was decided that was decided last: at that decision all the
 * others were counted or held (see the proof in `exposure.ts`), so none of them excuses it. Where these are not known, it is
 * not judged. An impression is not seen before its decision. O(impressions × (caps + log changes)), but for those that
 * were seen after one that was decided later.
 */
export function findCapBreaches(
  impressions: readonly AuditedImpression[],
  { caps, zones }: AuditedCaps,
): readonly AuditedCap[] {
  const broken: AuditedCap[] = [];
  impressions.forEach(({ decidedAt }, decisive) => {
    const inForce = inForceAt(caps, decidedAt);
    const zone = inForceAt(zones, decidedAt);
    if (inForce === null || zone === null) return;
    for (let last = decisive; last < impressions.length; last += 1) {
      // From here on, windows hold one that was decided later; of several decided at once, the last stands for all.
      if (last > decisive && (impressions[last] as AuditedImpression).decidedAt >= decidedAt) break;
      for (const cap of inForce) if (isTooFull(impressions, [decisive, last], cap, zone)) broken.push(cap);
    }
  });
  return broken;
}

/** Whether the window that ends with `last` holds too many, and `decisive` is the one of them that was decided last. */
function isTooFull(
  impressions: readonly AuditedImpression[],
  [decisive, last]: readonly [number, number],
  { limit, window, reachMs }: AuditedCap,
  zone: string,
): boolean {
  if (last < limit) return false;
  const { at } = impressions[last] as AuditedImpression;
  const firstTooMany = (impressions[last - limit] as AuditedImpression).at;
  // Most are further apart than any window reaches; where that starts, in another zone, takes longer to tell.
  if (firstTooMany <= at - reachMs) return false;
  const start = windowStart(window, at, zone);
  const { at: seenAt, decidedAt } = impressions[decisive] as AuditedImpression;
  if (firstTooMany < start || seenAt < start) return false;
  // What was seen before this decision was decided before it too.
  const from = Math.max(start, decidedAt);
  for (let i = decisive - 1; i >= 0; i -= 1) {
    const earlier = impressions[i] as AuditedImpression;
    if (earlier.at < from) break;
    if (earlier.decidedAt > decidedAt) return false;
  }
  return true;
}
