import { type AuditCheck, KNOWN_ZONES, WITHOUT_DAYS } from './audit-check.js';

/** Accounts as each kind of transfer has them. */
const ACCOUNTS = `(VALUES ('credit', 'cash:' || a.currency, 'prepaid:' || a.id),
                          ('charge', 'prepaid:' || a.id, 'revenue:' || a.currency),
                          ('refund', 'revenue:' || a.currency, 'prepaid:' || a.id)) AS k (kind, debit, credit)`;

/** Settled events that were charged, and the local day of each; null where nobody can tell it any more. */
const CHARGED_EVENTS = `
  SELECT e.campaign_id, e.ad_group_id,
         CASE WHEN dayless.of_id IS NULL THEN (e.occurred_at AT TIME ZONE a.time_zone)::date END AS day,
         e.price_micros::numeric AS micros
  FROM events e
  JOIN event_batches b ON b.id = e.batch_id AND b.settled_at IS NOT NULL
  JOIN advertisers a ON a.id = e.advertiser_id
  LEFT JOIN dayless ON dayless.of_id = a.id
  WHERE e.outcome = 'accepted' AND e.price_micros > 0`;

const BOOKED_CHARGES = `
  SELECT t.campaign_id, t.ad_group_id, CASE WHEN dayless.of_id IS NULL THEN t.day END, -t.amount_micros::numeric
  FROM ledger_transfers t LEFT JOIN dayless ON dayless.of_id = t.advertiser_id
  WHERE t.kind = 'charge'`;

/**
 * What was charged to each advertiser with refunds, and given back, by all that a refund may name. The bits of `unnamed` are
 * those of `GROUPING (campaign_id, ad_group_id, day)`: sums over what a refund does not name are those of its scope. So both
 * are read once for all scopes.
 */
const OF_REFUNDED = `
  SELECT advertiser_id, campaign_id, ad_group_id, day,
         (campaign_id IS NULL)::integer * 4 + (ad_group_id IS NULL)::integer * 2 + (day IS NULL)::integer AS unnamed,
         sum(CASE kind WHEN 'charge' THEN amount_micros ELSE 0 END) AS charged,
         sum(CASE kind WHEN 'refund' THEN amount_micros ELSE 0 END) AS given,
         count(*) FILTER (WHERE kind = 'refund') AS refunds
  FROM ledger_transfers
  WHERE kind IN ('charge', 'refund')
    AND advertiser_id IN (SELECT advertiser_id FROM ledger_transfers WHERE kind = 'refund')
  GROUP BY advertiser_id, campaign_id, ad_group_id, day`;

/** Of an advertiser as a whole. */
const NOTHING_NAMED = 7;

export const LEDGER_CHECKS: readonly AuditCheck[] = [
  {
    name: 'time-zones',
    rule: 'Postgres knows the time zone of each advertiser, so that charges can be compared day by day',
    sql: `SELECT CASE WHEN lower(time_zone) NOT IN ${KNOWN_ZONES} THEN format('%s: %s', id, time_zone) END AS fault
          FROM advertisers`,
  },
  {
    name: 'ledger-zero',
    rule: 'the entries of the ledger sum to zero in each currency',
    sql: `SELECT CASE WHEN sum(amount_micros) <> 0 THEN format('%s: %s micros too much', currency, sum(amount_micros)) END
                   AS fault
          FROM ledger_entries GROUP BY currency`,
  },
  {
    name: 'ledger-accounts',
    rule: 'each transfer moves a positive amount between two accounts, those of its kind and its advertiser’s currency; refunds say why',
    sql: `SELECT CASE WHEN t.amount_micros <= 0 OR t.debit_account = t.credit_account OR t.currency <> a.currency
                        OR k.kind IS NULL OR t.debit_account <> k.debit OR t.credit_account <> k.credit
                        OR t.kind = 'refund' AND t.reason IS NULL
                 THEN format('%s: %s %s from %s to %s', t.id, t.amount_micros, t.currency, t.debit_account, t.credit_account)
                 END AS fault
          FROM ledger_transfers t JOIN advertisers a ON a.id = t.advertiser_id
          LEFT JOIN LATERAL (SELECT * FROM ${ACCOUNTS} WHERE k.kind = t.kind) k ON true`,
  },
  {
    name: 'balances',
    rule: 'each prepaid account of the ledger has its balance, which is what the ledger says, and not below zero',
    sql: `SELECT CASE WHEN p.advertiser_id IS NULL THEN format('%s: no balance, in the ledger %s', l.account, l.micros)
                      WHEN p.balance_micros < 0 OR p.balance_micros <> coalesce(l.micros, 0)
                      THEN format('%s: %s micros, in the ledger %s', p.advertiser_id, p.balance_micros, coalesce(l.micros, 0))
                      END AS fault
          FROM prepaid_accounts p
          FULL JOIN (SELECT account, sum(amount_micros) AS micros FROM ledger_entries
                     WHERE account LIKE 'prepaid:%' GROUP BY account) l
            ON l.account = 'prepaid:' || p.advertiser_id`,
  },
  {
    name: 'charges',
    rule: 'the charges of each campaign, ad group and day are the prices of its settled, accepted events, to the micro',
    sql: `SELECT CASE WHEN sum(micros) <> 0
                 THEN format('%s %s %s: events less charges are %s micros', campaign_id, ad_group_id, day, sum(micros))
                 END AS fault
          FROM (WITH dayless AS (${WITHOUT_DAYS}) ${CHARGED_EVENTS} UNION ALL ${BOOKED_CHARGES}) AS both_sides
          GROUP BY campaign_id, ad_group_id, day`,
  },
  {
    name: 'daily-spend',
    rule: 'the spend kept for each ad group and day is the sum of its charges',
    sql: `SELECT CASE WHEN sum(micros) <> 0
                 THEN format('%s %s: kept less charged is %s micros', ad_group_id, day, sum(micros)) END AS fault
          FROM (SELECT campaign_id, ad_group_id, day, spent_micros::numeric AS micros FROM daily_spend
                UNION ALL
                SELECT campaign_id, ad_group_id, day, -amount_micros::numeric FROM ledger_transfers
                WHERE kind = 'charge') AS both_sides
          GROUP BY campaign_id, ad_group_id, day`,
  },
  {
    name: 'refunds',
    rule: 'no more was given back than was charged: of an advertiser, nor of a campaign, ad group or day that is named',
    sql: `SELECT CASE WHEN given > charged
                 THEN format('%s: %s of %s micros given back', concat_ws(' ', advertiser_id, campaign_id, ad_group_id, day),
                             given, charged) END AS fault
          FROM (SELECT advertiser_id, campaign_id, ad_group_id, day,
                       GROUPING (campaign_id, ad_group_id, day) AS summed_over, sum(charged) AS charged, sum(given) AS given,
                       bit_or(1 << unnamed) FILTER (WHERE refunds > 0) AS scopes
                FROM (${OF_REFUNDED}) finest
                GROUP BY advertiser_id, CUBE (campaign_id, ad_group_id, day)) s
          WHERE summed_over = ${NOTHING_NAMED} OR scopes & (1 << summed_over) <> 0`,
  },
];
