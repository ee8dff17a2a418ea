import { readdir } from 'node:fs/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { DataSource } from 'typeorm';
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

  it('are all listed, in the order of their times', async () => {
    const files = (await readdir(new URL('../../migrations', import.meta.url)))
      .filter((name) => name !== 'index.ts')
      .sort();
    expect(MIGRATIONS.map(({ name }) => /\d+$/.exec(name)?.[0])).toEqual(files.map((name) => /^\d+/.exec(name)?.[0]));
  });
});
