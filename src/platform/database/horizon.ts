/**
 * The oldest transaction that is still open, as text: every transaction below it is over, and all later reads see what it
 * did. Who reads what changed at or above the horizon of the time before misses nothing.
 */
export const HORIZON_SQL = 'pg_snapshot_xmin(pg_current_snapshot())::text';
