/** The longest hold that any placement may have; see the constraint on the table `placements`. */
export const MAX_HOLD_SECONDS = 86_400;

/**
 * SQL for the longest time, in seconds, that a hold which is open at `at` (SQL, timestamptz) may have been placed for. A
 * placement keeps what its holds were before a change until the last of them is over; a process that had not heard of the
 * change yet may have placed one a little later. `at` is not before the last change: what was over by then is forgotten.
 */
export function longestHoldSeconds(at: string): string {
  return `(
    SELECT max(greatest(hold_seconds, CASE
      WHEN hold_changed_at + make_interval(secs => earlier_hold_seconds + 60) > ${at} THEN earlier_hold_seconds END))
    FROM placements)`;
}
