import type { BoundCaps, CapKey, CapKeys, CapScope } from './cap-scope.js';
import { windowStart } from './cap-window.js';
import type { FrequencyCap } from './frequency-cap.js';

/**
 * A member's exposure: the impressions that count and the holds that may still become one; and whether a cap is full.
 *
 * A decision checks the caps and places its holds in one step, and a member's decisions come one after the other. A hold
 * is open until its impression is counted, or until it is certain that none will be: an impression is accepted only before
 * `expiresAt`, so that is once everything accepted before `expiresAt` is settled. Open holds count in every window.
 *
 * Soundness: the counted impressions in any window never exceed the limit. Suppose a window W held more than `limit`, and
 * take of its impressions the one that was decided last, at time d; it was seen at t in W, and t ≥ d. At d each of the
 * others, at least `limit` many, had been decided. Either it was still a hold: then it was open, since it did become an
 * impression later, and it counted at d, in whichever window it would fall. Or it was counted already, at some t' in W. A
 * rolling W ends at T ≥ t ≥ d, so t' > T − w ≥ d − w; a calendar W ends after t, hence after d, and `windowStart` never
 * falls, so W starts no earlier than the window of d, even when midnight lies between d and t. Impressions count from
 * `windowStart` on without an upper end, so t' counted at d. So the cap was full at d and the decision was not made. ∎
 *
 * The same holds for every scope of caps, since each counts the messages of one creative, ad group and so on alone.
 *
 * What the callers owe: an impression's time is not before its decision; one message gives at most one impression; counted
 * impressions are listed from `completeFrom` on, and a cap that reaches back further counts as full, so that what is not
 * known is never room; caps or a zone that change are honoured from then on.
 */
export interface Exposure {
  readonly impressions: readonly CountedImpression[];
  readonly holds: readonly OpenHold[];
  /** Impressions that are not listed: counted by lifetime caps only. */
  readonly unlisted?: (scope: CapScope, key: CapKey) => number;
  /** The first epoch ms from which every impression is listed; absent: all are. */
  readonly completeFrom?: number;
}

export interface CountedImpression {
  /** The id of the placed message, shared by its hold and its impression. */
  readonly messageId: string;
  readonly of: CapKeys;
  /** When the member saw it, epoch milliseconds. */
  readonly at: number;
}

export interface OpenHold {
  readonly messageId: string;
  readonly of: CapKeys;
  /** The first epoch millisecond at which its impression is no longer accepted. */
  readonly expiresAt: number;
}

/** A cap without room for one more message, and what fills it: `counted` + `held` ≥ `limit`. */
export interface FullCap extends FrequencyCap {
  readonly scope: CapScope;
  /** `Infinity` where the cap reaches back to before `completeFrom`. */
  readonly counted: number;
  readonly held: number;
}

/**
 * The first cap that is full, in the order given; null when one more message may be placed. `settledUntilMs` ≤ `nowMs` is
 * the time up to which every accepted event is settled. A hold whose impression is counted already is not counted again.
 * O(caps × impressions + bound × holds × impressions).
 */
export function isCapped(
  exposure: Exposure,
  bound: readonly BoundCaps[],
  nowMs: number,
  settledUntilMs: number,
): FullCap | null {
  for (const one of bound) {
    const { scope, key, caps } = one;
    if (caps.length === 0) continue;
    const held = countHeld(exposure, scope, key, settledUntilMs);
    for (const cap of caps) {
      const counted = countIn(exposure, one, cap, nowMs);
      if (counted + held >= cap.limit) return { ...cap, scope, counted, held };
    }
  }
  return null;
}

/** How many more messages the caps leave: whole, 0 or more; `Infinity` without any. As `isCapped` counts. */
export function roomOf(exposure: Exposure, bound: BoundCaps, nowMs: number, settledUntilMs: number): number {
  const { scope, key, caps } = bound;
  if (caps.length === 0) return Infinity;
  const held = countHeld(exposure, scope, key, settledUntilMs);
  return Math.max(0, Math.min(...caps.map((cap) => cap.limit - held - countIn(exposure, bound, cap, nowMs))));
}

/** The impressions that one cap counts; those of one scope and key are given. */
function countIn(exposure: Exposure, { scope, key, zone }: BoundCaps, { window }: FrequencyCap, nowMs: number): number {
  if (window === 'lifetime') {
    return countFrom(exposure, scope, key, -Infinity) + (exposure.unlisted?.(scope, key) ?? 0);
  }
  const startMs = windowStart(window, nowMs, zone);
  return startMs < (exposure.completeFrom ?? -Infinity) ? Infinity : countFrom(exposure, scope, key, startMs);
}

// Plain loops without copies, since this may run for every candidate of a match.

function countFrom({ impressions }: Exposure, scope: CapScope, key: CapKey, startMs: number): number {
  let counted = 0;
  for (const { at, of } of impressions) if (at >= startMs && of[scope] === key) counted += 1;
  return counted;
}

function countHeld({ holds, impressions }: Exposure, scope: CapScope, key: CapKey, settledUntilMs: number): number {
  let held = 0;
  for (const hold of holds) {
    if (hold.expiresAt > settledUntilMs && hold.of[scope] === key && !isCounted(hold, impressions)) held += 1;
  }
  return held;
}

function isCounted({ messageId }: OpenHold, impressions: readonly CountedImpression[]): boolean {
  for (const impression of impressions) if (impression.messageId === messageId) return true;
  return false;
}
