/** How far settlement is behind: batches that wait, parked ones left out. */
export interface Backlog {
  /** Age of the oldest batch. */
  readonly lagSeconds: number;
  readonly events: number;
}

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
