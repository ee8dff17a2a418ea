import { CLICK_FAULTS } from '../../core/traffic/invalid-reason.js';
import { MAX_HOLD_SECONDS } from '../longest-hold.js';
import { type AuditCheck, AUDITED_AT } from './audit-check.js';

const SETTLED = 'JOIN event_batches b ON b.id = e.batch_id AND b.settled_at IS NOT NULL';
const TYPES = ['impression', 'click', 'hide', 'conversion'] as const;
/** What may cost something, and so may find its budget gone. */
const FREE_TYPES = ['impression', 'click'] as const;

/** Outcomes of events that were seen, and count. */
const COUNTED = `e.outcome IN ('accepted', 'over_budget')`;

const REPORTED_EVENTS = `
  SELECT date_bin('15 minutes', e.occurred_at, 'epoch') AS bucket_at, e.advertiser_id, e.campaign_id, e.ad_group_id,
         e.creative_id, e.placement, ${TYPES.map((type) => `(e.type = '${type}')::integer AS ${type}s`).join(', ')},
         CASE WHEN e.outcome = 'accepted' THEN e.price_micros ELSE 0 END::numeric AS micros,
         ${FREE_TYPES.map((type) => `(e.type = '${type}' AND e.outcome = 'over_budget')::integer AS free_${type}s`).join(', ')}
  FROM events e ${SETTLED} WHERE ${COUNTED}`;

const REPORT_ROWS = `
  SELECT bucket_at, advertiser_id, campaign_id, ad_group_id, creative_id, placement,
         ${TYPES.map((type) => `-${type}s`).join(', ')}, -spend_micros::numeric,
         ${FREE_TYPES.map((type) => `-over_budget_${type}s`).join(', ')}
  FROM report_rows`;

const DIFFERENCES = [
  ...TYPES.map((type) => `sum(${type}s)`),
  'sum(micros)',
  ...FREE_TYPES.map((type) => `sum(free_${type}s)`),
];

/** Reasons that settlement finds: what is refused as it comes is in no event. */
const FOUND_REASONS = CLICK_FAULTS.map((reason) => `'${reason}'`).join(', ');

const INVALID_EVENTS = `
  SELECT date_bin('15 minutes', e.occurred_at, 'epoch') AS bucket_at, e.advertiser_id, e.campaign_id, e.ad_group_id,
         e.creative_id, e.placement, e.invalid_reason AS reason,
         ${TYPES.map((type) => `(e.type = '${type}')::integer AS ${type}s`).join(', ')}
  FROM events e ${SETTLED} WHERE e.invalid_reason IN (${FOUND_REASONS})`;

const INVALID_ROWS = `
  SELECT bucket_at, advertiser_id, campaign_id, ad_group_id, creative_id, placement, reason,
         ${TYPES.map((type) => `-${type}s`).join(', ')}
  FROM invalid_traffic_rows WHERE reason IN (${FOUND_REASONS})`;

const INVALID_DIFFERENCES = TYPES.map((type) => `sum(${type}s)`);

/**
 * The longest that a message may have been held for: what its placement says, if that was in force surely, which takes up to
 * a minute after a change; see the migration that keeps hold times. Of what was before, only the last is kept.
 */
const LONGEST_HOLD = `make_interval(secs => coalesce(
  CASE WHEN p.hold_changed_at IS NULL OR e.decided_at > p.hold_changed_at + interval '1 minute' THEN p.hold_seconds END,
  ${MAX_HOLD_SECONDS}))`;

export const EVENT_CHECKS: readonly AuditCheck[] = [
  {
    name: 'reports',
    rule: 'counts, spend and over-delivery of each report row are those of its settled events',
    sql: `SELECT CASE WHEN ${DIFFERENCES.map((sum) => `${sum} <> 0`).join(' OR ')}
                 THEN format('%s %s %s: events less rows are %s', bucket_at, creative_id, placement,
                             concat_ws(', ', ${DIFFERENCES.join(', ')})) END AS fault
          FROM (${REPORTED_EVENTS} UNION ALL ${REPORT_ROWS}) AS both_sides
          GROUP BY bucket_at, advertiser_id, campaign_id, ad_group_id, creative_id, placement`,
  },
  {
    name: 'invalid-traffic',
    rule: 'counts of invalid clicks in each row, of the reasons that settlement finds, are those of its settled events',
    sql: `SELECT CASE WHEN ${INVALID_DIFFERENCES.map((sum) => `${sum} <> 0`).join(' OR ')}
                 THEN format('%s %s %s %s: events less rows are %s', bucket_at, creative_id, placement, reason,
                             concat_ws(', ', ${INVALID_DIFFERENCES.join(', ')})) END AS fault
          FROM (${INVALID_EVENTS} UNION ALL ${INVALID_ROWS}) AS both_sides
          GROUP BY bucket_at, advertiser_id, campaign_id, ad_group_id, creative_id, placement, reason`,
  },
  {
    name: 'expired-events',
    rule: 'no impression, click or hide was accepted once its message was over',
    sql: `SELECT CASE WHEN b.received_at >= e.decided_at + ${LONGEST_HOLD}
                 THEN format('%s: %s received %s after its decision', e.message_id, e.type, b.received_at - e.decided_at)
                 END AS fault
          FROM events e JOIN event_batches b ON b.id = e.batch_id LEFT JOIN placements p ON p.id = e.placement
          WHERE e.type <> 'conversion'`,
  },
  {
    name: 'batches',
    rule: 'each accepted event is in one batch that is there, and each batch has the events that it was accepted with',
    sql: `SELECT CASE WHEN b.id IS NULL THEN format('%s: %s events, but no batch', e.batch_id, e.count)
                      WHEN b.event_count <> coalesce(e.count, 0)
                      THEN format('%s: %s of %s events', b.id, coalesce(e.count, 0), b.event_count) END AS fault
          FROM event_batches b
          FULL JOIN (SELECT batch_id, count(*) FROM events GROUP BY batch_id) e ON e.batch_id = b.id`,
  },
  {
    name: 'once',
    rule: 'a message has at most one impression, click and hide, and each of its conversions once',
    sql: `SELECT CASE WHEN count(*) > 1 THEN format('%s: %s %ss', message_id, count(*), type) END AS fault
          FROM events GROUP BY message_id, type, CASE WHEN type = 'conversion' THEN event_id END`,
  },
  {
    name: 'clicks',
    rule: 'nothing counts before the impression of its message, and nothing waits once that is settled',
    sql: `SELECT CASE WHEN ${COUNTED} AND i.message_id IS NULL THEN format('%s: %s without impression', e.message_id, e.type)
                      WHEN e.outcome = 'waiting' AND i.is_settled THEN format('%s: %s still waits', e.message_id, e.type)
                      END AS fault
          FROM events e ${SETTLED}
          LEFT JOIN (SELECT e.decided_at, e.message_id, b.settled_at IS NOT NULL AS is_settled
                     FROM events e JOIN event_batches b ON b.id = e.batch_id WHERE e.type = 'impression') i
            ON i.decided_at = e.decided_at AND i.message_id = e.message_id
          WHERE e.type <> 'impression'`,
  },
  {
    name: 'lost-clicks',
    rule: 'events whose impression never came within the life of their token: never charged',
    sql: `SELECT null::text AS fault FROM events e ${SETTLED}
          WHERE e.outcome = 'waiting'
            AND e.decided_at < ${AUDITED_AT} - (SELECT max(hold_seconds) FROM placements) * interval '1 second'`,
  },
  {
    name: 'unsettled',
    rule: 'batches that wait for their settlement',
    sql: `SELECT null::text AS fault, greatest(extract(epoch FROM ${AUDITED_AT} - received_at), 0) AS figure
          FROM event_batches WHERE settled_at IS NULL AND parked_at IS NULL`,
    figure: { name: 'oldest, seconds', of: 'max' },
  },
  {
    name: 'parked',
    rule: 'batches that failed time and again: neither charged nor reported until somebody retries them (/v1/ops/batches)',
    sql: `SELECT null::text AS fault, greatest(extract(epoch FROM ${AUDITED_AT} - received_at), 0) AS figure
          FROM event_batches WHERE parked_at IS NOT NULL`,
    figure: { name: 'oldest, seconds', of: 'max' },
  },
];
