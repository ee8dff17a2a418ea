import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DecisionTokens } from '../../src/tracking/tracking.api.js';
import { eventually, startTestApp, type TestApp } from '../servers/test-app.js';
import {
  at,
  createAdvertiser,
  creativeBody,
  createServingCampaign,
  impressions,
  match,
  untilKnown,
  untilSettled,
  WON,
} from './fixtures.js';

describe('the main job over HTTP', () => {
  let app: TestApp;

  beforeAll(async () => {
    app = await startTestApp({ env: { CLOCK: 'simulated' } });
  });

  afterAll(() => app.close());

  it('matches until capped, settles what was shown, reports it, and renews the cap on the next day in Seoul', async () => {
    const evening = at('2026-11-20T14:30:00Z');
    const advertiserId = await createAdvertiser(app);
    await app.request('POST', '/v1/segments', { id: 'auto.ev', name: { ko: '전기차', en: 'Electric cars' } });
    const cap = { limit: 2, window: { length: 1, unit: 'day', kind: 'calendar' } };
    const campaign = await createServingCampaign(
      app,
      advertiserId,
      { frequencyCaps: [cap] },
      { targeting: { segment: 'auto.ev', minWeight: 0.3 } },
    );
    const profile = {
      interests: { 'auto.ev': 0.8 },
      attributes: {},
      timeZone: 'Asia/Seoul',
      consent: { personalized: true, nightTime: true },
    };
    expect((await app.request('PUT', '/v1/profiles/member-1', profile, evening)).status).toBeLessThan(300);
    await untilKnown(app, campaign.adGroupId, evening, { userId: 'member-1' });

    const shown: { token: string; clickUrl: string }[] = [];
    for (let i = 0; i < 5; i++) {
      const decision = await match(app, 'member-1', {}, evening);
      expect(decision.status).toBe(200);
      shown.push(...decision.body.messages);
    }
    expect(shown).toHaveLength(2);
    expect(await match(app, 'member-1', {}, evening)).toMatchObject({
      body: { messages: [], noFill: { reason: 'frequency_cap' } },
    });

    const reported = await app.request('POST', '/v1/events', impressions(shown), evening);
    expect(reported).toMatchObject({
      status: 202,
      body: { results: [{ status: 'accepted' }, { status: 'accepted' }] },
    });
    const again = await app.request('POST', '/v1/events', impressions(shown), evening);
    expect(again.body.results).toEqual([{ status: 'duplicate' }, { status: 'duplicate' }]);
    const click = await fetch(shown[0]?.clickUrl ?? '', { redirect: 'manual', headers: evening.headers ?? {} });
    expect([click.status, click.headers.get('location')]).toEqual([302, 'https://example.com/ev?from=chat']);
    await untilSettled(app);

    const prices = shown.map(({ token }) => priceIn(token));
    const report = await app.request(
      'GET',
      '/v1/reports?from=2026-11-19T15:00:00Z&to=2026-11-20T15:00:00Z&timeZone=Asia/Seoul&granularity=day&dimensions=campaign',
      undefined,
      evening,
    );
    expect(report.body.rows).toEqual([
      {
        time: '2026-11-20T00:00:00+09:00',
        campaign: campaign.campaignId,
        currency: 'KRW',
        impressions: 2,
        clicks: 1,
        ctr: 0.5,
        spendMicros: prices.reduce((sum, price) => sum + price, 0),
      },
    ]);
    const balance = await app.request('GET', `/v1/advertisers/${advertiserId}/balance`);
    expect(balance.body).toMatchObject({
      balanceMicros: 1_000_000 * WON - report.body.rows[0].spendMicros,
      spentMicros: report.body.rows[0].spendMicros,
    });

    const beforeMidnight = await match(app, 'member-1', {}, at('2026-11-20T14:59:59.999Z'));
    expect(beforeMidnight.body.messages).toEqual([]);
    const afterMidnight = await match(app, 'member-1', {}, at('2026-11-20T15:00:00Z'));
    expect(afterMidnight.body.messages).toHaveLength(1);
  });

  it('answers a repeated request with the same messages, and holds nothing more', async () => {
    const noon = at('2026-11-22T03:00:00Z');
    const first = await match(app, 'member-2', { requestId: 'r-1' }, noon);
    const repeat = await match(app, 'member-2', { requestId: 'r-1' }, noon);
    expect(repeat.body).toEqual(first.body);
  });

  it('sends a click on to a Korean address, and counts nothing for a HEAD', async () => {
    const noon = at('2026-11-22T04:00:00Z');
    const context = { carrier: 'KT' };
    const landingUrl = 'https://한글.example/전기차?from=채팅';
    const creatives = [creativeBody({ landingUrl })];
    const targeting = { carrier: ['KT'] };
    const { adGroupId } = await createServingCampaign(app, await createAdvertiser(app), {}, { targeting, creatives });
    await untilKnown(app, adGroupId, noon, { context });
    const { body } = await match(app, 'member-4', { context, maxMessages: 1 }, noon);
    const [{ clickUrl, impressionUrl }] = body.messages;
    const before = await app.dataSource.query<unknown[]>('SELECT count(*) AS events FROM events');
    for (const url of [clickUrl, impressionUrl]) {
      expect((await fetch(url, { method: 'HEAD', redirect: 'manual', headers: noon.headers ?? {} })).status).toBe(405);
    }
    expect(await app.dataSource.query<unknown[]>('SELECT count(*) AS events FROM events')).toEqual(before);
    const click = await fetch(clickUrl, { redirect: 'manual', headers: noon.headers ?? {} });
    expect([click.status, click.headers.get('location')]).toEqual([302, new URL(landingUrl).href]);
  });

  it('frees the place of a message that was never shown once its hold is over', async () => {
    const advertiserId = await createAdvertiser(app, { name: 'Once a week' });
    const cap = { limit: 1, window: { length: 1, unit: 'week', kind: 'rolling' } };
    const { adGroupId } = await createServingCampaign(
      app,
      advertiserId,
      { frequencyCaps: [cap] },
      { targeting: { carrier: ['SKT'] } },
    );
    const start = at('2026-11-23T03:00:00Z');
    const context = { carrier: 'SKT' };
    await untilKnown(app, adGroupId, start, { context });
    const shown = (await match(app, 'member-3', { context }, start)).body.messages;
    expect(shown).toHaveLength(1);
    expect((await match(app, 'member-3', { context }, at('2026-11-23T03:09:59Z'))).body.messages).toEqual([]);
    const late = at('2026-11-23T03:10:00Z');
    expect((await app.request('POST', '/v1/events', impressions(shown), late)).body.results).toEqual([
      { status: 'rejected', code: 'expired' },
    ]);
    await eventually(
      async () => (await match(app, 'member-3', { context }, at('2026-11-23T03:11:00Z'))).body.messages.length === 1,
    );
  });
});

function priceIn(token: string): number {
  return new DecisionTokens([{ keyId: 't1', secret: 'a-secret-of-the-tests' }]).verify(token)?.priceMicros ?? NaN;
}
