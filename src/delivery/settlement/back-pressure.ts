/** How far settlement is behind: batches that wait, parked ones left out. */
export interface Backlog {
  /** Age of the oldest batch. */
  readonly lagSeconds: number;
  readonly events: number;
}

/** So far behind, intake begins to rest between commits, and does so the most. */
const RESTS_FROM_SECONDS = 0.5;
const RESTS_MOST_FROM_SECONDS = 1.5;

/** Of the limits, what a backlog must have shrunk to before events are taken again. */
const RECOVERED_SHARE = 0.5;

/**
 * Whether new events have to be refused: from the moment on that the backlog passes one of the limits, until it is within half
 * of both. Between those, the answer stays what it was, so that intake does not open and close with every poll.
 *
 * Pure; O(1). `limits`: the same measures as the backlog's, above zero.
 */
export function mustRefuse(wasRefusing: boolean, backlog: Backlog, limits: Backlog): boolean {
  const share = wasRefusing ? RECOVERED_SHARE : 1;
  return backlog.lagSeconds > limits.lagSeconds * share || backlog.events > limits.events * share;
}

/**
 * How much of the longest rest intake takes after each commit, from 0 to 1: the more, the further settlement is behind.
 * Clients that wait for their answers then send less, so that both come to the same pace long before anything has to be
 * refused. Pure; O(1).
 *
 * @param behindSeconds age of the oldest batch that waits, from its commit on
 */
export function restShare(behindSeconds: number): number {
  const share = (behindSeconds - RESTS_FROM_SECONDS) / (RESTS_MOST_FROM_SECONDS - RESTS_FROM_SECONDS);
  return Math.min(1, Math.max(0, share));
}
