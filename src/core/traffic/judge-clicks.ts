import type { ClickFault } from './invalid-reason.js';

/**
 * Which clicks of one member no person can have made.
 *
 * Rate: a click is invalid when a window of time that contains it holds as many clicks as the limit allows that were
 * accepted before it. Invariants: however clicks are split into batches, and in whatever order these are judged, the same
 * clicks give the same answer; no window ever holds more valid clicks than the limit, also where times were reported late
 * or backwards; where clicks are accepted in the order of their times, the first ones of a window are the valid ones.
 * Invalid clicks count towards the rate too: who goes on clicking stays out.
 *
 * Timing: only times that a client stated are looked at. Times of arrival say how long reports were under way.
 */
export interface AcceptedClick {
  readonly id: string;
  /** Its batch, then its place in it: the order in which clicks were accepted. Batch ids are compared by code units. */
  readonly batchId: string;
  readonly ordinal: number;
  /** Epoch ms. */
  readonly clickedAt: number;
  /** Ms from the impression to the click, below zero where it came first; null unless both times were stated. */
  readonly reactionMs: number | null;
}

export interface ClickLimit {
  /** At least 1. */
  readonly clicks: number;
  readonly windowMs: number;
}

/** Nobody reacts sooner to what they see: below it, World Athletics' rule 16.8 calls a start false. */
export const LEAST_REACTION_MS = 100;
/** Clocks of clients differ by this much without being wrong. */
export const CLOCK_SKEW_MS = 5_000;

/**
 * Faults by id, of those among `judged` that have one. `known`: every accepted click of the member from the longest window
 * before the first of `judged` to the longest one after the last, those themselves included or not; any order.
 * O(judged × known × log known) time.
 */
export function judgeClicks(
  judged: readonly AcceptedClick[],
  known: readonly AcceptedClick[],
  limits: readonly ClickLimit[],
): ReadonlyMap<string, ClickFault> {
  const faults = new Map<string, ClickFault>();
  for (const click of judged) {
    const fault = timingFault(click.reactionMs) ?? rateFault(click, known, limits);
    if (fault !== null) faults.set(click.id, fault);
  }
  return faults;
}

/**
 * Equal times, and an impression that follows within the skew, are no fault: a backend may report both as of one instant,
 * or cut its times to whole seconds.
 */
function timingFault(reactionMs: number | null): ClickFault | null {
  if (reactionMs === null) return null;
  if (reactionMs < -CLOCK_SKEW_MS) return 'click_before_impression';
  return reactionMs > 0 && reactionMs < LEAST_REACTION_MS ? 'click_too_soon' : null;
}

function rateFault(
  click: AcceptedClick,
  known: readonly AcceptedClick[],
  limits: readonly ClickLimit[],
): ClickFault | null {
  const times = known
    .filter((other) => isAcceptedBefore(other, click))
    .map((other) => other.clickedAt)
    .sort((a, b) => a - b);
  return limits.some((limit) => isPast(click.clickedAt, times, limit)) ? 'click_rate' : null;
}

/** Whether some `clicks` consecutive ones of `times` (ascending) lie within one window of half-open length with `at`. */
function isPast(at: number, times: readonly number[], { clicks, windowMs }: ClickLimit): boolean {
  return times.some((first, i) => {
    const last = times[i + clicks - 1];
    return last !== undefined && Math.max(last, at) - Math.min(first, at) < windowMs;
  });
}

function isAcceptedBefore(a: AcceptedClick, b: AcceptedClick): boolean {
  return a.batchId === b.batchId ? a.ordinal < b.ordinal : a.batchId < b.batchId;
}
