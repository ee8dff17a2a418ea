import type pg from 'pg';
import { type Row, short } from '../report.js';

/** Impressions a second, of so many ad groups with two creatives each, in batches of so many events. */
const RATE = 500;
const AD_GROUPS = 500;
const EVENTS_A_BATCH = 250;

const ULID = (from: string): string => `upper(lpad(to_hex(${from}), 26, '0'))`;

/** $1 events. As many members as impressions over four, so that some come back. */
const EVENTS = `
  INSERT INTO events (decided_at, message_id, type, batch_id, ordinal, member_id, advertiser_id, campaign_id, ad_group_id,
    creative_id, placement, position, price_micros, occurred_at)
  SELECT at, ${ULID('i::bigint * 7919')} || '.' || 1 + i % 3, 'impression', 'bat_' || ${ULID(`i / ${EVENTS_A_BATCH}`)},
    i % ${EVENTS_A_BATCH}, 'member-' || (i * 7919::bigint) % greatest($1::int / 4, 1), 'adv_' || ${ULID('g % 50')},
    'cmp_' || ${ULID('g / 2')}, 'adg_' || ${ULID('g')}, 'crv_' || ${ULID('g * 2 + i % 2')}, 'chat_list', 1 + i % 20,
    4000000, at + interval '2 seconds'
  FROM generate_series(0, $1::int - 1) i,
    LATERAL (SELECT timestamptz '2026-11-20' + i * interval '1 second' / ${RATE} AS at,
      (i * 104729::bigint % ${AD_GROUPS})::int AS g) drawn`;

const BATCHES = `
  INSERT INTO event_batches (id, received_at, event_count, settled_at)
  SELECT batch_id, min(decided_at), count(*), now() FROM events GROUP BY batch_id`;

const REPORT_ROWS = `
  INSERT INTO report_rows (bucket_at, advertiser_id, campaign_id, ad_group_id, creative_id, placement, impressions,
    spend_micros)
  SELECT date_bin('15 minutes', occurred_at, timestamptz '2000-01-01'), advertiser_id, campaign_id, ad_group_id,
    creative_id, placement, count(*), sum(price_micros)
  FROM events GROUP BY 1, 2, 3, 4, 5, 6`;

const ADVERTISERS = `
  INSERT INTO advertisers (id, name, currency, time_zone, created_at, updated_at)
  SELECT DISTINCT advertiser_id, 'name', 'KRW', 'Asia/Seoul', now(), now() FROM events`;

/** One charge an ad group and batch, as settlement books them. */
const CHARGES = `
  INSERT INTO ledger_transfers (id, kind, advertiser_id, debit_account, credit_account, amount_micros, currency, reference,
    campaign_id, ad_group_id, day, created_at)
  SELECT 'trf_' || ${ULID('row_number() OVER ()')}, 'charge', advertiser_id, 'prepaid:' || advertiser_id, 'revenue',
    sum(price_micros), 'KRW', batch_id || ':' || ad_group_id || ':2026-11-20', campaign_id, ad_group_id, '2026-11-20', now()
  FROM events GROUP BY advertiser_id, batch_id, campaign_id, ad_group_id`;

/** Without free space that updates leave; with all indexes. */
export async function postgresBytes(client: pg.Client, events: number): Promise<readonly Row[]> {
  await client.query(EVENTS, [events]);
  for (const statement of [BATCHES, REPORT_ROWS, ADVERTISERS, CHARGES]) await client.query(statement);
  const rows: Row[] = [];
  for (const table of ['events', 'event_batches', 'report_rows', 'ledger_transfers']) {
    await client.query(`VACUUM ANALYZE ${table}`);
    const { rows: sizes } = await client.query<{ rows: string; heap: string; indexes: string }>(
      `SELECT (SELECT count(*) FROM ${table}) AS rows, pg_table_size($1::regclass) AS heap,
              pg_indexes_size($1::regclass) AS indexes`,
      [table],
    );
    const [size] = sizes;
    const perMillion = (bytes: number): number => short(((bytes / events) * 1_000_000) / 2 ** 20);
    rows.push({
      table,
      'rows a million': Math.round((Number(size?.rows) / events) * 1_000_000),
      'MiB a million': perMillion(Number(size?.heap) + Number(size?.indexes)),
      'of it indexes': perMillion(Number(size?.indexes)),
    });
  }
  return rows;
}
