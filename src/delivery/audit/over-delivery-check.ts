import { type AuditCheck, WITHOUT_DAYS } from './audit-check.js';
import { LONGEST_SETTLEMENT } from './budget-checks.js';

/**
 * What was shown and found no money is held against the budget that it went beyond, as that was when it was settled: what is
 * raised, removed or paid in later hides nothing. Times are those of the processes, which differ by seconds.
 */

/** Events that found no money, and when their budgets were asked: a click that waited for its impression, with that. */
const REFUSED = `
  SELECT e.*, coalesce((
    SELECT max(b.settled_at) FROM events m JOIN event_batches b ON b.id = m.batch_id
    WHERE m.decided_at = e.decided_at AND m.message_id = e.message_id AND m.type IN ('impression', e.type)
  ), e.occurred_at) AS refused_at
  FROM events e WHERE e.outcome = 'over_budget'`;

function isLower(column: string): string {
  return `(l.after->>'${column}')::numeric < coalesce((l.before->>'${column}')::numeric, 'infinity')`;
}

/** A budget that was lowered while its messages were on their way. */
const LOWERED = `
  EXISTS (SELECT FROM limit_changes l
          WHERE l.of_id IN (e.campaign_id, e.ad_group_id)
            AND l.changed_at BETWEEN e.occurred_at - interval '1 day' AND e.refused_at + ${LONGEST_SETTLEMENT}
            AND (${isLower('daily_budget_micros')} OR ${isLower('total_budget_micros')}))`;

/** By ad group, day and settlement. */
const UNBILLED = `
  SELECT e.advertiser_id, e.campaign_id, e.ad_group_id,
         CASE WHEN dayless.of_id IS NULL THEN (e.occurred_at AT TIME ZONE a.time_zone)::date END AS day,
         e.refused_at, ${LOWERED} AS is_lowered, sum(e.price_micros) AS micros, max(e.price_micros) AS most_micros
  FROM (${REFUSED}) e JOIN advertisers a ON a.id = e.advertiser_id LEFT JOIN dayless ON dayless.of_id = a.id
  GROUP BY 1, 2, 3, 4, 5, 6`;

/** Settlements are dated when they begin, and charge one after the other. */
const BY_THEN = `ORDER BY refused_at RANGE BETWEEN UNBOUNDED PRECEDING AND ${LONGEST_SETTLEMENT} FOLLOWING`;

/** With what had been charged to each that may have run out by then, and paid in: sums that go on from transfer to transfer. */
const SPENT_THEN = `
  SELECT *, sum(charged_micros) OVER (PARTITION BY ad_group_id, day ${BY_THEN}) AS group_day,
         sum(charged_micros) OVER (PARTITION BY campaign_id, day ${BY_THEN}) AS campaign_day,
         sum(charged_micros) OVER (PARTITION BY campaign_id ${BY_THEN}) AS campaign,
         sum(paid_micros) OVER (PARTITION BY advertiser_id ORDER BY refused_at) AS paid_in
  FROM (
    SELECT *, 0 AS charged_micros, 0 AS paid_micros FROM unbilled
    UNION ALL
    SELECT advertiser_id, campaign_id, ad_group_id, day, created_at, null, null, null,
           CASE kind WHEN 'charge' THEN amount_micros ELSE 0 END, CASE kind WHEN 'charge' THEN 0 ELSE amount_micros END
    FROM ledger_transfers WHERE advertiser_id IN (SELECT advertiser_id FROM unbilled)
  ) AS transfers`;

/** The budget that was in force then: that of before the next change, or that of now. */
function budgetThen(row: 'c' | 'g', column: string): string {
  return `(SELECT micros FROM (
             SELECT (l.before->>'${column}')::numeric AS micros, l.id FROM limit_changes l
             WHERE l.of_id = ${row}.id AND l.changed_at > o.refused_at
               AND l.before->'${column}' IS DISTINCT FROM l.after->'${column}'
             UNION ALL SELECT ${row}.${column}, NULL
           ) AS budgets ORDER BY id LIMIT 1)`;
}

const BUDGETS_THEN = `
  SELECT ${budgetThen('g', 'daily_budget_micros')} AS group_day, ${budgetThen('c', 'daily_budget_micros')} AS campaign_day,
         ${budgetThen('c', 'total_budget_micros')} AS campaign`;

/**
 * The budget that had run out: the first, from narrow to wide, that had no room for the dearest of these events. What was paid
 * in only grows, and is one budget; others are told apart by what they were.
 */
const RAN_OUT = `
  SELECT o.micros, o.most_micros, o.is_lowered, o.refused_at, l.*,
         concat_ws(' ', of_id, of_day, rank, CASE WHEN rank < 4 THEN budget_micros END) AS budget
  FROM (${SPENT_THEN}) o JOIN campaigns c ON c.id = o.campaign_id JOIN ad_groups g ON g.id = o.ad_group_id
  CROSS JOIN LATERAL (${BUDGETS_THEN}) b
  CROSS JOIN LATERAL (
    SELECT * FROM (VALUES
      (1, o.ad_group_id, o.day, b.group_day, o.group_day),
      (2, o.campaign_id, o.day, b.campaign_day, o.campaign_day),
      (3, o.campaign_id, null, b.campaign, o.campaign),
      (4, o.advertiser_id, null, o.paid_in, o.paid_in)
    ) AS known (rank, of_id, of_day, budget_micros, spent_micros)
    WHERE budget_micros IS NOT NULL AND spent_micros + o.most_micros > budget_micros ORDER BY rank LIMIT 1) l
  WHERE o.micros IS NOT NULL`;

/** All that was beyond each budget up to then, but for what is excused. */
const BEYOND = `
  SELECT *, sum(micros) FILTER (WHERE NOT is_lowered) OVER up_to_then AS beyond_micros,
         max(most_micros) FILTER (WHERE NOT is_lowered) OVER up_to_then AS dearest_micros
  FROM (${RAN_OUT}) o WINDOW up_to_then AS (PARTITION BY budget ORDER BY refused_at)`;

export const OVER_DELIVERY_CHECK: AuditCheck = {
  name: 'over-delivery',
  rule:
    'what was shown after a budget was gone is at most 0.1 % of it (or one message, where that is more), unless the ' +
    'budget was lowered meanwhile',
  sql: `WITH dayless AS (${WITHOUT_DAYS}), unbilled AS MATERIALIZED (${UNBILLED})
        SELECT CASE WHEN beyond_micros > greatest(budget_micros / 1000, dearest_micros)
               THEN format('%s: %s micros shown beyond %s', concat_ws(' ', of_id, of_day), beyond_micros, budget_micros)
               END AS fault,
               100.0 * beyond_micros / nullif(budget_micros, 0) AS figure
        FROM (${BEYOND}) o`,
  figure: { name: 'highest share of a budget, %', of: 'max' },
};
