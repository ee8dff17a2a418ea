import type { AuditCheck } from './audit-check.js';

/**
 * Budgets can be changed at any time, so time is cut into stretches by the changes, and what was spent up to the last charge
 * of a stretch is held against the budget of that stretch: settlement charges only what then fits. A stretch without a charge
 * is not judged: a budget may be lowered below what was spent. Settlement reads the budget before it enters the charge, hence
 * the tolerance: twice the longest statement. Times are the database's own; charges from before they were kept are not judged
 * alone.
 */
export const LONGEST_SETTLEMENT = `interval '1 minute'`;

type Budgeted = 'campaigns' | 'ad_groups';

/**
 * `changes`: each earlier budget with the number of its stretch, from 0, and its end; `changed`: all ends of what was changed,
 * ascending; `budgets`: each budget with its stretch, that of now the last.
 */
function budgetsByStretch(table: Budgeted, column: string): string {
  return `
    changes AS (
      SELECT of_id AS id, (before->>'${column}')::numeric AS micros, entered_at AS until_at,
             row_number() OVER (PARTITION BY of_id ORDER BY entered_at, id) - 1 AS stretch
      FROM limit_changes
      WHERE of_table = '${table}' AND before->'${column}' IS DISTINCT FROM after->'${column}'
    ), changed AS (
      SELECT id, array_agg(until_at ORDER BY stretch) AS ends FROM changes GROUP BY id
    ), budgets AS (
      SELECT id, stretch, micros FROM changes
      UNION ALL
      SELECT x.id, coalesce(cardinality(changed.ends), 0), x.${column}
      FROM ${table} x LEFT JOIN changed ON changed.id = x.id
    )`;
}

/**
 * What was spent, in all or in each day, up to the last charge of each stretch; `first`: the stretch a tolerance earlier.
 * OFFSET 0: lists of ends are gone before charges are sorted. A thing may have been changed ten thousand times.
 */
function spentByStretch(table: Budgeted, day: 'day' | 'null::date'): string {
  const id = table === 'campaigns' ? 'campaign_id' : 'ad_group_id';
  const stretchAt = (time: string): string => `coalesce(width_bucket(${time}, changed.ends), 0)`;
  return `
    charges AS (
      SELECT t.${id} AS id, ${day} AS day, t.amount_micros AS micros, t.entered_at IS NOT NULL AS is_timed,
             ${stretchAt('t.entered_at')} AS stretch, ${stretchAt(`t.entered_at - ${LONGEST_SETTLEMENT}`)} AS first
      FROM ledger_transfers t LEFT JOIN changed ON changed.id = t.${id}
      WHERE t.kind = 'charge' OFFSET 0
    ), spent AS (
      SELECT id, day, stretch, max(first) AS first, bool_or(is_timed) AS is_timed,
             sum(sum(micros)) OVER (PARTITION BY id, day ORDER BY stretch) AS micros
      FROM charges GROUP BY id, day, stretch
    )`;
}

/** Of several budgets that may have been the one, a missing one allows everything. */
function budgetSql(table: Budgeted, column: string, day: 'day' | 'null::date'): string {
  return `
    WITH ${budgetsByStretch(table, column)}, ${spentByStretch(table, day)}
    SELECT CASE WHEN NOT bool_or(b.micros IS NULL OR s.micros <= b.micros)
           THEN format('%s: %s of %s micros', concat_ws(' ', s.id, s.day), s.micros, max(b.micros)) END AS fault
    FROM spent s
    CROSS JOIN LATERAL generate_series(s.first, s.stretch) AS in_force (stretch)
    JOIN budgets b ON b.id = s.id AND b.stretch = in_force.stretch
    WHERE s.is_timed
    GROUP BY s.id, s.day, s.stretch, s.micros`;
}

export const BUDGET_CHECKS: readonly AuditCheck[] = [
  {
    name: 'campaign-daily-budgets',
    rule: 'no campaign was charged more in a local day than the daily budget that was in force at any of its charges',
    sql: budgetSql('campaigns', 'daily_budget_micros', 'day'),
  },
  {
    name: 'campaign-total-budgets',
    rule: 'no campaign was charged more in all than the total budget that was in force at any of its charges',
    sql: budgetSql('campaigns', 'total_budget_micros', 'null::date'),
  },
  {
    name: 'ad-group-daily-budgets',
    rule: 'no ad group was charged more in a local day than the daily budget that was in force at any of its charges',
    sql: budgetSql('ad_groups', 'daily_budget_micros', 'day'),
  },
];
