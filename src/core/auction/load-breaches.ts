import type { AuditedImpression } from '../capping/cap-breaches.js';
import { windowStart } from '../capping/cap-window.js';
import { inForceAt, type LimitHistory } from '../capping/limit-history.js';

export interface PlacedImpression extends AuditedImpression {
  readonly placement: string;
}

/** A load rule of the placements that have it or had it. */
export interface AuditedRules {
  /** What it allows, messages or seconds, and allowed earlier. */
  readonly of: ReadonlyMap<string, LimitHistory<number>>;
  /** The least that it ever allowed anywhere. */
  readonly least: number;
}

/** O(stretches). */
export function toAuditedRules(of: AuditedRules['of']): AuditedRules {
  let least = Infinity;
  for (const history of of.values()) for (const { value } of history) least = Math.min(least, value);
  return { of, least };
}

const DAY = { length: 1, unit: 'day', kind: 'rolling' } as const;

/**
 * Of decisions that are this far apart, the later one by its time saw the other: clocks differ by 3 s at the most, and a
 * decision takes no longer than the longest deadline of a match, 10 s.
 */
const IN_ORDER_MS = 13_000;

/**
 * How many 24 hours hold more messages than load rules allow: of all rolling days that end with one of `impressions`. These
 * are in the order of `at`: all that one member saw, or all of one advertiser's, in every placement. A day is judged by the
 * placement of the one that was decided last: at that decision all the others were counted or held (see the proof in
 * `exposure.ts`, which does not ask what else they count for). Where it is not certain which one that was, the placement that
 * allows most judges; one without a rule, or with one that is not known, allows everything.
 * O(impressions × those seen within the longest hold × log changes).
 */
export function countLoadBreaches(impressions: readonly PlacedImpression[], rules: AuditedRules): number {
  let breaches = 0;
  let first = 0;
  impressions.forEach(({ at }, last) => {
    const start = windowStart(DAY, at, 'UTC');
    while (first < last && (impressions[first]?.at ?? at) < start) first += 1;
    const count = last - first + 1;
    if (count > rules.least && count > mostOf(impressions, [first, last], rules)) breaches += 1;
  });
  return breaches;
}

/** What the placement allows that the last of these was decided in. An impression is not seen before its decision. */
function mostOf(
  impressions: readonly PlacedImpression[],
  [first, last]: readonly [number, number],
  rules: AuditedRules,
): number {
  let lastDecidedAt = -Infinity;
  const walkBack = (until: () => number, visit: (impression: PlacedImpression) => void): void => {
    for (let i = last; i >= first; i -= 1) {
      const impression = impressions[i];
      if (impression === undefined || impression.at < until()) return;
      visit(impression);
    }
  };
  walkBack(
    () => lastDecidedAt,
    ({ decidedAt }) => (lastDecidedAt = Math.max(lastDecidedAt, decidedAt)),
  );
  let most = 0;
  walkBack(
    () => lastDecidedAt - IN_ORDER_MS,
    (impression) => {
      if (impression.decidedAt < lastDecidedAt - IN_ORDER_MS) return;
      most = Math.max(most, valueOf(impression, rules) ?? Infinity);
    },
  );
  return most;
}

/**
 * How many decisions were made too soon after another: `impressions` are all that one member saw, or all of one
 * advertiser's, in any order. An earlier message was held at the later decision, since its own, or seen since: both
 * keep a message away for as long as the later one's rule says, counted from the earlier decision at least. Where it is not
 * certain which of two was the later one, the shorter of both gaps is asked for. Messages of one decision, and so all of
 * the same millisecond, may stand together. O(n log n), and for each those that were decided in the 13 seconds before.
 */
export function countGapBreaches(impressions: readonly PlacedImpression[], rules: AuditedRules): number {
  const decided = [...impressions].sort((a, b) => a.decidedAt - b.decidedAt);
  const judged = new Set<string>();
  decided.forEach((later, i) => {
    const gapMs = gapOf(later, rules);
    for (let j = i - 1; j >= 0; j -= 1) {
      const earlier = decided[j] as PlacedImpression;
      const apartMs = later.decidedAt - earlier.decidedAt;
      if (apartMs >= gapMs) return;
      if (apartMs === 0) continue;
      if (apartMs >= IN_ORDER_MS || apartMs < gapOf(earlier, rules)) {
        judged.add(`${later.decidedAt} ${later.placement}`);
        return;
      }
    }
  });
  return judged.size;
}

function gapOf(impression: PlacedImpression, rules: AuditedRules): number {
  return (valueOf(impression, rules) ?? 0) * 1000;
}

/** Null where no rule is known to have been in force at the decision. */
function valueOf({ placement, decidedAt }: PlacedImpression, rules: AuditedRules): number | null {
  const history = rules.of.get(placement);
  return history === undefined ? null : inForceAt(history, decidedAt);
}
