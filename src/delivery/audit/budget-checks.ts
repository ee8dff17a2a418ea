import type { AuditCheck } from './audit-check.js';

/**
 * Budgets can be changed at any time, so what was spent is held against the budget at the last charge: settlement charges
 * only what then fits. It reads the budget before it enters the charge, hence the tolerance: twice the longest statement.
 * Times are the database's own; charges from before they were kept are not judged alone.
 */
const LONGEST_SETTLEMENT = `interval '1 minute'`;

/** Each budget with the time in which it was in force, [from_at, until_at). */
function budgetsInForce(table: 'campaigns' | 'ad_groups', column: string): string {
  return `
    SELECT of_id AS id, (before->>'${column}')::numeric AS micros,
           lag(entered_at, 1, '-infinity') OVER (PARTITION BY of_id ORDER BY id) AS from_at, entered_at AS until_at
    FROM limit_changes WHERE of_table = '${table}'
    UNION ALL
    SELECT x.id, x.${column}, coalesce((SELECT max(entered_at) FROM limit_changes l
                                        WHERE l.of_table = '${table}' AND l.of_id = x.id), '-infinity'), 'infinity'
    FROM ${table} x`;
}

/** Of several budgets that may have been the one, a missing one allows everything. */
function budgetSql(table: 'campaigns' | 'ad_groups', column: string, day: 'day' | 'null::date'): string {
  const id = table === 'campaigns' ? 'campaign_id' : 'ad_group_id';
  return `
    SELECT CASE WHEN NOT bool_or(b.micros IS NULL OR s.micros <= b.micros)
           THEN format('%s: %s of %s micros', concat_ws(' ', s.id, s.day), s.micros, max(b.micros)) END AS fault
    FROM (SELECT ${id} AS id, ${day} AS day, sum(amount_micros) AS micros, max(entered_at) AS last_at
          FROM ledger_transfers WHERE kind = 'charge' GROUP BY 1, 2) s
    JOIN (${budgetsInForce(table, column)}) b
      ON b.id = s.id AND b.from_at <= s.last_at AND b.until_at > s.last_at - ${LONGEST_SETTLEMENT}
    GROUP BY s.id, s.day, s.micros`;
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
    rule: 'no campaign was charged more in a local day than the daily budget that was in force',
    sql: budgetSql('campaigns', 'daily_budget_micros', 'day'),
  },
  {
    name: 'campaign-total-budgets',
    rule: 'no campaign was charged more in all than the total budget that was in force',
    sql: budgetSql('campaigns', 'total_budget_micros', 'null::date'),
  },
  {
    name: 'ad-group-daily-budgets',
    rule: 'no ad group was charged more in a local day than the daily budget that was in force',
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
