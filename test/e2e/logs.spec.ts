import { connect } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { BreakableProxy } from '../servers/breakable-proxy.js';
import { eventually, startTestApp, type TestApp, type TestResponse } from '../servers/test-app.js';
import { createTestDatabase, type TestDatabase } from '../servers/test-database.js';
import { createTestRedis, type TestRedis } from '../servers/test-redis.js';
import { createAdvertiser, createServingCampaign, impressions, match, untilKnown } from './fixtures.js';

const MEMBER = 'member-7f3a9c';
const BIRTH_DATE = '1987-03-14';

interface LogLine {
  readonly msg?: string;
  readonly requestId?: string;
  readonly route?: string;
  readonly status?: number;
}

describe('the log', () => {
  const lines: string[] = [];
  let database: TestDatabase;
  let redis: TestRedis;
  let postgresProxy: BreakableProxy;
  let redisProxy: BreakableProxy;
  let app: TestApp;
  let chatKey: string;
  /** What no line may hold. */
  const secrets = new Map([
    ['a member id', MEMBER],
    ['personal data', BIRTH_DATE],
  ]);

  beforeAll(async () => {
    [database, redis] = await Promise.all([createTestDatabase(), createTestRedis()]);
    postgresProxy = await BreakableProxy.before(database.url);
    redisProxy = await BreakableProxy.before(redis.url);
    app = await startTestApp({
      databaseUrl: postgresProxy.url,
      redisUrl: redisProxy.url,
      env: { LOG_LEVEL: 'trace' },
      logTo: { write: (line) => lines.push(line) },
    });
    const issued = await app.request('POST', '/v1/api-keys', { role: 'chat', name: 'log' });
    chatKey = (issued.body as { key: string }).key;
    secrets.set('an API key', chatKey.slice('mk_chat_'.length)).set('the admin key', app.adminKey);
  });

  afterAll(async () => {
    await Promise.all([postgresProxy.mend(), redisProxy.mend()]);
    await app.close();
    await Promise.all([postgresProxy.cut(), redisProxy.cut()]);
    await Promise.all([database.drop(), redis.release()]);
  });

  function parsedLines(): readonly LogLine[] {
    return lines.map((line) => JSON.parse(line) as LogLine);
  }

  function leaks(): readonly string[] {
    return [...secrets].flatMap(([what, secret]) =>
      lines.filter((line) => line.includes(secret)).map((line) => `${what}: ${line}`),
    );
  }

  function ask(method: string, path: string, body?: unknown): Promise<TestResponse> {
    return app.request(method, path, body, { key: chatKey });
  }

  /** Goes away in the middle of a body. */
  function hangUp(): Promise<void> {
    const { hostname, port } = new URL(app.url);
    const head = `POST /v1/match HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer ${chatKey}\r\nContent-Type: application/json\r\n`;
    return new Promise((resolve, reject) => {
      const socket = connect(Number(port), hostname, () => {
        socket.write(`${head}Content-Length: 1000\r\n\r\n{"userId":"${MEMBER}",`, () => socket.destroy());
      });
      socket.on('error', reject);
      socket.on('close', () => resolve());
    });
  }

  it('has each request with its id, route and status, and nothing of members, keys and tokens', async () => {
    const advertiserId = await createAdvertiser(app);
    const { adGroupId } = await createServingCampaign(app, advertiserId);
    await untilKnown(app, adGroupId);
    const profile = {
      interests: {},
      attributes: {},
      birthDate: BIRTH_DATE,
      consent: { personalized: true, nightTime: true },
    };
    expect((await ask('PUT', `/v1/profiles/${MEMBER}`, profile)).status).toBeLessThan(300);
    const { messages } = (await match(app, MEMBER, {}, { key: chatKey })).body as {
      messages: { token: string; impressionUrl: string; clickUrl: string }[];
    };
    expect(messages.length).toBeGreaterThan(0);
    for (const { token } of messages) secrets.set(`the token ${token}`, token).set('its signature', token.slice(-20));
    expect((await ask('POST', '/v1/events', impressions(messages))).status).toBe(202);
    for (const { impressionUrl, clickUrl } of messages) {
      expect((await fetch(impressionUrl)).status).toBe(200);
      expect((await fetch(clickUrl, { redirect: 'manual' })).status).toBe(302);
    }
    const token = messages[0]?.token ?? '';
    const faults = await Promise.all([
      ask('GET', `/v1/profile/${MEMBER}`),
      ask('GET', `/v1/profiles/${MEMBER}%zz`),
      ask('PUT', `/v1/profiles/${MEMBER}`, { birthDate: BIRTH_DATE, [MEMBER]: 1 }),
      app.request('POST', '/v1/match', `{"userId":"${MEMBER}"`, { headers: { 'content-type': 'application/json' } }),
      ask('POST', `/v1/match?userId=${MEMBER}`, { userId: MEMBER, chatCount: -1 }),
      ask('POST', '/v1/events', { events: [{ type: 'impression', token, [MEMBER]: BIRTH_DATE }] }),
      ask('GET', `/t/i/${token.slice(0, -1)}`),
      app.request('GET', `/v1/profiles/${MEMBER}`, undefined, { key: `${chatKey}x` }),
      app.request('GET', `/v1/profiles/${MEMBER}`, undefined, { key: chatKey.repeat(1000) }),
    ]);
    for (const { status } of faults) {
      expect(status).toBeGreaterThanOrEqual(400);
      expect(status).toBeLessThan(500);
    }
    await hangUp();
    const deleted = await ask('DELETE', `/v1/profiles/${MEMBER}`);
    expect(deleted.status).toBeLessThan(300);
    const line = parsedLines().find(({ requestId }) => requestId === deleted.headers.get('x-request-id'));
    expect(line).toMatchObject({ method: 'DELETE', route: '/v1/profiles/:userId', status: deleted.status });
    expect(leaks()).toEqual([]);
  });

  it('tells of an outage, and nothing of members, keys and tokens', async () => {
    expect((await match(app, MEMBER, {}, { key: chatKey })).status).toBe(200);
    await Promise.all([postgresProxy.cut(), redisProxy.cut()]);
    const decision = await match(app, `${MEMBER}-2`, {}, { key: chatKey });
    expect(decision).toMatchObject({ status: 200, body: { messages: [] } });
    const faults = await Promise.all([
      ask('GET', `/v1/profiles/${MEMBER}`),
      ask('PUT', `/v1/profiles/${MEMBER}`, { consent: { personalized: true, nightTime: true } }),
      app.request('GET', '/v1/api-keys'),
    ]);
    expect(faults.map(({ status }) => status)).toEqual([503, 503, 503]);
    await eventually(async () => parsedLines().some(({ msg }) => msg === 'Redis is not reachable; reconnecting'));
    expect(parsedLines().some(({ msg, status }) => status === 503 || msg === 'request failed')).toBe(true);
    expect(leaks()).toEqual([]);
  });
});
