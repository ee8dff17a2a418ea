import { readdir } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { DataSource } from 'typeorm';
import { FollowAllCaps1795651620000 } from '../../migrations/1795651620000-follow-all-caps.js';
import { BindParkedMoney1795651920000 } from '../../migrations/1795651920000-bind-parked-money.js';
import { KeepHoldTimes1795651740000 } from '../../migrations/1795651740000-keep-hold-times.js';
import { CountOverDelivery1795651680000 } from '../../migrations/1795651680000-count-over-delivery.js';
import { MIGRATIONS } from '../../migrations/index.js';
import { dataSourceOptions } from '../../src/platform/database/data-source.js';
import { migrateDatabase } from '../../src/platform/database/migrate.js';
import { createTestDatabase, type TestDatabase } from '../servers/test-database.js';
import { listSchema } from './schema-listing.js';

describe('the migrations', () => {
  let database: TestDatabase;
  let source: DataSource;

  beforeEach(async () => {
    database = await createTestDatabase('template0');
    source = await connect(MIGRATIONS.length);
  });

  afterEach(async () => {
    await source.destroy();
    await database.drop();
  });

  /** Knows the first `count` migrations only. */
  function connect(count: number): Promise<DataSource> {
    return new DataSource({
      ...dataSourceOptions(database.url, 2),
      migrations: MIGRATIONS.slice(0, count),
    }).initialize();
  }

  async function migrateTo(count: number): Promise<void> {
    const partial = await connect(count);
    await partial.runMigrations();
    await partial.destroy();
  }

  it('each undo exactly what they did, and can be done again', async () => {
    const schemas = [await listSchema(source)];
    for (let count = 1; count <= MIGRATIONS.length; count++) {
      await migrateTo(count);
      schemas.push(await listSchema(source));
    }
    for (let count = MIGRATIONS.length - 1; count >= 0; count--) {
      await source.undoLastMigration();
      expect({ count, schema: await listSchema(source) }).toEqual({ count, schema: schemas[count] });
    }
    await migrateDatabase(database.url);
    expect(await listSchema(source)).toEqual(schemas.at(-1));
    // Each of them made something that the listing shows; else the comparison would say nothing.
    expect(new Set(schemas.map((schema) => schema.join('\n'))).size).toBe(MIGRATIONS.length + 1);
  });

  it('run once when several processes start at the same time, and not again', async () => {
    await Promise.all([migrateDatabase(database.url), migrateDatabase(database.url), migrateDatabase(database.url)]);
    await migrateDatabase(database.url);
    const done = await source.query<{ name: string }[]>('SELECT name FROM migrations ORDER BY id');
    expect(done.map(({ name }) => name)).toEqual(MIGRATIONS.map(({ name }) => name));
  });

  it('have the chat list ready', async () => {
    await migrateDatabase(database.url);
    const placements = await source.query<unknown[]>(
      'SELECT id, max_messages, first_position, spacing, refresh_after_seconds, hold_seconds FROM placements',
    );
    expect(placements).toEqual([
      {
        id: 'chat_list',
        max_messages: 3,
        first_position: 1,
        spacing: 6,
        refresh_after_seconds: 300,
        hold_seconds: 600,
      },
    ]);
  });

  it('count over-delivery of what was settled before', async () => {
    await migrateTo(MIGRATIONS.indexOf(CountOverDelivery1795651680000));
    const insert = (table: string, columns: string, rows: string) =>
      source.query(`INSERT INTO ${table} (advertiser_id, campaign_id, ad_group_id, creative_id, placement, ${columns})
                    SELECT 'a', 'c', 'g', 'v', 'chat_list', row.* FROM (VALUES ${rows}) row`);
    await insert(
      'events',
      'decided_at, occurred_at, message_id, type, outcome, batch_id, ordinal, member_id, position, price_micros',
      ['impression', 'click', 'hide']
        .flatMap((type) => ['accepted', 'over_budget'].map((outcome, i) => ({ type, outcome, i })))
        .map(
          ({ type, outcome, i }) =>
            `('2026-11-20T00:00Z'::timestamptz, '2026-11-20T00:29:59Z'::timestamptz, 'm${i}', '${type}', '${outcome}', 'b', 1, 'm', 1, 5)`,
        )
        .join(', '),
    );
    await insert(
      'report_rows',
      'bucket_at, impressions, clicks, hides',
      `('2026-11-20T00:15Z'::timestamptz, 2, 2, 2), ('2026-11-20T00:30Z', 1, 0, 0)`,
    );
    await migrateDatabase(database.url);
    const rows = await source.query<unknown[]>(
      `SELECT over_budget_impressions::integer AS impressions, over_budget_clicks::integer AS clicks, hides::integer
       FROM report_rows ORDER BY bucket_at`,
    );
    expect(rows).toEqual([
      { impressions: 1, clicks: 1, hides: 2 },
      { impressions: 0, clicks: 0, hides: 0 },
    ]);
  });

  it('take the last change of a placement for that of its rules, where none was kept', async () => {
    await migrateTo(MIGRATIONS.indexOf(FollowAllCaps1795651620000));
    await source.query(`UPDATE placements SET min_gap_seconds = 60, version = 2, updated_at = '2026-11-20T00:00Z'`);
    await migrateDatabase(database.url);
    await source.query(`UPDATE placements SET min_gap_seconds = 90, updated_at = '2026-11-21T00:00Z'`);
    const changes = await source.query<unknown[]>(
      `SELECT of_id, before->'min_gap_seconds' AS before, after->'min_gap_seconds' AS after, changed_at
       FROM limit_changes ORDER BY id`,
    );
    expect(changes).toEqual([
      { of_id: 'chat_list', before: null, after: 60, changed_at: new Date('2026-11-20T00:00Z') },
      { of_id: 'chat_list', before: 60, after: 90, changed_at: new Date('2026-11-21T00:00Z') },
    ]);
  });

  it('take what the holds of a changed placement were before for the longest there can be', async () => {
    await migrateTo(MIGRATIONS.indexOf(KeepHoldTimes1795651740000));
    await source.query(`UPDATE placements SET max_messages = 2, version = 2, updated_at = '2026-11-20T00:00Z'`);
    await migrateDatabase(database.url);
    const [kept] = await source.query<unknown[]>('SELECT earlier_hold_seconds, hold_changed_at FROM placements');
    expect(kept).toEqual({ earlier_hold_seconds: 86_400, hold_changed_at: new Date('2026-11-20T00:00Z') });
  });

  it('bind what batches will cost that were parked before', async () => {
    await migrateTo(MIGRATIONS.indexOf(BindParkedMoney1795651920000));
    await source.query(`
      INSERT INTO event_batches (id, received_at, event_count, parked_at)
      VALUES ('parked', now(), 3, now()), ('waits', now(), 1, NULL)`);
    await source.query(`
      INSERT INTO events (batch_id, message_id, price_micros, decided_at, occurred_at, type, ordinal, member_id, advertiser_id,
                          campaign_id, ad_group_id, creative_id, placement, position, lease_holder)
      SELECT row.*, '1970-01-01T00:02:59Z'::timestamptz, now(), 'impression', 1, 'm', 'a', 'c', 'g', 'v', 'chat_list', 1, 7
      FROM (VALUES ('parked', 'm1', 5), ('parked', 'm2', 6), ('parked', 'm3', 0), ('waits', 'm4', 9)) row`);
    await migrateDatabase(database.url);
    const rows = await source.query<unknown[]>(
      `SELECT batch_id, advertiser_id, campaign_id, ad_group_id, lease_holder, decided_minute, day, amount_micros::integer,
              settled_at
       FROM parked_charges`,
    );
    const ids = { batch_id: 'parked', advertiser_id: 'a', campaign_id: 'c', ad_group_id: 'g' };
    expect(rows).toEqual([
      { ...ids, lease_holder: 7, decided_minute: 2, day: null, amount_micros: 11, settled_at: null },
    ]);
  });

  it('bind them on no day where the database does not know the zone of who pays', async () => {
    await migrateTo(MIGRATIONS.indexOf(BindParkedMoney1795651920000));
    await source.query(`
      INSERT INTO advertisers (id, name, currency, time_zone, version, created_at, updated_at)
      SELECT zone, 'n', 'KRW', zone, 1, now(), now() FROM unnest(ARRAY['Asia/Seoul', 'US/Pacific-New']) AS zone`);
    await source.query(
      `INSERT INTO event_batches (id, received_at, event_count, parked_at) VALUES ('b', now(), 2, now())`,
    );
    await source.query(`
      INSERT INTO events (batch_id, message_id, price_micros, decided_at, occurred_at, type, ordinal, member_id, advertiser_id,
                          campaign_id, ad_group_id, creative_id, placement, position, lease_holder)
      SELECT 'b', id, 5, now(), '2026-11-20T15:00Z', 'impression', 1, 'm', id, 'c', 'g', 'v', 'chat_list', 1, 7
      FROM advertisers`);
    await migrateDatabase(database.url);
    const rows = await source.query<unknown[]>('SELECT advertiser_id, day::text FROM parked_charges ORDER BY 1');
    expect(rows).toEqual([
      { advertiser_id: 'Asia/Seoul', day: '2026-11-21' },
      { advertiser_id: 'US/Pacific-New', day: null },
    ]);
  });

  it('are all listed, in the order of their times', async () => {
    const files = (await readdir(new URL('../../migrations', import.meta.url)))
      .filter((name) => name !== 'index.ts')
      .sort();
    expect(MIGRATIONS.map(({ name }) => /\d+$/.exec(name)?.[0])).toEqual(files.map((name) => /^\d+/.exec(name)?.[0]));
  });
});
