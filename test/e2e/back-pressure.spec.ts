import { afterEach, describe, expect, it } from '@jest/globals';
import { eventually, startTestApp, type TestApp, type TestResponse } from '../servers/test-app.js';
import {
  at,
  createAdvertiser,
  createServingCampaign,
  impressions,
  match,
  untilKnown,
  untilSettled,
} from './fixtures.js';
import { findFaults } from './settlement-oracle.js';

describe('intake while settlement is far behind', () => {
  const apps: TestApp[] = [];
  let members = 0;

  afterEach(async () => {
    for (const app of apps.splice(0).reverse()) await app.close();
  });

  async function startServing(env: Readonly<Record<string, string>>): Promise<TestApp> {
    const app = await startTestApp({ env: { ROLE: 'api', ...env } });
    apps.push(app);
    const { adGroupId } = await createServingCampaign(app, await createAdvertiser(app));
    await untilKnown(app, adGroupId);
    return app;
  }

  /** Of a member who was shown nothing yet; on a busy machine a match may find nothing in time. */
  function nextToken(app: TestApp, options = {}): Promise<string> {
    return eventually(async () => {
      const { body } = await match(app, `member-${members++}`, { maxMessages: 1 }, options);
      return (body.messages as { token: string }[])[0]?.token ?? false;
    });
  }

  const report = (app: TestApp, token: string, options = {}) =>
    app.request('POST', '/v1/events', impressions([{ token }]), options);

  /** Shows messages until one is refused; answers the refusal, the token that was, and how many were accepted. */
  async function untilRefused(app: TestApp): Promise<{ refusal: TestResponse; token: string; accepted: number }> {
    let accepted = 0;
    return eventually(async () => {
      const token = await nextToken(app);
      const refusal = await report(app, token);
      if (refusal.status !== 202) return { refusal, token, accepted };
      expect(refusal.body.results).toEqual([{ status: 'accepted' }]);
      accepted++;
      return false;
    }, 30_000);
  }

  async function metric(app: TestApp, name: string): Promise<number> {
    const { text } = await app.request('GET', '/metrics');
    const line = text.split('\n').find((one) => one.startsWith(`${name} `));
    return line === undefined ? NaN : Number(line.slice(name.length));
  }

  it('refuses events, serves people’s links, loses nothing, and opens by itself', async () => {
    const app = await startServing({ MAX_UNSETTLED_EVENTS: '10' });
    const { refusal, token, accepted } = await untilRefused(app);
    expect(refusal).toMatchObject({ status: 503, body: { code: 'settlement_behind' } });
    expect(Number(refusal.headers.get('retry-after'))).toBeGreaterThan(0);
    expect(accepted).toBeGreaterThan(10);

    const page = await app.request('GET', `/t/c/${token}`, undefined, { key: null });
    expect(page).toMatchObject({ status: 302 });
    const pixel = await app.request('GET', `/t/i/${token}`, undefined, { key: null });
    expect([pixel.status, pixel.headers.get('content-type')]).toEqual([200, 'image/gif']);
    expect(await metric(app, 'matchum_uncounted_links_total{type="click"}')).toBe(1);
    expect(await metric(app, 'matchum_uncounted_links_total{type="impression"}')).toBe(1);
    expect(await metric(app, 'matchum_events_total{verdict="not_taken"}')).toBe(3);
    expect(await metric(app, 'matchum_events_refused')).toBe(1);
    // What was accepted just before is seen at the next look.
    await eventually(async () => (await metric(app, 'matchum_unsettled_events')) === accepted);
    await eventually(async () => (await metric(app, 'matchum_unsettled_batches')) === accepted);
    expect(await metric(app, 'matchum_parked_batches')).toBe(0);
    await eventually(async () => (await metric(app, 'matchum_settlement_jobs{state="waiting"}')) === accepted);

    apps.push(await startTestApp({ sharing: app, env: { ROLE: 'worker' } }));
    const taken = await eventually(async () => {
      const answer = await report(app, token);
      return answer.status === 202 && answer;
    });
    expect(taken.body.results).toEqual([{ status: 'accepted' }]);
    await untilSettled(app);
    expect(await findFaults(app.dataSource)).toEqual({});
    const [row] = await app.dataSource.query<{ shown: number; clicks: number }[]>(
      'SELECT sum(impressions)::integer AS shown, sum(clicks)::integer AS clicks FROM report_rows',
    );
    expect(row).toEqual({ shown: accepted + 1, clicks: 0 });
    await eventually(async () => (await metric(app, 'matchum_events_refused')) === 0);
  }, 60_000);

  it('rests between commits while settlement lags, and no more once it has caught up', async () => {
    const app = await startServing({});
    const rested = () => metric(app, 'matchum_intake_rest_seconds_total');
    await report(app, await nextToken(app));
    expect(await rested()).toBe(0);
    await eventually(async () => {
      const { status } = await report(app, await nextToken(app));
      expect(status).toBe(202);
      return (await rested()) > 0;
    });

    apps.push(await startTestApp({ sharing: app, env: { ROLE: 'worker' } }));
    await untilSettled(app);
    await eventually(async () => (await metric(app, 'matchum_settlement_lag_seconds')) === 0);
    const before = await rested();
    await report(app, await nextToken(app));
    await untilSettled(app);
    expect(await rested()).toBe(before);
  }, 60_000);

  it('begins when the oldest batch is too old', async () => {
    const app = await startServing({ MAX_SETTLEMENT_LAG_SECONDS: '1' });
    expect((await untilRefused(app)).accepted).toBeGreaterThan(0);
  }, 60_000);

  it('does not take a leap of simulated time for a lag', async () => {
    const app = await startServing({ MAX_SETTLEMENT_LAG_SECONDS: '1', CLOCK: 'simulated' });
    const hours = (count: number) => at(new Date(Date.now() + count * 3_600_000).toISOString());
    expect((await report(app, await nextToken(app, hours(1)), hours(1))).status).toBe(202);
    await eventually(async () => {
      await app.request('GET', '/v1/ops/batches', undefined, hours(5));
      return (await metric(app, 'matchum_settlement_lag_seconds')) > 3_600;
    });
    expect((await report(app, await nextToken(app, hours(5)), hours(5))).status).toBe(202);
  }, 60_000);
});
