import type { EntityManager } from 'typeorm';
import { LONGEST_COMMIT_MS, longestHoldSeconds, MAX_HOLD_SECONDS } from '../delivery/delivery.api.js';
import { CONVERSION_WINDOW_MS } from '../tracking/tracking.api.js';

/** How far settlement is, and how long after it happened an event may still arrive. */
export interface ReportProgress {
  /** Epoch ms: every event that was accepted before it is in the rows. */
  readonly asOf: number;
  readonly longestHoldMs: number;
}

/**
 * Reads the progress; `now`: the request's time, epoch ms. To be read in the same snapshot as the rows: between two, a batch
 * could be settled that one shows and the other doesn't. Parked batches hold it back: their events are not in the rows. What
 * holds were when the oldest of them came is only kept until a hold time is changed: then they count as the longest there is.
 *
 * $1 now.
 */
export async function readProgress(tx: EntityManager, now: number): Promise<ReportProgress> {
  const [row] = await tx.query<{ oldest: Date | null; hold_seconds: number }[]>(
    `SELECT oldest, CASE WHEN EXISTS (SELECT FROM placements WHERE hold_changed_at > oldest) THEN ${MAX_HOLD_SECONDS}
                    ELSE ${longestHoldSeconds('coalesce(oldest, $1::timestamptz)')} END AS hold_seconds
     FROM (SELECT least((SELECT min(received_at) FROM event_batches WHERE settled_at IS NULL AND parked_at IS NULL),
                        (SELECT min(received_at) FROM event_batches WHERE parked_at IS NOT NULL)) AS oldest) AS waiting`,
    [new Date(now)],
  );
  return {
    asOf: Math.min(now, row?.oldest?.getTime() ?? now),
    longestHoldMs: (row?.hold_seconds ?? Infinity) * 1_000,
  };
}

/**
 * Whether nothing that may still arrive changes a report up to `to` (epoch ms, excluded). An event counts at the time at
 * which it happened; its message was decided before, and its token takes it until the hold is over, or, for conversions, until
 * their window is. What arrived last may then still be on its way into Postgres.
 */
export function isFinal(progress: ReportProgress, to: number, withConversions: boolean): boolean {
  const arrivesWithin = withConversions
    ? Math.max(progress.longestHoldMs, CONVERSION_WINDOW_MS)
    : progress.longestHoldMs;
  return to + arrivesWithin + LONGEST_COMMIT_MS <= progress.asOf;
}
