import type { LimitHistory, Stretch } from '../../core/capping/limit-history.js';

/** API processes know a change within milliseconds; one whose notification was lost learns of it by its next poll. */
const LONGEST_UPKEEP_MS = 10_000;

/**
 * What was decided this long before a change may have kept to what came after it already: a decision reads limits up to the
 * longest deadline of a match after its own time, 10 s, and clocks differ by 3 s at the most.
 */
const LONGEST_DECISION_MS = 13_000;

/** A limit as it is, and what it was before each of its changes, in their order; null where there was none. */
export interface KeptLimit {
  readonly latest: string | null;
  readonly earlier: readonly (string | null)[] | null;
  /** Epoch ms of the changes. */
  readonly changed: readonly number[] | null;
}

/** All rows of `table`, as `x`, that have the limit or had it, as `KeptLimit`: what to select, and from where. */
export function keptLimitOf(table: string, column: string): { readonly columns: string; readonly from: string } {
  return {
    columns: `x.${column}::text AS latest, l.earlier, l.changed`,
    from: `${table} x LEFT JOIN (
      SELECT of_id, json_agg(before->>'${column}' ORDER BY id) AS earlier,
             json_agg((extract(epoch FROM changed_at) * 1000)::float8 ORDER BY id) AS changed
      FROM limit_changes
      WHERE of_table = '${table}' AND before->'${column}' IS DISTINCT FROM after->'${column}'
      GROUP BY of_id) l ON l.of_id = x.id`,
  };
}

/**
 * The stretches between changes, each from when it was surely known to until the next one may have been. Nothing is judged
 * where there was no limit, or it is not known, nor where `read` answers null. Where the clock of a later change was behind,
 * it counts as made with the one before.
 */
export function toHistory<T>(
  { latest, earlier, changed }: KeptLimit,
  read: (text: string) => T | null,
): LimitHistory<T> {
  const stretches: Stretch<T>[] = [];
  let begun = -Infinity;
  for (const [i, text] of [...(earlier ?? []), latest].entries()) {
    const ended = Math.max(begun, changed?.[i] ?? Infinity);
    const [since, until] = [begun + LONGEST_UPKEEP_MS, ended - LONGEST_DECISION_MS];
    const value = text === null || since >= until ? null : read(text);
    if (value !== null) stretches.push({ value, since, until });
    begun = ended;
  }
  return stretches;
}
