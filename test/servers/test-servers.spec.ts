import { afterEach, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import pg from 'pg';
import { MIGRATIONS } from '../../migrations/index.js';
import { createTestDatabase } from './test-database.js';
import { createTestRedis } from './test-redis.js';

describe('a test’s own database and Redis', () => {
  const cleanUp: (() => Promise<void>)[] = [];

  afterEach(async () => {
    for (const step of cleanUp.splice(0).reverse()) await step();
  });

  async function database(): Promise<pg.Client> {
    const created = await createTestDatabase();
    const client = new pg.Client({ connectionString: created.url });
    await client.connect();
    cleanUp.push(
      () => created.drop(),
      () => client.end(),
    );
    return client;
  }

  async function redis(): Promise<Redis> {
    const created = await createTestRedis();
    const client = new Redis(created.url);
    cleanUp.push(
      () => created.release(),
      async () => client.disconnect(),
    );
    return client;
  }

  it('gives each caller a migrated database that no other sees', async () => {
    const [first, second] = await Promise.all([database(), database()]);
    const migrated = await first.query('SELECT name FROM migrations');
    expect(migrated.rowCount).toBe(MIGRATIONS.length);
    await first.query('CREATE TABLE mine (id int)');
    await expect(second.query('SELECT * FROM mine')).rejects.toThrow('does not exist');
  });

  it('gives each caller an empty Redis database that no other sees', async () => {
    const [first, second] = [await redis(), await redis()];
    await first.set('key', 'value');
    expect(await second.dbsize()).toBe(0);
    expect(await first.dbsize()).toBe(1);
  });

  it('hands a released Redis database out empty again', async () => {
    const released = await createTestRedis();
    const client = new Redis(released.url);
    cleanUp.push(async () => client.disconnect());
    await client.set('key', 'value');
    await released.release();
    expect(await client.dbsize()).toBe(0);
  });
});
