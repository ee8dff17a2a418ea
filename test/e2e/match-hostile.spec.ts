import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { Problem } from '../../src/platform/http/problem.filter.js';
import { startTestApp, type TestApp, type TestResponse } from '../servers/test-app.js';
import { createAdvertiser, createServingCampaign, untilKnown } from './fixtures.js';

const GOOD = { userId: 'member-1', placement: 'chat_list', chatCount: 42 };
const FIELDS = [...Object.keys(GOOD), 'maxMessages', 'requestId', 'blockedAdvertisers', 'blockedCategories', 'context'];
const CONTEXT_FIELDS = [
  'os',
  'osVersion',
  'appVersion',
  'carrier',
  'deviceType',
  'language',
  'country',
  'region',
  'timeZone',
];
const LONG = 'x'.repeat(60_000);

/** Nothing that any field of a match request takes. */
const HOSTILE_VALUES: readonly (readonly [string, unknown])[] = [
  ['null', null],
  ['a list of lists', [[[]]]],
  ['a list of null', [null]],
  ['an object with a length', { length: 1e9, 0: 'x' }],
  ['an object with then', { then: 'x' }],
  ['a negative number', -1],
  ['a number past 2^53', 9_007_199_254_740_993],
  ['a huge number', 1e308],
  ['a fraction', 0.5],
  ['true', true],
  ['an empty string', ''],
  ['control characters', 'a\u0007\u001b[31m'],
  ['a long string', LONG],
  ['a long string of invisible characters', `a${'\ufe0f'.repeat(20_000)}`],
  ['a right-to-left override', '\u202ea'],
  ['the year 0', '0000-01-01T00:00:00Z'],
  ['SQL', "'; DROP TABLE profiles --"],
  ['a long list', Array.from({ length: 5_000 }, (_, i) => `c${i}`)],
  ['a list of one long string', [LONG]],
];
/** The only text that is free: names of carriers; and what an id of a request or a member may well be. */
const FREE: readonly string[] = [
  'carrier=a right-to-left override',
  'carrier=the year 0',
  'carrier=SQL',
  'requestId=the year 0',
  'userId=the year 0',
];

const fields = (count: number) => Object.fromEntries(Array.from({ length: count }, (_, i) => [`k${i}`, 1]));
const nested = (levels: number): unknown => JSON.parse('['.repeat(levels) + ']'.repeat(levels));

interface Result {
  readonly error?: { readonly status: number; readonly errors: readonly { readonly path: string }[] };
  readonly messages?: readonly unknown[];
}

const ROUTES = ['/v1/match', '/v1/match/explain'];

describe('hostile input to the match routes', () => {
  let app: TestApp;

  beforeAll(async () => {
    app = await startTestApp();
    const campaign = await createServingCampaign(app, await createAdvertiser(app));
    await untilKnown(app, campaign.adGroupId);
  });

  afterAll(() => app.close());

  const batch = (requests: readonly unknown[]) => app.request('POST', '/v1/match/batch', { requests });

  function expectRefusal({ status, body, headers }: TestResponse): void {
    expect(headers.get('content-type')).toMatch(/^application\/problem\+json/);
    expect(status).toBeGreaterThanOrEqual(400);
    expect(status).toBeLessThan(500);
    expect(body).toMatchObject({ status, code: expect.any(String), detail: expect.any(String) });
  }

  it.each(HOSTILE_VALUES)('%s is refused in every field, at its place', async (what, value) => {
    const bodies = [
      ...FIELDS.map((field) => [field, { ...GOOD, [field]: value }] as const),
      ...CONTEXT_FIELDS.map((field) => [field, { ...GOOD, context: { [field]: value } }] as const),
    ].filter(([field]) => !FREE.includes(`${field}=${what}`));
    for (const path of ROUTES) {
      for (const [field, body] of bodies) {
        const response = await app.request('POST', path, body);
        expectRefusal(response);
        expect(response.body.errors[0].path).toContain(field);
      }
    }
    // Few at a time, so that long ones stay within the limit of a body.
    for (let from = 0; from < bodies.length; from += 2) {
      const some = bodies.slice(from, from + 2);
      // Of a member who has not asked before: one who asks without end is shown nothing more.
      const good = { ...GOOD, userId: `member-of-${what}-${from}`.replaceAll(/\W/g, '-') };
      const { status, body } = await batch([good, ...some.map(([, item]) => item), good]);
      expect(status).toBe(200);
      const results = body.results as Result[];
      expect([results[0], results.at(-1)]).toMatchObject([{ messages: [{}] }, { messages: [{}] }]);
      for (const [i, [field]] of some.entries()) {
        expect(results[i + 1]?.error).toMatchObject({ status: 422 });
        expect(results[i + 1]?.error?.errors[0]?.path).toContain(field);
      }
    }
  });

  it('a name of what every object has is refused on every route, wherever it stands, and in a batch alone', async () => {
    for (const field of ['valueOf', 'toString']) {
      const body = { ...GOOD, context: { [field]: 1 } };
      for (const path of ROUTES) expect(await app.request('POST', path, body)).toMatchObject({ status: 422 });
      const { results } = (await batch([GOOD, body])).body as { results: Result[] };
      expect(results[0]?.error).toBeUndefined();
      expect(results[1]?.error).toMatchObject({ status: 422, errors: [{ path: `context.${field}` }] });
    }
  });

  it.each([
    ['a NUL character', { ...GOOD, context: { carrier: 'a\0b' } }],
    ['a NUL character in an id', { ...GOOD, userId: 'a\0' }],
    ['a lone surrogate', { ...GOOD, context: { carrier: 'a\ud800' } }],
    ['a lone surrogate in a list', { ...GOOD, blockedCategories: ['\udfff'] }],
    ['a lone surrogate in a key', { ...GOOD, '\ud800': 1 }],
  ])('%s is refused on every route, and in a batch alone', async (_what, body) => {
    for (const path of ROUTES) expect(await app.request('POST', path, body)).toMatchObject({ status: 400 });
    const { results } = (await batch([GOOD, body])).body as { results: Result[] };
    expect(results.map(({ error }) => error?.status)).toEqual([undefined, 400]);
  });

  it.each([
    ['a prototype', '{"userId":"m","placement":"chat_list","chatCount":9,"__proto__":{"chatCount":1}}'],
    ['a prototype in the context', '{"userId":"m","placement":"chat_list","chatCount":9,"context":{"__proto__":{}}}'],
    ['a constructor', '{"userId":"m","placement":"chat_list","chatCount":9,"constructor":{"prototype":{}}}'],
    ['deep nesting', '{"context":'.repeat(5_000) + '1' + '}'.repeat(5_000)],
    ['deep lists', '['.repeat(50_000)],
    ['a body over the limit', `{"userId":"${'m'.repeat(1_100_000)}"}`],
    ['broken UTF-8', Buffer.from([0x7b, 0x22, 0xff, 0xfe, 0x22, 0x3a, 0x31, 0x7d])],
    ['no JSON', '{"userId":'],
  ])('%s is refused on every route', async (_what, body) => {
    const headers = { 'content-type': 'application/json' };
    for (const path of [...ROUTES, '/v1/match/batch'])
      expectRefusal(await app.request('POST', path, body, { headers }));
    if (typeof body !== 'string' || !body.endsWith('}')) return;
    const answer = await app.request('POST', '/v1/match/batch', `{"requests":[${body}]}`, { headers });
    // Over the limit of all bodies.
    if (answer.status === 413) return;
    const [refused] = answer.body.results as Result[];
    expect([400, 413, 422]).toContain(refused?.error?.status);
  });

  it.each([
    ['too many fields', { ...GOOD, ...fields(2_001) }, 422],
    ['too many fields in the context', { ...GOOD, context: fields(5_000) }, 422],
    ['more fields than are even counted', { ...GOOD, ...fields(50_000) }, 413],
    ['many objects of few fields', { ...GOOD, blockedCategories: Array.from({ length: 60 }, () => fields(2)) }, 422],
    ['a list of many such', { ...GOOD, blockedCategories: [{}, fields(2_001), fields(2_001)] }, 422],
    ['nesting deeper than any', { ...GOOD, context: nested(100) }, 400],
    ['nesting as deep as may be', { ...GOOD, context: nested(99) }, 422],
    ['a request larger than any', { ...GOOD, requestId: 'x'.repeat(70_000) }, 413],
    ['a number that is none', { ...GOOD, chatCount: 'NaN' }, 422],
    ['a list of many numbers', { ...GOOD, blockedCategories: Array.from({ length: 10_000 }, (_, i) => i) }, 422],
  ])('%s is refused in a batch as it would be alone, and the others are answered', async (what, body, status) => {
    const alone = await app.request('POST', '/v1/match', body);
    expect(alone.status).toBe(status);
    const good = { ...GOOD, userId: `beside-${what}`.replaceAll(' ', '-') };
    const { results } = (await batch([good, body, good])).body as { results: Result[] };
    const { code, detail, errors } = alone.body as Problem;
    expect(results[1]).toEqual({ error: { status, code, detail, errors } });
    expect([results[0], results[2]]).toMatchObject([{ messages: [{}] }, { messages: [{}] }]);
  });

  it('what is too much or too deep beside the requests of a batch refuses it as a whole', async () => {
    for (const [beside, status] of [
      [fields(50_000), 413],
      [fields(2_001), 422],
      [{ deep: nested(100) }, 400],
    ] as const) {
      const answer = await app.request('POST', '/v1/match/batch', { requests: [GOOD], ...beside });
      expectRefusal(answer);
      expect(answer.status).toBe(status);
    }
  });

  it.each(['constructor', 'toString', '__defineGetter__', 'then', 'length', 'now', 'floorMicros', '가', ''])(
    'the unknown field %j is refused wherever it stands',
    async (field) => {
      for (const body of [
        { ...GOOD, [field]: 1 },
        { ...GOOD, context: { [field]: 1 } },
      ]) {
        for (const path of ROUTES) {
          expect(await app.request('POST', path, body)).toMatchObject({
            status: 422,
            body: { code: 'invalid_request' },
          });
        }
        const { body: answer } = await batch([body]);
        expect((answer.results as Result[])[0]?.error).toMatchObject({ status: 422, code: 'invalid_request' });
      }
    },
  );

  it('batches of more requests than allowed are refused as a whole', async () => {
    for (const size of [201, 5_000]) {
      expect(await batch(Array<object>(size).fill(GOOD))).toMatchObject({
        status: 422,
        body: { code: 'invalid_request' },
      });
    }
  });

  it('the longest lists of what is blocked are taken, with ids of anybody’s', async () => {
    const body = {
      ...GOOD,
      blockedAdvertisers: Array.from(
        { length: 100 },
        (_, i) => `adv_01KANQ8Y3V5T6W7X8Y9Z0${String(i).padStart(5, '0')}`,
      ),
      blockedCategories: Array.from({ length: 100 }, (_, i) => `${'c'.repeat(61)}${String(i).padStart(3, '0')}`),
    };
    for (const path of ROUTES) expect((await app.request('POST', path, body)).status).toBe(200);
    expect((await batch(Array<object>(50).fill(body))).status).toBe(200);
  });

  it.each([
    ['of nobody', 'adg_01KANQ8Y3V5T6W7X8Y9Z0A1B2C'],
    ['of another kind', 'cmp_01KANQ8Y3V5T6W7X8Y9Z0A1B2C'],
    ['that every object has', 'constructor'],
    ['that reach for a prototype', '__proto__'],
  ])('explanations of ids %s are refused at their place', async (_what, id) => {
    const body = { ...GOOD, adGroupIds: [id] };
    const answer = await app.request('POST', '/v1/match/explain', body);
    expect(answer).toMatchObject({ status: 422, body: { errors: [{ path: 'adGroupIds[0]' }] } });
  });

  it('an explanation of 10,000 unknown ids names the first few', async () => {
    const adGroupIds = Array.from({ length: 10_000 }, (_, i) => `adg_${i}`);
    const { status, body } = await app.request('POST', '/v1/match/explain', { ...GOOD, adGroupIds });
    expect(status).toBe(422);
    expect(body.errors).toHaveLength(20);
  });
});
