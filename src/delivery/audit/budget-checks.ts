import type { AuditCheck } from './audit-check.js';

/**
 * Budgets can be changed at any time, so time is cut into stretches by the changes, and what was spent up to the last charge
 * of a stretch is held against the budget of that stretch: settlement charges only what then fits. A stretch without a charge
 * is not judged: a budget may be lowered below what was spent. Settlement reads the budget before it enters the charge, hence
 * the tolerance: twice the longest statement. Times are the database's own; charges from before they were kept are not judged
 * alone.
 */
const LONGEST_SETTLEMENT = `interval '1 minute'`;

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

const PAID_IN = `(SELECT coalesce(sum(t.amount_micros), 0) FROM ledger_transfers t
                  WHERE t.advertiser_id = o.advertiser_id AND t.kind IN ('credit', 'refund'))`;

function spent(condition: string): string {
  return `(SELECT coalesce(sum(s.spent_micros), 0) FROM daily_spend s WHERE s.campaign_id = o.campaign_id${condition})`;
}

/** What was shown and found no money, by ad group and day. */
const UNBILLED = `
  SELECT e.advertiser_id, e.campaign_id, e.ad_group_id, (e.occurred_at AT TIME ZONE a.time_zone)::date AS day,
         sum(e.price_micros) AS micros, max(e.price_micros) AS most_micros,
         min(e.occurred_at) AS first_at, max(e.occurred_at) AS last_at
  FROM events e JOIN advertisers a ON a.id = e.advertiser_id
  WHERE e.outcome = 'over_budget' GROUP BY 1, 2, 3, 4`;

/** The budget that had run out: the first, from narrow to wide, that had no room for the dearest of these events. */
const RAN_OUT = `
  SELECT o.*, l.*
  FROM (${UNBILLED}) o JOIN campaigns c ON c.id = o.campaign_id JOIN ad_groups g ON g.id = o.ad_group_id
  CROSS JOIN LATERAL (
    SELECT * FROM (VALUES
      (1, o.ad_group_id, o.day, g.daily_budget_micros, ${spent(' AND s.ad_group_id = o.ad_group_id AND s.day = o.day')}),
      (2, o.campaign_id, o.day, c.daily_budget_micros, ${spent(' AND s.day = o.day')}),
      (3, o.campaign_id, null, c.total_budget_micros, ${spent('')}),
      (4, o.advertiser_id, null, ${PAID_IN}, ${PAID_IN})
    ) AS budget (rank, of_id, of_day, budget_micros, spent_micros)
    WHERE budget_micros IS NOT NULL AND spent_micros + o.most_micros > budget_micros ORDER BY rank LIMIT 1) l`;

/** A budget that was lowered while its messages were on their way. */
const LOWERED = `
  EXISTS (SELECT FROM limit_changes l WHERE l.of_id IN (o.campaign_id, o.ad_group_id)
          AND l.changed_at BETWEEN o.first_at - interval '1 day' AND o.last_at
          AND ((l.after->>'daily_budget_micros')::numeric < coalesce((l.before->>'daily_budget_micros')::numeric, 'infinity')
            OR (l.after->>'total_budget_micros')::numeric < coalesce((l.before->>'total_budget_micros')::numeric, 'infinity')))`;

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
  {
    name: 'over-delivery',
    rule:
      'what was shown after a budget was gone is at most 0.1 % of it (or one message, where that is more), unless the ' +
      'budget was lowered meanwhile',
    sql: `SELECT CASE WHEN NOT bool_or(${LOWERED})
                       AND sum(o.micros) > greatest(o.budget_micros / 1000, max(o.most_micros))
                 THEN format('%s: %s micros shown beyond %s', concat_ws(' ', o.of_id, o.of_day), sum(o.micros),
                             o.budget_micros) END AS fault,
                 100.0 * sum(o.micros) / nullif(o.budget_micros, 0) AS figure
          FROM (${RAN_OUT}) o GROUP BY o.of_id, o.of_day, o.rank, o.budget_micros`,
    figure: { name: 'highest share of a budget, %', of: 'max' },
  },
];
