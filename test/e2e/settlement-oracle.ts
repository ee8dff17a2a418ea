import type { DataSource } from 'typeorm';

/**
 * What settlement must have made of the events, worked out anew in SQL. Every query answers the rows that differ, so an
 * empty list is what is right. All batches have to be settled.
 */
const CHARGED = `
  SELECT e.campaign_id, e.ad_group_id, (e.occurred_at AT TIME ZONE a.time_zone)::date AS day, sum(e.price_micros)::text AS micros
  FROM events e JOIN advertisers a ON a.id = e.advertiser_id
  WHERE e.outcome = 'accepted' AND e.price_micros > 0 GROUP BY 1, 2, 3`;

const BOOKED = `
  SELECT campaign_id, ad_group_id, day, sum(amount_micros)::text FROM ledger_transfers WHERE kind = 'charge' GROUP BY 1, 2, 3`;

const count = (type: string) => `count(*) FILTER (WHERE e.type = '${type}')`;
const COUNTED = `
  SELECT date_bin('15 minutes', e.occurred_at, 'epoch') AS bucket_at, e.advertiser_id, e.campaign_id, e.ad_group_id, e.creative_id,
         e.placement, ${['impression', 'click', 'hide', 'conversion'].map(count).join(', ')},
         coalesce(sum(e.price_micros) FILTER (WHERE e.outcome = 'accepted'), 0)::bigint,
         ${['impression', 'click'].map((type) => `count(*) FILTER (WHERE e.type = '${type}' AND e.outcome = 'over_budget')`).join(', ')}
  FROM events e WHERE e.outcome NOT IN ('waiting', 'invalid') GROUP BY 1, 2, 3, 4, 5, 6`;

/** What was found invalid when it was settled. */
const INVALID = `
  SELECT date_bin('15 minutes', e.occurred_at, 'epoch') AS bucket_at, e.advertiser_id, e.campaign_id, e.ad_group_id, e.creative_id,
         e.placement, e.invalid_reason, ${['impression', 'click', 'hide', 'conversion'].map(count).join(', ')}
  FROM events e WHERE e.outcome = 'invalid' GROUP BY 1, 2, 3, 4, 5, 6, 7`;

const differences = (left: string, right: string) =>
  `(SELECT 'missing' AS what, * FROM (${left} EXCEPT ${right}) m) UNION ALL (SELECT 'too much', * FROM (${right} EXCEPT ${left}) t)`;

/** What is left of each limit of a campaign, and of its advertiser's balance. */
const LEFT = `
  SELECT e.message_id, e.price_micros, p.balance_micros AS balance,
    c.total_budget_micros - (SELECT coalesce(sum(spent_micros), 0) FROM daily_spend s WHERE s.campaign_id = c.id) AS total,
    c.daily_budget_micros - (SELECT coalesce(sum(spent_micros), 0) FROM daily_spend s
      WHERE s.campaign_id = c.id AND s.day = (e.occurred_at AT TIME ZONE a.time_zone)::date) AS daily,
    g.daily_budget_micros - (SELECT coalesce(sum(spent_micros), 0) FROM daily_spend s
      WHERE s.ad_group_id = g.id AND s.day = (e.occurred_at AT TIME ZONE a.time_zone)::date) AS group_daily,
    e.outcome
  FROM events e JOIN campaigns c ON c.id = e.campaign_id JOIN ad_groups g ON g.id = e.ad_group_id
    JOIN advertisers a ON a.id = e.advertiser_id JOIN prepaid_accounts p ON p.advertiser_id = a.id`;

const QUERIES: Readonly<Record<string, string>> = {
  'a batch is not settled': 'SELECT id, last_error FROM event_batches WHERE settled_at IS NULL',
  'a batch does not know its events': `
    SELECT b.id FROM event_batches b WHERE event_count <> (SELECT count(*) FROM events e WHERE e.batch_id = b.id)
    UNION ALL SELECT batch_id FROM events e WHERE NOT EXISTS (SELECT FROM event_batches b WHERE b.id = e.batch_id)`,
  'an event waits although its message was seen, or does not although it was not': `
    SELECT e.message_id, e.type, e.outcome FROM events e
    WHERE (e.outcome = 'waiting') <> NOT EXISTS (
      SELECT FROM events i WHERE i.message_id = e.message_id AND i.type = 'impression')`,
  'daily spend differs from the events': differences(
    CHARGED,
    'SELECT campaign_id, ad_group_id, day, spent_micros::text FROM daily_spend',
  ),
  'the ledger differs from the events': differences(CHARGED, BOOKED),
  'report rows differ from the events': differences(COUNTED, 'SELECT * FROM report_rows'),
  'rows of invalid traffic differ from the events': differences(
    INVALID,
    "SELECT * FROM invalid_traffic_rows WHERE reason LIKE 'click%'",
  ),
  'a balance differs from the ledger': `
    SELECT p.advertiser_id, p.balance_micros, sum(t.amount) FROM prepaid_accounts p
    LEFT JOIN (SELECT account, amount_micros AS amount FROM ledger_entries) t ON t.account = 'prepaid:' || p.advertiser_id
    GROUP BY 1, 2 HAVING p.balance_micros <> coalesce(sum(t.amount), 0)`,
  'the ledger does not sum to zero':
    'SELECT currency, sum(amount_micros) FROM ledger_entries GROUP BY 1 HAVING sum(amount_micros) <> 0',
  'a limit was passed': `SELECT * FROM (${LEFT}) l WHERE least(balance, total, daily, group_daily) < 0`,
  'an event was refused although there was money': `
    SELECT * FROM (${LEFT}) l WHERE outcome = 'over_budget' AND price_micros <= least(balance, total, daily, group_daily)`,
};

/** What is wrong, by the name of the rule; empty where all is right. */
export async function findFaults(dataSource: DataSource): Promise<Readonly<Record<string, unknown>>> {
  const faults: Record<string, unknown> = {};
  for (const [rule, sql] of Object.entries(QUERIES)) {
    const rows = await dataSource.query<unknown[]>(sql);
    if (rows.length > 0) faults[rule] = rows;
  }
  return faults;
}

const TABLES = [
  'event_batches',
  'events',
  'prepaid_accounts',
  'ledger_transfers',
  'daily_spend',
  'report_rows',
  'invalid_traffic_rows',
];

/** All that settlement writes, `attempts` of batches left out: equal before and after what changes nothing. */
export async function snapshot(dataSource: DataSource): Promise<unknown> {
  const tables = TABLES.map(
    (table) =>
      `(SELECT jsonb_agg(to_jsonb(t) - '{attempts,last_error}'::text[] ORDER BY t::text) FROM ${table} t) AS ${table}`,
  );
  return dataSource.query(`SELECT ${tables.join(', ')}`);
}
