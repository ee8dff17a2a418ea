import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { BreakableProxy } from '../servers/breakable-proxy.js';
import { eventually, startTestApp, type TestApp, type TestResponse } from '../servers/test-app.js';
import { createTestDatabase, type TestDatabase } from '../servers/test-database.js';
import { match } from './fixtures.js';

/** Of the time-outs with which a connection to Postgres is given up. */
const SHORTEST_WAIT_MS = 500;

describe('access while Postgres is away', () => {
  let database: TestDatabase;
  let proxy: BreakableProxy;
  let app: TestApp;
  let other: TestApp;
  let key: string;

  beforeAll(async () => {
    database = await createTestDatabase();
    proxy = await BreakableProxy.before(database.url);
    app = await startTestApp({ databaseUrl: proxy.url, env: { MATCH_DEADLINE_MS: '80' } });
    other = await startTestApp({ databaseUrl: database.url });
  });

  beforeEach(async () => {
    await proxy.mend();
    await eventually(async () => (await app.request('GET', '/v1/api-keys')).status === 200);
    key = await issue(app);
  });

  afterAll(async () => {
    await proxy.mend();
    await Promise.all([app.close(), other.close()]);
    await proxy.cut();
    await database.drop();
  });

  async function issue(on: TestApp): Promise<string> {
    const issued = await on.request('POST', '/v1/api-keys', { role: 'chat', name: 'outage' });
    return (issued.body as { key: string }).key;
  }

  async function timed(answer: Promise<TestResponse>): Promise<{ readonly status: number; readonly ms: number }> {
    const start = performance.now();
    const { status } = await answer;
    return { status, ms: performance.now() - start };
  }

  it.each(['cut', 'hang'] as const)('goes on with keys in use, and admits no others (%s)', async (way) => {
    const elsewhere = await issue(other);
    await proxy[way]();
    for (let i = 0; i < 5; i++) {
      const decision = await match(app, 'member-1', {}, { key });
      expect(decision).toMatchObject({ status: 200, body: { messages: [] } });
    }
    expect((await app.request('GET', '/v1/api-keys', undefined, { key })).status).toBe(403);
    expect((await match(app, 'member-1', {}, { key: elsewhere })).status).toBe(503);
    expect((await match(app, 'member-1', {}, { key: app.adminKey })).status).toBe(200);
    expect((await match(app, 'member-1', {}, { key: 'mk_chat_x' })).status).toBe(401);

    await proxy.mend();
    await eventually(async () => (await match(app, 'member-1', {}, { key: elsewhere })).status === 200);
  });

  it('lets no match of a key in use wait for Postgres, also when its last check is long ago', async () => {
    await match(app, 'member-1', {}, { key });
    proxy.hang();
    const times: number[] = [];
    // Past the 5 seconds for which a check is good without asking.
    const end = performance.now() + 6_000;
    await eventually(async () => {
      const { status, ms } = await timed(match(app, 'member-1', {}, { key }));
      expect(status).toBe(200);
      times.push(ms);
      return performance.now() > end;
    });
    times.sort((a, b) => a - b);
    // Each that waited would do so for the shortest time-out of Postgres; the machine of the tests may be busy.
    expect(times[Math.floor(times.length / 2)]).toBeLessThan(SHORTEST_WAIT_MS / 2);
  });
});
