import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startTestApp, type TestApp, type TestResponse } from '../servers/test-app.js';
import { campaignBody, createAdvertiser, creativeBody } from './fixtures.js';

const NESTED_DEEPLY = `{"a":`.repeat(5_000) + '1' + '}'.repeat(5_000);
const HOSTILE_VALUES: readonly (readonly [string, unknown])[] = [
  ['null', null],
  ['a list', []],
  ['a list of lists', [[[]]]],
  ['a list of null', [null]],
  ['an object', {}],
  ['an object with a length', { length: 1e9, 0: 'x' }],
  ['an object with valueOf', { valueOf: 1, toString: 2 }],
  ['an object with then', { then: 'x' }],
  ['a negative number', -1],
  ['a number past 2^53', 9_007_199_254_740_993],
  ['a huge number', 1e308],
  ['true', true],
  ['an empty string', ''],
  ['a NUL character', 'a\0b'],
  ['a lone surrogate', 'a\ud800'],
  ['control characters', 'a\u0007\u001b[31m'],
  ['a long string', '가'.repeat(100_000)],
  ['a long string of invisible characters', `a${'\ufe0f'.repeat(100_000)}`],
  ['the year 0', '0000-01-01T00:00:00Z'],
  ['the year 10000', '+010000-01-01T00:00:00Z'],
];

const CAMPAIGN_FIELDS = [
  'advertiserId',
  'name',
  'startsAt',
  'endsAt',
  'budget',
  'pacing',
  'frequencyCaps',
  'categories',
  'adGroups',
];
const AD_GROUP_FIELDS = ['name', 'targeting', 'bid', 'frequencyCaps', 'dailyBudgetMicros', 'dayParts', 'creatives'];
const CREATIVE_FIELDS = ['senderName', 'title', 'body', 'imageUrl', 'callToAction', 'landingUrl', 'language'];

/** What these fields may well hold. */
const FINE: ReadonlySet<string> = new Set([
  'frequencyCaps=a list',
  'categories=a list',
  'adGroups=a list',
  'creatives=a list',
  'budget=an object',
  'targeting=an object',
]);

describe('hostile input to the advertisers’ side', () => {
  let app: TestApp;
  let advertiserId: string;
  let paths: { readonly campaign: string; readonly adGroup: string; readonly creative: string };

  beforeAll(async () => {
    app = await startTestApp();
    advertiserId = await createAdvertiser(app);
    const { body } = await app.request('POST', '/v1/campaigns', campaignBody(advertiserId));
    const [adGroup] = body.adGroups;
    paths = {
      campaign: `/v1/campaigns/${body.id}`,
      adGroup: `/v1/ad-groups/${adGroup.id}`,
      creative: `/v1/creatives/${adGroup.creatives[0].id}`,
    };
  });

  afterAll(() => app.close());

  const post = (body: unknown, contentType?: string): Promise<TestResponse> =>
    app.request(
      'POST',
      '/v1/campaigns',
      body,
      contentType === undefined ? {} : { headers: { 'content-type': contentType } },
    );

  async function campaigns(): Promise<number> {
    const [row] = await app.dataSource.query<{ count: number }[]>('SELECT count(*)::int AS count FROM campaigns');
    return row?.count ?? NaN;
  }

  function expectRefusal(response: TestResponse): void {
    const { status, body, headers } = response;
    expect(headers.get('content-type')).toMatch(/^application\/problem\+json/);
    expect(status).toBeGreaterThanOrEqual(400);
    expect(status).toBeLessThan(500);
    expect(body).toMatchObject({ status, code: expect.any(String), detail: expect.any(String) });
  }

  describe.each(HOSTILE_VALUES)('%s', (what, value) => {
    it('is refused in every field of a creation, with nothing done', async () => {
      const before = await campaigns();
      const bodies: (readonly [string, object])[] = [
        ...CAMPAIGN_FIELDS.map((field) => [field, campaignBody(advertiserId, { [field]: value })] as const),
        ...AD_GROUP_FIELDS.map((field) => [field, campaignBody(advertiserId, {}, { [field]: value })] as const),
        ...CREATIVE_FIELDS.map((field) => {
          return [field, campaignBody(advertiserId, {}, { creatives: [creativeBody({ [field]: value })] })] as const;
        }),
      ];
      for (const [field, body] of bodies) {
        // A campaign may well be named by its number of stars; what matters is that no value gets through as another one.
        if (FINE.has(`${field}=${what}`) || (isText(field) && isPlainText(value))) continue;
        const response = await post(body);
        expectRefusal(response);
        if (response.status === 422) expect(response.body.errors[0].path).toContain(field);
      }
      expect(await campaigns()).toBe(before);
    });

    it('never breaks an update', async () => {
      for (const [path, fields] of [
        [paths.campaign, CAMPAIGN_FIELDS],
        [paths.adGroup, AD_GROUP_FIELDS],
        [paths.creative, CREATIVE_FIELDS],
        [`/v1/advertisers/${advertiserId}`, ['name', 'currency', 'timeZone']],
      ] as const) {
        for (const field of fields) {
          const response = await app.request('PATCH', path, { [field]: value });
          if (response.status !== 200) expectRefusal(response);
        }
      }
    });
  });

  it.each([
    ['constructor'],
    ['prototype'],
    ['toString'],
    ['hasOwnProperty'],
    ['__defineGetter__'],
    ['then'],
    ['length'],
    ['id'],
    ['가'],
    [''],
  ])('refuses the unknown field %j wherever it stands', async (field) => {
    const stranger = { [field]: 1 };
    for (const body of [
      campaignBody(advertiserId, stranger),
      campaignBody(advertiserId, { budget: stranger }),
      campaignBody(advertiserId, { frequencyCaps: [{ limit: 1, window: 'lifetime', ...stranger }] }),
      campaignBody(advertiserId, {}, stranger),
      campaignBody(advertiserId, {}, { targeting: stranger }),
      campaignBody(advertiserId, {}, { targeting: { not: { all: [stranger] } } }),
      campaignBody(advertiserId, {}, { bid: { model: 'cpm', amountMicros: 1, ...stranger } }),
      campaignBody(advertiserId, {}, { creatives: [creativeBody(stranger)] }),
    ]) {
      expect(await post(body)).toMatchObject({ status: 422, body: { code: 'invalid_request' } });
    }
  });

  it('refuses a key that reaches for the prototype', async () => {
    expectRefusal(await post('{"__proto__":{"name":"x"}}', 'application/json'));
    expectRefusal(await post('{"adGroups":[{"targeting":{"__proto__":{"segment":"x"}}}]}', 'application/json'));
  });

  it.each([
    ['deep nesting', NESTED_DEEPLY],
    ['deep lists', '['.repeat(50_000)],
    ['too many fields', `{${Array.from({ length: 50_000 }, (_, i) => `"k${i}":1`).join(',')}}`],
    ['too many entries', `{"adGroups":[${'{},'.repeat(100_000)}{}]}`],
    ['a body over the limit', `{"name":"${'x'.repeat(1_100_000)}"}`],
  ])('refuses %s', async (_what, body) => {
    expectRefusal(await post(body, 'application/json'));
  });

  it('refuses a targeting expression that is too deep or too large, at its path', async () => {
    let deep: object = { segment: 'x' };
    for (let i = 0; i < 40; i++) deep = { not: deep };
    const nodes = { any: Array.from({ length: 100 }, () => ({ all: Array<object>(99).fill({}) })) };
    const values = { any: Array<object>(60).fill({ carrier: Array<string>(500).fill('SKT') }) };
    for (const [targeting, limit] of [
      [deep, 'at most 32 levels'],
      [nodes, 'at most 1000 nodes'],
      [values, 'at most 2000 values'],
    ] as const) {
      const { status, body } = await post(campaignBody(advertiserId, {}, { targeting }));
      expect(status).toBe(422);
      expect(body.errors[0].path).toMatch(/^adGroups\[0\]\.targeting\./);
      expect(body.errors[0].message).toContain(limit);
    }
    for (let i = 0; i < 160; i++) deep = { not: deep };
    const { status, body } = await post(campaignBody(advertiserId, {}, { targeting: deep }));
    expect({ ...body, status }).toMatchObject({ status: 400, code: 'too_deep' });
    expect(JSON.stringify(body)).toContain('100');
  });

  it('refuses a body of another type, without reading it as an object', async () => {
    expectRefusal(await post('{"name":"x"}\n', 'application/x-ndjson'));
    expectRefusal(await post('name=x', 'application/x-www-form-urlencoded'));
    expectRefusal(
      await app.request('POST', `${paths.campaign}/activate`, '{}\n', {
        headers: { 'content-type': 'application/x-ndjson' },
      }),
    );
    expectRefusal(await app.request('POST', `${paths.campaign}/activate`, { force: true }));
    expectRefusal(await app.request('POST', `${paths.campaign}/activate`, []));
  });

  it.each(['%F0%9F%98%80', '%0A', 'x'.repeat(1_000), "'%20OR%201=1--", '..%2f..', 'undefined', '-1', '%5Bobject%5D'])(
    'answers 404 to the id %s',
    async (id) => {
      for (const collection of ['advertisers', 'campaigns', 'ad-groups', 'creatives']) {
        expect(await app.request('GET', `/v1/${collection}/${id}`)).toMatchObject({
          status: 404,
          body: { code: 'not_found' },
        });
        expect((await app.request('PATCH', `/v1/${collection}/${id}`, {})).status).toBe(404);
      }
    },
  );

  it.each([
    '/v1/campaigns/%00',
    '/v1/campaigns/%00/ad-groups',
    '/v1/campaigns?cursor=%00',
    '/v1/advertisers/a%00b/balance',
  ])('refuses the path %s', async (path) => expectRefusal(await app.request('GET', path)));

  it.each([
    'cursor=',
    'cursor=a&cursor=b',
    'status=done',
    'status=active&status=draft',
    'advertiserId=',
    'order=desc',
    'constructor=1',
  ])('refuses the query %s', async (query) => {
    expect(await app.request('GET', `/v1/campaigns?${query}`)).toMatchObject({
      status: 422,
      body: { code: 'invalid_request' },
    });
  });

  it.each(['', '0', '501', '-1', 'abc', '1.5', '1e1', '0x10', '1&limit=2', '%201'])(
    'says what a limit must be in place of %j',
    async (limit) => {
      expect(await app.request('GET', `/v1/campaigns?limit=${limit}`)).toMatchObject({
        status: 422,
        body: { errors: [{ path: 'limit', message: 'must be a whole number from 1 to 500, given once' }] },
      });
    },
  );

  it.each([
    '/v1/advertisers',
    '/v1/campaigns',
    '/v1/api-keys',
    '/v1/segments',
    '/v1/audiences',
    '/v1/placements',
    '/v1/ops/batches',
    '/v1/ops/pacing',
  ])('refuses cursors that %s has not given out', async (path) => {
    for (const name of ['one', 'two']) await createAdvertiser(app, { name });
    const { nextCursor } = (await app.request('GET', '/v1/advertisers?limit=1')).body;
    const isOwn = path === '/v1/advertisers';
    expect((await app.request('GET', `${path}?cursor=${nextCursor}`)).status).toBe(isOwn ? 200 : 400);
    for (const cursor of ['zzz', advertiserId, `${nextCursor}A`, nextCursor.slice(0, -1), '%F0%9F%98%80']) {
      expect(await app.request('GET', `${path}?cursor=${cursor}`)).toMatchObject({
        status: 400,
        body: { code: 'malformed_request', errors: [{ path: 'cursor' }] },
      });
    }
  });

  it('says of every field that is missing that it is required', async () => {
    const routes = {
      '/v1/advertisers': ['name', 'currency', 'timeZone'],
      [`/v1/advertisers/${advertiserId}/credits`]: ['amountMicros', 'reference'],
      [`/v1/advertisers/${advertiserId}/refunds`]: ['amountMicros', 'reference', 'reason'],
      '/v1/campaigns': ['advertiserId', 'name', 'startsAt', 'budget', 'pacing'],
      [`${paths.campaign}/ad-groups`]: ['name', 'bid'],
      [`${paths.adGroup}/creatives`]: ['senderName', 'title', 'body', 'callToAction', 'landingUrl'],
      '/v1/api-keys': ['role', 'name'],
      '/v1/segments': ['id', 'name'],
      '/v1/audiences': ['advertiserId', 'name'],
      '/v1/signals': ['signals'],
      '/v1/match': ['userId'],
      '/v1/events': ['events'],
    };
    for (const [route, fields] of Object.entries(routes)) {
      const { status, body } = await app.request('POST', route, {});
      const errors = fields.map((path) => ({ path, message: 'is required' }));
      expect({ route, status, errors: body.errors }).toEqual({ route, status: 422, errors });
    }
    const nested = await post(campaignBody(advertiserId, {}, { bid: {}, creatives: [{}] }));
    expect(nested.body.errors).toEqual(
      expect.arrayContaining(
        ['bid.model', 'bid.amountMicros', 'creatives[0].title'].map((field) => ({
          path: `adGroups[0].${field}`,
          message: 'is required',
        })),
      ),
    );
  });

  it.each(['a\nb', 'a\tb', 'a\u2028b', 'a\u0007b'])('takes %j in the body of a creative at most', async (text) => {
    for (const field of ['senderName', 'title', 'callToAction']) {
      const body = campaignBody(advertiserId, {}, { creatives: [creativeBody({ [field]: text })] });
      const path = `adGroups[0].creatives[0].${field}`;
      expect(await post(body)).toMatchObject({ status: 422, body: { errors: [{ path }] } });
      const patched = await app.request('PATCH', paths.creative, { [field]: text });
      expect(patched).toMatchObject({ status: 422, body: { errors: [{ path: field }] } });
    }
    const { status } = await app.request('PATCH', paths.creative, { body: text });
    expect(status).toBe(text.includes('\u0007') ? 422 : 200);
    expect((await app.request('PATCH', paths.campaign, { name: text })).status).toBe(422);
  });

  it.each(['abc', '"-1"', '"99999999999999999999"', '"1","2"'])('refuses the If-Match %s', async (header) => {
    const response = await app.request('PATCH', paths.campaign, { name: 'x' }, { headers: { 'if-match': header } });
    expect(response).toMatchObject({ status: 400, body: { code: 'malformed_request' } });
  });

  it.each(['', 'x'.repeat(256), 'a b'])('refuses the Idempotency-Key %j', async (header) => {
    const before = await campaigns();
    const response = await app.request('POST', '/v1/campaigns', campaignBody(advertiserId), {
      headers: { 'idempotency-key': header },
    });
    expectRefusal(response);
    expect(await campaigns()).toBe(before);
  });
});

function isText(field: string): boolean {
  return ['name', ...CREATIVE_FIELDS].includes(field);
}

/** Text that fields take when it is not too long for them. */
function isPlainText(value: unknown): boolean {
  return typeof value === 'string' && value.length < 30 && value.length > 0 && !/[\0-\x1f\ud800]/u.test(value);
}
