import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DataSource } from 'typeorm';
import { SystemClock } from '../../src/platform/clock.js';
import { AnswerPurge } from '../../src/platform/database/answer-purge.js';
import { dataSourceOptions } from '../../src/platform/database/data-source.js';
import { Once } from '../../src/platform/database/once.js';
import { createTestDatabase, type TestDatabase } from '../servers/test-database.js';

const DAY_MS = 24 * 3_600_000;

describe('Once', () => {
  let database: TestDatabase;
  let source: DataSource;
  let made = 0;

  beforeAll(async () => {
    database = await createTestDatabase();
    source = await new DataSource(dataSourceOptions(database.url, 4)).initialize();
  });

  afterAll(async () => {
    await source.destroy();
    await database.drop();
  });

  const create = (idempotencyKey: string, now: number): Promise<{ made: number }> =>
    new Once(source).create({ apiKeyId: 'key_1', idempotencyKey, route: 'POST /x', body: null, now }, () =>
      Promise.resolve({ made: ++made }),
    );

  it('keeps answers for a day, and the worker deletes older ones', async () => {
    const now = Date.now();
    const old = await create('old', now - DAY_MS - 60_000);
    const young = await create('young', now - DAY_MS + 60_000);
    await source.query(
      `INSERT INTO idempotent_answers SELECT 'key_1', 'many-' || n, '', '{}', $1 FROM generate_series(1, 2500) n`,
      [new Date(now - 2 * DAY_MS)],
    );
    await new AnswerPurge(source, new SystemClock()).purge();
    expect(await source.query('SELECT idempotency_key AS key FROM idempotent_answers')).toEqual([{ key: 'young' }]);
    expect(await create('young', now)).toEqual(young);
    expect(await create('old', now)).not.toEqual(old);
  });

  it('does nothing without a claim: where the earlier answer is deleted meanwhile, the request is to come again', async () => {
    await create('vanishing', Date.now());
    // Each statement of the repeat sees what is committed: deleted between its two, the answer is in neither.
    await source.query(`
      CREATE FUNCTION hide() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN RETURN NULL; END $$;
      DELETE FROM idempotent_answers WHERE idempotency_key = 'vanishing';
      CREATE TRIGGER hide BEFORE INSERT ON idempotent_answers FOR EACH ROW EXECUTE FUNCTION hide();`);
    const before = made;
    await expect(create('vanishing', Date.now())).rejects.toMatchObject({ status: 503, code: 'unavailable' });
    expect(made).toBe(before);
  });
});
