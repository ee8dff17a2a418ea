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
 * Reads the progress. To be read in the same snapshot as the rows: between two, a batch could be settled that one shows and
 * the other doesn't. Parked batches hold it back: their events are not in the rows. What holds were when the oldest of them
 * came is only kept until a hold time is changed: then they count as the longest there is.
 *
 * $1 `committedUntil`, epoch ms: what was accepted before it is in the snapshot, and no batch under way was received before.
 */
export async function readProgress(tx: EntityManager, committedUntil: number): Promise<ReportProgress> {
  const [row] = await tx.query<{ as_of: Date; hold_seconds: number | null }[]>(
    `SELECT as_of, CASE WHEN EXISTS (SELECT FROM placements WHERE hold_changed_at > as_of) THEN ${MAX_HOLD_SECONDS}
                   ELSE ${longestHoldSeconds('as_of')} END AS hold_seconds
     FROM (SELECT least($1::timestamptz,
                        (SELECT min(received_at) FROM event_batches WHERE settled_at IS NULL AND parked_at IS NULL),
                        (SELECT min(received_at) FROM event_batches WHERE parked_at IS NOT NULL)) AS as_of) AS settled`,
    [new Date(committedUntil)],
  );
  return { asOf: row!.as_of.getTime(), longestHoldMs: (row!.hold_seconds ?? Infinity) * 1_000 };
}

/**
 * Whether nothing that may still arrive changes a report up to `to` (epoch ms, excluded). An event counts at the time at
 * which it happened; its message was decided before, and its token takes it until the hold is over, or, for conversions, until
 * their window is. What arrived last may then still be on its way into Postgres, or hang in a COMMIT that `asOf` waits for.
 */
export function isFinal(progress: ReportProgress, to: number, withConversions: boolean): boolean {
  const arrivesWithin = withConversions
    ? Math.max(progress.longestHoldMs, CONVERSION_WINDOW_MS)
    : progress.longestHoldMs;
  return to + arrivesWithin + LONGEST_COMMIT_MS <= progress.asOf;
}
