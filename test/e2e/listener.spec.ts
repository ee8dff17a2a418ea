import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import pg from 'pg';
import { Listener } from '../../src/platform/database/listener.js';
import { BreakableProxy } from '../servers/breakable-proxy.js';
import { createTestDatabase, type TestDatabase } from '../servers/test-database.js';
import { until } from '../servers/until.js';

const FAILED = 'Listener test_channel failed; trying on';
const WORKS = 'Listener test_channel works again';

describe('Listener', () => {
  let database: TestDatabase;
  let proxy: BreakableProxy;
  let listener: Listener;
  let said: string[];
  let connections: number;
  let heard: string[];

  beforeAll(async () => {
    database = await createTestDatabase('template0');
    proxy = await BreakableProxy.before(database.url);
  });

  afterAll(async () => {
    await proxy.cut();
    await database.drop();
  });

  beforeEach(async () => {
    [said, heard, connections] = [[], [], 0];
    const note = (line: unknown): void => void said.push((line as { msg: string }).msg);
    jest.spyOn(Logger.prototype, 'warn').mockImplementation(note);
    jest.spyOn(Logger.prototype, 'log').mockImplementation(note);
    listener = new Listener({
      databaseUrl: proxy.url,
      channel: 'test_channel',
      onNotification: (payload) => heard.push(payload),
      onConnected: () => connections++,
    });
    listener.start();
    await until('it hears', async () => listener.isHearing);
  });

  afterEach(async () => {
    await listener.stop();
    await proxy.mend();
    jest.restoreAllMocks();
  });

  async function notify(payload: string): Promise<void> {
    const client = new pg.Client({ connectionString: database.url });
    await client.connect();
    await client.query(`SELECT pg_notify('test_channel', $1)`, [payload]);
    await client.end();
  }

  it('says once that it failed and once that it works again, each time', async () => {
    for (const times of [1, 2]) {
      await proxy.cut();
      await until('it has noticed', async () => !listener.isHearing);
      const attempts = jest.spyOn(pg.Client.prototype, 'connect');
      await until('it has tried in vain more than once', async () => attempts.mock.calls.length > 2);
      attempts.mockRestore();
      await proxy.mend();
      await until('it hears again', async () => listener.isHearing);
      expect({ said, connections }).toEqual({
        said: Array.from({ length: times }, () => [FAILED, WORKS]).flat(),
        connections: 1 + times,
      });
    }
    await notify('hello');
    await until('it hears what is announced', async () => heard.includes('hello'));
  });

  it('says so of one whose backend was ended, too', async () => {
    const client = new pg.Client({ connectionString: database.url });
    await client.connect();
    await client.query(`SELECT pg_terminate_backend(pid) FROM pg_stat_activity
                        WHERE application_name = 'matchum-test_channel' AND datname = current_database()`);
    await client.end();
    await until('it listens anew', async () => connections === 2);
    expect(said).toEqual([FAILED, WORKS]);
  });

  it('says nothing of its own stop', async () => {
    await listener.stop();
    expect(said).toEqual([]);
  });
});
