import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DecisionTokens, type Placed } from '../../src/tracking/tracking.api.js';
import { BreakableProxy } from '../servers/breakable-proxy.js';
import { eventually, startTestApp, type TestApp } from '../servers/test-app.js';
import { at, createAdvertiser, createServingCampaign, type ServingCampaign, untilSettled } from './fixtures.js';
import { issueKey, report, rowsOf } from './report-fixtures.js';
import { findFaults } from './settlement-oracle.js';

const SECRET = { keyId: 'k1', secret: 'the-secret-of-these-tests' };
const DECIDED = Date.parse('2026-11-22T03:00:00Z');
const GOOGLEBOT = 'Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)';

describe('invalid traffic that is not taken', () => {
  let app: TestApp;
  let postgres: BreakableProxy;
  const failures: string[] = [];
  let count = 0;

  beforeAll(async () => {
    const owner = await startTestApp({ env: { CLOCK: 'simulated', ROLE: 'worker' } });
    postgres = await BreakableProxy.before(owner.databaseUrl);
    const env = {
      CLOCK: 'simulated',
      ROLE: 'api',
      LOG_LEVEL: 'warn',
      TOKEN_SECRETS: `${SECRET.keyId}:${SECRET.secret}`,
    };
    const logTo = { write: (line: string) => void failures.push(line) };
    const api = await startTestApp({ sharing: owner, databaseUrl: postgres.url, env, logTo });
    app = {
      ...api,
      dataSource: owner.dataSource,
      close: async () => {
        await postgres.mend();
        await api.close();
        await postgres.cut();
        await owner.close();
      },
    };
  });

  afterAll(() => app.close());

  function sign(campaign: ServingCampaign, fields: Partial<Placed> = {}): string {
    return new DecisionTokens([SECRET]).sign({
      messageId: `01KANQ8Y3V5T6W7X8Y9Z0A1B2C.${++count}`,
      memberId: `member-${count}`,
      ...campaign,
      leaseHolder: 1,
      placement: 'chat_list',
      position: 1,
      chargedFor: 'click',
      priceMicros: 1_000,
      decidedAt: DECIDED,
      expiresAt: DECIDED + 600_000,
      ...fields,
    });
  }

  const during = (ms: number) => at(new Date(DECIDED + ms).toISOString());

  async function follow(link: string, headers: Record<string, string> = {}) {
    return app.request('GET', link, undefined, { key: null, headers: { ...during(1_000).headers, ...headers } });
  }

  async function newCampaign(): Promise<ServingCampaign> {
    return createServingCampaign(app, await createAdvertiser(app));
  }

  const NOVEMBER = { from: '2026-11-01', to: '2026-12-01', metrics: 'invalidImpressions,invalidClicks' };

  /** What an advertiser's own key is shown, once it is as many as expected. */
  async function untilReasons({ advertiserId }: ServingCampaign, expected: readonly object[]): Promise<void> {
    const key = await issueKey(app, { role: 'advertiser', advertiserId });
    const rows = await eventually(async () => {
      const found = rowsOf(await report(app, { ...NOVEMBER, dimensions: 'invalidReason' }, { key }));
      return JSON.stringify(found) === JSON.stringify(expected) && found;
    }, 5_000).catch(async () => rowsOf(await report(app, { ...NOVEMBER, dimensions: 'invalidReason' }, { key })));
    expect(rows).toEqual(expected);
  }

  async function verdicts(): Promise<Record<string, number>> {
    const { text } = await app.request('GET', '/metrics');
    const lines = text.matchAll(/^matchum_events_total\{verdict="(\w+)"\} (\d+)$/gm);
    return Object.fromEntries([...lines].map(([, verdict = '', value]) => [verdict, Number(value)]));
  }

  it('is counted apart by reason, and never billed', async () => {
    const campaign = await newCampaign();
    const token = sign(campaign);
    const before = await verdicts();
    const send = async (events: object[], ms: number) =>
      (await app.request('POST', '/v1/events', { events }, during(ms))).body.results as object[];
    const both = (some: string) => ['impression', 'click'].map((type) => ({ type, token: some }));
    expect(await send(both(token), 1_000)).toEqual([{ status: 'accepted' }, { status: 'accepted' }]);
    expect(await send(both(token), 2_000)).toEqual([{ status: 'duplicate' }, { status: 'duplicate' }]);
    await send(both(sign(campaign)), 600_000);
    await send([{ type: 'click', token: sign(campaign), at: '2026-11-22T02:59:54.999Z' }], 1_000);
    await untilReasons(campaign, [
      { invalidReason: 'duplicate', invalidImpressions: 1, invalidClicks: 1 },
      { invalidReason: 'expired', invalidImpressions: 1, invalidClicks: 1 },
      { invalidReason: 'invalid_time', invalidImpressions: 0, invalidClicks: 1 },
    ]);
    await untilSettled(app);
    const valid = { from: NOVEMBER.from, to: NOVEMBER.to, advertiserId: campaign.advertiserId };
    expect(rowsOf(await report(app, valid))).toEqual([
      { currency: 'KRW', impressions: 1, clicks: 1, ctr: 1, spendMicros: 1_000 },
    ]);
    expect(await findFaults(app.dataSource)).toEqual({});
    const after = await verdicts();
    const grown = ['accepted', 'duplicate', 'expired', 'invalid_time'].map((v) => (after[v] ?? 0) - (before[v] ?? 0));
    expect(grown).toEqual([2, 2, 2, 1]);
  });

  it('is no event of a clock that differs a little: it counts between its decision and now', async () => {
    const campaign = await newCampaign();
    const iso = (ms: number) => new Date(DECIDED + ms).toISOString();
    const stated = [-2_000, 300, 4_000].map((ms) => ({ type: 'impression', token: sign(campaign), at: iso(ms) }));
    const { body } = await app.request('POST', '/v1/events', { events: stated }, during(1_000));
    expect(body.results).toEqual(stated.map(() => ({ status: 'accepted' })));
    const stored = await app.dataSource.query<{ occurred_at: Date }[]>(
      'SELECT occurred_at FROM events WHERE campaign_id = $1 ORDER BY occurred_at',
      [campaign.campaignId],
    );
    expect(stored.map(({ occurred_at }) => occurred_at.toISOString())).toEqual([0, 300, 1_000].map(iso));
  });

  it('of known bots gets its image and its page, and is no event', async () => {
    const campaign = await newCampaign();
    const token = sign(campaign);
    const before = await verdicts();
    const image = await follow(`/t/i/${token}`, { 'user-agent': GOOGLEBOT });
    expect([image.status, image.headers.get('content-type')]).toEqual([200, 'image/gif']);
    const page = await follow(`/t/c/${token}`, { 'user-agent': 'facebookexternalhit/1.1; kakaotalk-scrap/1.0' });
    expect([page.status, page.headers.get('location')]).toEqual([302, 'https://example.com/ev?from=chat']);
    await untilReasons(campaign, [{ invalidReason: 'bot', invalidImpressions: 1, invalidClicks: 1 }]);
    expect((await verdicts())['bot']).toBe((before['bot'] ?? 0) + 2);
    // The member who comes after the bot counts.
    const events = ['impression', 'click'].map((type) => ({ type, token }));
    const { body } = await app.request('POST', '/v1/events', { events }, during(2_000));
    expect(body.results).toEqual([{ status: 'accepted' }, { status: 'accepted' }]);
  });

  it.each([
    ['a browser', 'Mozilla/5.0 (Linux; Android 14; SM-S921N) AppleWebKit/537.36 Chrome/120.0 Mobile Safari/537.36'],
    ['a messenger’s own client', 'KAKAOTALK 10.4.5'],
    ['an HTTP library of an app', 'okhttp/4.12.0'],
  ])('is not what %s asks for', async (_what, userAgent) => {
    const token = sign(await newCampaign());
    await follow(`/t/i/${token}`, { 'user-agent': userAgent });
    await follow(`/t/c/${token}`, { 'user-agent': userAgent });
    const [row] = await app.dataSource.query<{ count: number }[]>(
      'SELECT count(*) AS count FROM events WHERE member_id = $1',
      [`member-${count}`],
    );
    expect(row?.count).toBe(2);
  });

  it('is what is asked for before anybody looks', async () => {
    const campaign = await newCampaign();
    const token = sign(campaign);
    expect((await follow(`/t/c/${token}`, { 'sec-purpose': 'prefetch;prerender' })).status).toBe(302);
    expect((await follow(`/t/i/${token}`, { purpose: 'prefetch' })).status).toBe(200);
    await untilReasons(campaign, [{ invalidReason: 'prefetch', invalidImpressions: 1, invalidClicks: 1 }]);
  });

  it('of forged tokens is shown to those who see all, without an advertiser', async () => {
    const campaign = await newCampaign();
    const forged = `${sign(campaign).slice(0, -1)}!`;
    await app.request('POST', '/v1/events', { events: [{ type: 'click', token: forged }] }, during(1_000));
    expect((await follow(`/t/i/${forged}`)).status).toBe(404);
    const query = { ...NOVEMBER, dimensions: 'advertiser,invalidReason' };
    const ofForged = async (key: string) =>
      rowsOf(await report(app, query, { key })).filter(({ invalidReason }) => invalidReason === 'invalid_token');
    const analyst = await issueKey(app, { role: 'analyst' });
    await eventually(async () => (await ofForged(analyst)).length > 0);
    const row = { advertiser: '', invalidReason: 'invalid_token', invalidImpressions: 1, invalidClicks: 1 };
    expect(await ofForged(analyst)).toEqual([row]);
    expect(await ofForged(app.adminKey)).toEqual([row]);
    const { advertiserId } = campaign;
    expect(await ofForged(await issueKey(app, { role: 'advertiser', advertiserId }))).toEqual([]);
  });

  it('waits while Postgres is away, and is counted once it is back', async () => {
    const campaign = await newCampaign();
    await postgres.cut();
    for (let i = 0; i < 3; i++) {
      const image = await app.request('GET', `/t/i/${sign(campaign)}`, undefined, { key: null, ...during(600_000) });
      expect(image.status).toBe(200);
    }
    // At least one flush fails meanwhile.
    await eventually(async () => failures.some((line) => line.includes('RejectedTraffic failed')));
    await postgres.mend();
    await untilReasons(campaign, [{ invalidReason: 'expired', invalidImpressions: 3, invalidClicks: 0 }]);
  });
});
