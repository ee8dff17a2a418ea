/** The longest hold that any placement may have; see the constraint on the table `placements`. */
const MAX_HOLD_SECONDS = 86_400;

/**
 * SQL for the longest time, in seconds, that a hold which is open at $1 (timestamptz) may have been placed for. What a
 * placement's holds were before a change is not kept, so for two days after one they count as the longest there can be.
 */
export const LONGEST_HOLD_SECONDS_SQL = `
  (SELECT max(CASE WHEN version > 1 AND updated_at > $1::timestamptz - interval '2 days' THEN ${MAX_HOLD_SECONDS}
              ELSE hold_seconds END) FROM placements)`;
