import type { EntityManager } from 'typeorm';
import { LONGEST_COMMIT_MS } from '../delivery/delivery.api.js';
import { CONVERSION_WINDOW_MS } from '../tracking/tracking.api.js';

/** How far settlement is, and how long after it happened an event may still arrive. */
export interface ReportProgress {
  /** Epoch ms: every event that was accepted before it is in the rows. */
  readonly asOf: number;
  readonly longestHoldMs: number;
}

/** The longest hold that any placement may have; see the table's constraint. */
const MAX_HOLD_SECONDS = 86_400;

/**
 * Reads the progress; `now`: the request's time, epoch ms. To be read in the same snapshot as the rows: between two, a batch
 * could be settled that one shows and the other doesn't.
 *
 * $1 now, $2 the longest hold allowed: what a placement's holds were before a change is not kept, so for two days after one
 * they count as the longest.
 */
export async function readProgress(tx: EntityManager, now: number): Promise<ReportProgress> {
  const [row] = await tx.query<{ oldest: Date | null; hold_seconds: number | null }[]>(
    `SELECT (SELECT min(received_at) FROM event_batches WHERE settled_at IS NULL) AS oldest,
            (SELECT max(CASE WHEN version > 1 AND updated_at > $1::timestamptz - interval '2 days' THEN $2
                        ELSE hold_seconds END) FROM placements) AS hold_seconds`,
    [new Date(now), MAX_HOLD_SECONDS],
  );
  return {
    asOf: Math.min(now, row?.oldest?.getTime() ?? now),
    longestHoldMs: (row?.hold_seconds ?? MAX_HOLD_SECONDS) * 1_000,
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
