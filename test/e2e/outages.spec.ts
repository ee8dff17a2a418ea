import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { DecisionPromises } from '../../src/serving/match/decision-promises.js';
import { BreakableProxy } from '../servers/breakable-proxy.js';
import { eventually, startTestApp, type TestApp, type TestResponse } from '../servers/test-app.js';
import { createTestDatabase, type TestDatabase } from '../servers/test-database.js';
import { createTestRedis, type TestRedis } from '../servers/test-redis.js';
import { createAdvertiser, createServingCampaign, impressions, match, untilKnown, untilSettled } from './fixtures.js';

jest.setTimeout(60_000);

const PROFILE = {
  interests: {},
  attributes: {},
  language: 'ko',
  consent: { personalized: true, nightTime: true },
};
/** Requests of one outage: enough that a busy machine's single slow ones do not move the median. */
const REQUESTS = 11;
/** Ten seconds for events that can't be made durable, and one for a busy machine. */
const LONGEST_ANSWER_MS = 11_000;
/** A heartbeat with its time-out, and a second for a busy machine. */
const NOTICED_WITHIN_MS = 2_000;
/** Some supervisors kill what has not ended after thirty seconds; half of that is ours. */
const LONGEST_CLOSE_MS = 15_000;

describe.each([
  ['redis', 'cut'],
  ['redis', 'hang'],
  ['postgres', 'cut'],
  ['postgres', 'hang'],
] as const)('while %s is away (%s)', (server, way) => {
  let database: TestDatabase;
  let redis: TestRedis;
  let proxies: { readonly postgres: BreakableProxy; readonly redis: BreakableProxy };
  let app: TestApp;
  let isStopped = false;

  beforeAll(async () => {
    database = await createTestDatabase();
    redis = await createTestRedis();
    proxies = { postgres: await BreakableProxy.before(database.url), redis: await BreakableProxy.before(redis.url) };
    app = await startTestApp({
      databaseUrl: proxies.postgres.url,
      redisUrl: proxies.redis.url,
      // An empty variable counts as absent: the product's own deadline.
      env: { MATCH_DEADLINE_MS: '' },
    });
    const campaign = await createServingCampaign(app, await createAdvertiser(app));
    await untilKnown(app, campaign.adGroupId);
    expect((await app.request('PUT', '/v1/profiles/known', PROFILE)).status).toBeLessThan(300);
    await untilServed();
  });

  afterAll(async () => {
    await proxies[server].mend();
    if (!isStopped) await app.close();
    for (const proxy of Object.values(proxies)) await proxy.cut();
    await database.drop();
    await redis.release();
  });

  /** The message that is placed once matches place messages (again). */
  function untilServed(): Promise<{ token: string }> {
    return eventually(async () => {
      const { status, body } = await match(app, 'known');
      expect(status).toBe(200);
      return (body.messages[0] as { token: string } | undefined) ?? null;
    });
  }

  async function timed(answer: Promise<TestResponse>): Promise<TestResponse & { readonly ms: number }> {
    const start = performance.now();
    const response = await answer;
    return { ...response, ms: performance.now() - start };
  }

  it('answers matches in time and without messages, takes what it can keep, and recovers by itself', async () => {
    const waiting = await untilServed();
    await proxies[server][way]();
    // Whose profile is in memory is served until the loss is noticed: what is shown then can still be reported in time.
    const broken = performance.now();
    await eventually(async () => (await match(app, 'known')).body.messages.length === 0);
    expect(performance.now() - broken).toBeLessThan(NOTICED_WITHIN_MS);

    for (const member of ['known', 'never-seen']) {
      const times: number[] = [];
      for (let i = 0; i < REQUESTS; i++) {
        const { status, body, ms } = await timed(match(app, member));
        expect(status).toBe(200);
        expect(body.messages).toEqual([]);
        expect(['unavailable', 'deadline']).toContain(body.noFill.reason);
        times.push(ms);
      }
      expect(times.sort((a, b) => a - b)[(REQUESTS - 1) / 2]).toBeLessThanOrEqual(100);
    }

    const reported = await timed(app.request('POST', '/v1/events', impressions([waiting])));
    if (server === 'redis') {
      expect(reported).toMatchObject({ status: 202, body: { results: [{ status: 'accepted' }] } });
    } else {
      expect(reported).toMatchObject({ status: 503, body: { code: 'unavailable' } });
      expect(Number(reported.headers.get('retry-after'))).toBeGreaterThan(0);
    }

    await proxies[server].mend();
    await untilServed();
    const again = await eventually(async () => {
      const { status, body } = await app.request('POST', '/v1/events', impressions([waiting]));
      return status === 202 && (body.results as unknown[]);
    });
    // What hung may have arrived after all.
    if (server === 'redis' || way === 'hang') expect(again).toHaveLength(1);
    else expect(again).toEqual([{ status: 'accepted' }]);
    await untilSettled(app);
    const [row] = await app.dataSource.query<{ impressions: number }[]>(
      'SELECT sum(impressions)::integer AS impressions FROM report_rows',
    );
    expect(row?.impressions).toBe(1);
  });

  // A connection that breaks is noticed at once, whatever waits for it.
  it.each(way === 'hang' ? [['while idle'], ['while matches wait for it']] : [['while matches wait for it']])(
    'answers events in time or keeps them (%s)',
    async (load) => {
      const waiting = await untilServed();
      await proxies[server][way]();
      if (load !== 'while idle') for (let i = 0; i < REQUESTS; i++) await match(app, 'known');
      const reported = await timed(app.request('POST', '/v1/events', impressions([waiting])));
      expect(reported.status).toBe(server === 'redis' ? 202 : 503);
      expect(reported.ms).toBeLessThan(LONGEST_ANSWER_MS);
      await proxies[server].mend();
      await untilServed();
    },
  );

  if (server === 'redis' && way === 'hang') {
    it('promises what was held unheard, before it gives it to who asks again', async () => {
      await untilServed();
      const promises = app.app.get(DecisionPromises, { strict: false });
      const [doubt, promise] = [jest.spyOn(promises, 'doubt'), jest.spyOn(promises, 'promise')];
      const ask = (n: number) => match(app, `unheard-${n}`, { requestId: `unheard-${n}` });
      const requests = Array.from({ length: REQUESTS }, (_, n) => n);
      proxies.redis.hang();
      for (const { body } of await Promise.all(requests.map(ask))) expect(body.messages).toEqual([]);
      // Redis gets them all the same, once it goes on.
      await eventually(() => Promise.resolve(doubt.mock.calls.length === REQUESTS));
      await proxies.redis.mend();
      await untilServed();
      promise.mockClear();
      // Twice. An answer may be late on a busy machine, and then its decision goes on alone.
      for (const n of [...requests, ...requests]) {
        await eventually(async () => (await ask(n)).body.messages.length === 1);
      }
      expect(promise).toHaveBeenCalledTimes(REQUESTS);
      jest.restoreAllMocks();
    });
  }

  it('stops in time', async () => {
    await untilServed();
    await proxies[server][way]();
    const start = performance.now();
    isStopped = true;
    await app.close();
    expect(performance.now() - start).toBeLessThan(LONGEST_CLOSE_MS);
  });
});
