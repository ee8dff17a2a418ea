/** How far settlement is behind: batches that wait, parked ones left out. */
export interface Backlog {
  /** Age of the oldest batch. */
  readonly lagSeconds: number;
  readonly events: number;
}

/** From this lag on intake slows down, and from the other one as far as it may. */
const SLOWED_FROM_SECONDS = 0.5;
const SLOWEST_FROM_SECONDS = 1.5;
/** Commits of full batches take about as long, so that intake keeps more than half of its speed, whatever lags. */
const LONGEST_REST_MS = 25;

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
 * How long intake rests after each commit, in ms: the longer, the further settlement is behind. Clients that wait for their
 * answers then send less, so that both come to the same pace long before anything has to be refused. Pure; O(1).
 */
export function commitRestMs(lagSeconds: number): number {
  const share = (lagSeconds - SLOWED_FROM_SECONDS) / (SLOWEST_FROM_SECONDS - SLOWED_FROM_SECONDS);
  return LONGEST_REST_MS * Math.min(1, Math.max(0, share));
}
