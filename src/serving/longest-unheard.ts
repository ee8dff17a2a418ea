/**
 * What nobody could read for so long (ms) decides no match any more: Postgres hangs, or the process did. Campaigns are asked
 * for twice a second, placements once, and slow answers are no reason to serve nothing.
 */
export const LONGEST_UNHEARD_MS = 5_000;
