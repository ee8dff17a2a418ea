import { type AuditCheck, KNOWN_ZONES } from './audit-check.js';

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

/** What the advertiser had paid in by then. */
const PAID_IN = `(SELECT coalesce(sum(t.amount_micros), 0) FROM ledger_transfers t
                  WHERE t.advertiser_id = o.advertiser_id AND t.kind IN ('credit', 'refund')
                    AND t.created_at <= o.refused_at)`;

function spent(condition: string): string {
  return `(SELECT coalesce(sum(s.spent_micros), 0) FROM daily_spend s WHERE s.campaign_id = o.campaign_id${condition})`;
}

/** The budget that was in force then: that of before the next change, or that of now. */
function budgetThen(row: 'c' | 'g', column: string): string {
  return `(SELECT micros FROM (
             SELECT (l.before->>'${column}')::numeric AS micros, l.id FROM limit_changes l
             WHERE l.of_id = ${row}.id AND l.changed_at > o.refused_at AND l.before->'${column}' IS DISTINCT FROM l.after->'${column}'
             UNION ALL SELECT ${row}.${column}, NULL
           ) AS budgets ORDER BY id LIMIT 1)`;
}

/** Events that found no money, and when the last of their message was settled: by then, the budgets were asked. */
const REFUSED = `
  SELECT e.*, coalesce((
    SELECT max(b.settled_at) FROM events m JOIN event_batches b ON b.id = m.batch_id
    WHERE m.decided_at = e.decided_at AND m.message_id = e.message_id), e.occurred_at) AS refused_at
  FROM events e WHERE e.outcome = 'over_budget'`;

const CHANGES = 'limit_changes l WHERE l.of_id IN (e.campaign_id, e.ad_group_id)';

/** A budget that was lowered while its messages were on their way. */
const LOWERED = `
  EXISTS (SELECT FROM ${CHANGES} AND l.changed_at BETWEEN e.occurred_at - interval '1 day' AND e.refused_at + ${LONGEST_SETTLEMENT}
          AND ((l.after->>'daily_budget_micros')::numeric < coalesce((l.before->>'daily_budget_micros')::numeric, 'infinity')
            OR (l.after->>'total_budget_micros')::numeric < coalesce((l.before->>'total_budget_micros')::numeric, 'infinity')))`;

/** What was shown and found no money: by ad group, day, and how often its budgets had been changed. */
const UNBILLED = `
  SELECT e.advertiser_id, e.campaign_id, e.ad_group_id,
         CASE WHEN lower(a.time_zone) IN ${KNOWN_ZONES} THEN (e.occurred_at AT TIME ZONE a.time_zone)::date END AS day,
         (SELECT count(*) FROM ${CHANGES} AND l.changed_at <= e.refused_at) AS changes, ${LOWERED} AS is_lowered,
         sum(e.price_micros) AS micros, max(e.price_micros) AS most_micros, max(e.refused_at) AS refused_at
  FROM (${REFUSED}) e JOIN advertisers a ON a.id = e.advertiser_id
  GROUP BY 1, 2, 3, 4, 5, 6`;

/**
 * The budget that had run out: the first, from narrow to wide, that had no room for the dearest of these events. `of_micros`
 * tells budgets of one thing apart; what was paid in grows, and all that is beyond it is one.
 */
const RAN_OUT = `
  SELECT o.*, l.*
  FROM (${UNBILLED}) o JOIN campaigns c ON c.id = o.campaign_id JOIN ad_groups g ON g.id = o.ad_group_id
  CROSS JOIN LATERAL (SELECT ${budgetThen('g', 'daily_budget_micros')} AS of_group,
                             ${budgetThen('c', 'daily_budget_micros')} AS of_day, ${budgetThen('c', 'total_budget_micros')} AS in_all) b
  CROSS JOIN LATERAL (
    SELECT *, CASE WHEN rank < 4 THEN budget_micros END AS of_micros FROM (VALUES
      (1, o.ad_group_id, o.day, b.of_group, ${spent(' AND s.ad_group_id = o.ad_group_id AND s.day = o.day')}),
      (2, o.campaign_id, o.day, b.of_day, ${spent(' AND s.day = o.day')}),
      (3, o.campaign_id, null, b.in_all, ${spent('')}),
      (4, o.advertiser_id, null, ${PAID_IN}, ${PAID_IN})
    ) AS budget (rank, of_id, in_day, budget_micros, spent_micros)
    WHERE budget_micros IS NOT NULL AND spent_micros + o.most_micros > budget_micros ORDER BY rank LIMIT 1) l`;

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
    sql: `SELECT CASE WHEN sum(o.micros) FILTER (WHERE NOT o.is_lowered) > greatest(max(o.budget_micros) / 1000, max(o.most_micros))
                 THEN format('%s: %s micros shown beyond %s', concat_ws(' ', o.of_id, o.in_day),
                             sum(o.micros) FILTER (WHERE NOT o.is_lowered), max(o.budget_micros)) END AS fault,
                 100.0 * sum(o.micros) / nullif(max(o.budget_micros), 0) AS figure
          FROM (${RAN_OUT}) o GROUP BY o.of_id, o.in_day, o.rank, o.of_micros`,
    figure: { name: 'highest share of a budget, %', of: 'max' },
  },
];
