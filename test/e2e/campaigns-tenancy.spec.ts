import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startTestApp, type TestApp, type TestResponse } from '../servers/test-app.js';
import { campaignBody, createAdvertiser, creativeBody } from './fixtures.js';

type Ids = Readonly<Record<'advertiser' | 'campaign' | 'adGroup' | 'creative', string>>;
type Route = readonly [method: string, path: (ids: Ids) => string, body?: (ids: Ids) => object];

const ADMIN_ROUTES: readonly Route[] = [
  ['GET', () => '/v1/advertisers'],
  ['POST', () => '/v1/advertisers', () => ({ name: 'a', currency: 'KRW', timeZone: 'Asia/Seoul' })],
  ['POST', (ids) => `/v1/advertisers/${ids.advertiser}/credits`, () => ({ amountMicros: 1, reference: 'mine' })],
  [
    'POST',
    (ids) => `/v1/advertisers/${ids.advertiser}/refunds`,
    () => ({ amountMicros: 1, reference: 'mine', reason: 'so' }),
  ],
  ['POST', (ids) => `/v1/creatives/${ids.creative}/approve`, () => ({})],
  ['POST', (ids) => `/v1/creatives/${ids.creative}/reject`, () => ({ reason: 'no' })],
];

const TENANT_ROUTES: readonly Route[] = [
  ['GET', (ids) => `/v1/advertisers/${ids.advertiser}`],
  ['PATCH', (ids) => `/v1/advertisers/${ids.advertiser}`, () => ({ name: 'taken over' })],
  ['GET', (ids) => `/v1/advertisers/${ids.advertiser}/balance`],
  ['GET', (ids) => `/v1/advertisers/${ids.advertiser}/ledger`],
  ['POST', () => '/v1/campaigns', (ids) => campaignBody(ids.advertiser)],
  ['GET', (ids) => `/v1/campaigns?advertiserId=${ids.advertiser}`],
  ['GET', (ids) => `/v1/campaigns/${ids.campaign}`],
  ['PATCH', (ids) => `/v1/campaigns/${ids.campaign}`, () => ({ name: 'taken over' })],
  ['POST', (ids) => `/v1/campaigns/${ids.campaign}/activate`],
  ['POST', (ids) => `/v1/campaigns/${ids.campaign}/pause`],
  ['POST', (ids) => `/v1/campaigns/${ids.campaign}/archive`],
  ['GET', (ids) => `/v1/campaigns/${ids.campaign}/ad-groups`],
  [
    'POST',
    (ids) => `/v1/campaigns/${ids.campaign}/ad-groups`,
    () => ({ name: 'g', bid: { model: 'cpm', amountMicros: 1_000 } }),
  ],
  ['GET', (ids) => `/v1/ad-groups/${ids.adGroup}`],
  ['PATCH', (ids) => `/v1/ad-groups/${ids.adGroup}`, () => ({ name: 'taken over' })],
  ['GET', (ids) => `/v1/ad-groups/${ids.adGroup}/creatives`],
  ['POST', (ids) => `/v1/ad-groups/${ids.adGroup}/creatives`, () => creativeBody()],
  ['GET', (ids) => `/v1/creatives/${ids.creative}`],
  ['PATCH', (ids) => `/v1/creatives/${ids.creative}`, () => ({ title: 'taken over' })],
];

describe('tenants', () => {
  let app: TestApp;
  let key: string;
  let own: Ids;
  let others: Ids;

  /** Of the right form, but of nothing that is there. */
  const unknown: Ids = {
    advertiser: 'adv_01KAN2Z5T8Q0V4W6X8Y0Z2B4D6',
    campaign: 'cmp_01KAN2ZAB3C5D7E9F1G3H5J7K9',
    adGroup: 'adg_01KAN2ZBM4N6P8Q0R2S4T6V8W0',
    creative: 'crv_01KAN2ZCX5Y7Z9A1B3C5D7E9F1',
  };

  beforeAll(async () => {
    app = await startTestApp();
    own = await createTenant();
    others = await createTenant();
    key = await issueKey('advertiser', own.advertiser);
  });

  afterAll(() => app.close());

  async function createTenant(): Promise<Ids> {
    const advertiser = await createAdvertiser(app);
    const { body } = await app.request('POST', '/v1/campaigns', campaignBody(advertiser));
    const [adGroup] = body.adGroups;
    return { advertiser, campaign: body.id, adGroup: adGroup.id, creative: adGroup.creatives[0].id };
  }

  async function issueKey(role: string, advertiserId?: string): Promise<string> {
    return (await app.request('POST', '/v1/api-keys', { role, name: role, advertiserId })).body.key as string;
  }

  const call = ([method, path, body]: Route, ids: Ids, asKey: string): Promise<TestResponse> =>
    app.request(method, path(ids), body?.(ids), { key: asKey });

  /** Everything that the database holds of what routes could change. */
  async function snapshot(): Promise<string> {
    const tables = ['advertisers', 'campaigns', 'ad_groups', 'creatives', 'ledger_transfers', 'prepaid_accounts'];
    const rows = tables.map(
      (table) => `(SELECT coalesce(string_agg(t::text, ';' ORDER BY t::text), '') FROM ${table} t)`,
    );
    const [row] = await app.dataSource.query<{ all: string }[]>(`SELECT ${rows.join(` || `)} AS all`);
    return row?.all ?? '';
  }

  const named = (routes: readonly Route[]): readonly (readonly [string, Route])[] =>
    routes.map((route) => [`${route[0]} ${route[1](unknown)}`, route]);

  it.each(named(TENANT_ROUTES))(
    "%s answers another tenant's id exactly as an unknown one, and does nothing",
    async (_name, route) => {
      const before = await snapshot();
      const answers = [await call(route, others, key), await call(route, unknown, key)];
      const [foreign, missing] = answers.map(({ status, text }, i) => {
        const ids = Object.values(i === 0 ? others : unknown);
        return { status, text: ids.reduce((answer, id) => answer.replaceAll(id, '<id>'), text) };
      });
      expect(foreign).toMatchObject({ status: 404 });
      expect(foreign).toEqual(missing);
      expect(await snapshot()).toBe(before);
    },
  );

  it.each(named(TENANT_ROUTES))('%s answers for its own tenant', async (_name, route) => {
    expect((await call(route, own, key)).status).not.toBe(404);
  });

  it.each(named(ADMIN_ROUTES))('%s is for admin keys only', async (_name, route) => {
    const before = await snapshot();
    for (const ids of [own, others, unknown]) {
      expect(await call(route, ids, key)).toMatchObject({ status: 403, body: { code: 'role_not_allowed' } });
    }
    expect(await snapshot()).toBe(before);
  });

  it.each(['chat', 'analyst'])('a key with the role %s reaches none of it', async (role) => {
    const asKey = await issueKey(role);
    for (const route of [...ADMIN_ROUTES, ...TENANT_ROUTES]) expect((await call(route, own, asKey)).status).toBe(403);
  });

  it('lists to a tenant its own campaigns only', async () => {
    const { body } = await app.request('GET', '/v1/campaigns?limit=500', undefined, { key });
    const owners = (body.data as { advertiserId: string }[]).map(({ advertiserId }) => advertiserId);
    expect(new Set(owners)).toEqual(new Set([own.advertiser]));
    const all = await app.request('GET', '/v1/campaigns?limit=500');
    expect(all.body.data.length).toBeGreaterThan(owners.length);
  });

  it("does not take another tenant's audience into targeting", async () => {
    const audience = 'aud_01KAN2Z5T8Q0V4W6X8Y0Z2B4D6';
    await app.dataSource.query(
      `INSERT INTO audiences (id, advertiser_id, name, created_at, updated_at) VALUES ($1, $2, 'x', now(), now())`,
      [audience, others.advertiser],
    );
    const body = (owner: string): object => campaignBody(owner, {}, { targeting: { any: [{ audience }] } });
    expect(await app.request('POST', '/v1/campaigns', body(own.advertiser), { key })).toMatchObject({
      status: 422,
      body: {
        errors: [{ path: 'adGroups[0].targeting.any[0].audience', message: `is not a known audience: '${audience}'` }],
      },
    });
    expect((await app.request('POST', '/v1/campaigns', body(others.advertiser))).status).toBe(201);
  });
});
