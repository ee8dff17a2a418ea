import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DecisionTokens, type Placed } from '../../src/tracking/tracking.api.js';
import { startTestApp, type TestApp } from '../servers/test-app.js';
import { at, createAdvertiser, createServingCampaign, match, type ServingCampaign, untilKnown } from './fixtures.js';

const OLD = { keyId: 'k1', secret: 'the-secret-of-last-year' };
const NEW = { keyId: 'k2', secret: 'the-secret-of-this-year' };
const STRANGER = { keyId: 'k2', secret: 'not-the-secret-of-this-year' };

const DECIDED = Date.parse('2026-11-22T03:00:00Z');
const EXPIRES = DECIDED + 600_000;
const DAY_MS = 86_400_000;

describe('tokens of placed messages', () => {
  let app: TestApp;
  let campaign: ServingCampaign;
  let count = 0;

  beforeAll(async () => {
    const secrets = [NEW, OLD].map(({ keyId, secret }) => `${keyId}:${secret}`).join(',');
    app = await startTestApp({ env: { CLOCK: 'simulated', TOKEN_SECRETS: secrets } });
    campaign = await createServingCampaign(app, await createAdvertiser(app));
    await untilKnown(app, campaign.adGroupId, at('2026-11-22T03:00:00Z'));
  });

  afterAll(() => app.close());

  /** The token of another message each time. */
  function sign(fields: Partial<Placed> = {}, secret = NEW): string {
    const { advertiserId, campaignId, adGroupId, creativeId } = campaign;
    const placed: Placed = {
      messageId: `01KANQ8Y3V5T6W7X8Y9Z0A1B2C.${++count}`,
      memberId: 'member-1',
      ...{ advertiserId, campaignId, adGroupId, creativeId },
      placement: 'chat_list',
      position: 1,
      chargedFor: 'impression',
      priceMicros: 1_000,
      decidedAt: DECIDED,
      expiresAt: EXPIRES,
      leaseHolder: 1,
      ...fields,
    };
    return new DecisionTokens([secret]).sign(placed);
  }

  const during = (ms: number) => at(new Date(DECIDED + ms).toISOString());

  async function report(events: readonly object[], options = during(1_000)) {
    const { status, body } = await app.request('POST', '/v1/events', { events }, options);
    return { status, results: body.results as unknown[] | undefined };
  }

  async function countOf(token: string): Promise<number> {
    const [row] = await app.dataSource.query<{ count: number }[]>(
      'SELECT count(*) AS count FROM events WHERE message_id = $1',
      [new DecisionTokens([NEW]).verify(token)?.messageId],
    );
    return row?.count ?? NaN;
  }

  /** One character of the payload becomes another. */
  function tamper(token: string): string {
    return token.replace(/\.(.)/, (_, first: string) => `.${first === 'A' ? 'B' : 'A'}`);
  }

  const FORGED: readonly [string, () => string][] = [
    ['an empty one', () => ''],
    ['nonsense', () => 'abc'],
    ['one with a changed payload', () => tamper(sign())],
    ['a truncated one', () => sign().slice(0, -1)],
    ['one of another secret', () => sign({}, STRANGER)],
    ['one of another key id', () => sign({}, { ...NEW, keyId: 'k9' })],
    ['one that is moved to another key id', () => sign().replace('k2.', 'k1.')],
    ['another spelling of base64url', () => `${sign()}=`],
    ['one of a thousand characters', () => `k2.${'A'.repeat(998)}.${'A'.repeat(22)}`],
  ];

  it.each(FORGED)('are refused, each by its own verdict: %s', async (_what, forge) => {
    const good = sign();
    expect(
      await report([
        { type: 'impression', token: forge() },
        { type: 'impression', token: good },
      ]),
    ).toEqual({ status: 202, results: [{ status: 'rejected', code: 'invalid_token' }, { status: 'accepted' }] });
  });

  it('count once: what is reported again, in one request, in another, or by a link, is a duplicate', async () => {
    const token = sign();
    const event = { type: 'impression', token };
    expect((await report([event, event])).results).toEqual([{ status: 'accepted' }, { status: 'duplicate' }]);
    const atOnce = await Promise.all(Array.from({ length: 5 }, () => report([event])));
    expect(atOnce.flatMap(({ results }) => results)).toEqual(Array(5).fill({ status: 'duplicate' }));
    expect((await app.request('GET', `/t/i/${token}`, undefined, during(2_000))).status).toBe(200);
    expect(await countOf(token)).toBe(1);
    expect((await report([{ type: 'click', token }])).results).toEqual([{ status: 'accepted' }]);
  });

  it('count conversions once an id, other types once whatever their id', async () => {
    const token = sign();
    const conversions = ['order-1', 'order-2', 'order-1'].map((id) => ({ type: 'conversion', token, id }));
    const impressions = ['a', 'b'].map((id) => ({ type: 'impression', token, id }));
    const { results } = await report([...conversions, ...impressions]);
    expect((results as { status: string }[]).map(({ status }) => status)).toEqual([
      'accepted',
      'accepted',
      'duplicate',
      'accepted',
      'duplicate',
    ]);
  });

  it('are good until their hold is over, for conversions for thirty days', async () => {
    const justBefore = during(600_000 - 1);
    const then = during(600_000);
    for (const type of ['impression', 'click', 'hide']) {
      expect((await report([{ type, token: sign() }], justBefore)).results).toEqual([{ status: 'accepted' }]);
      expect((await report([{ type, token: sign() }], then)).results).toEqual([
        { status: 'rejected', code: 'expired' },
      ]);
    }
    const conversion = () => [{ type: 'conversion', token: sign() }];
    expect((await report(conversion(), during(30 * DAY_MS - 1))).results).toEqual([{ status: 'accepted' }]);
    expect((await report(conversion(), during(30 * DAY_MS))).results).toEqual([
      { status: 'rejected', code: 'expired' },
    ]);
  });

  it.each([
    ['now where it is absent', undefined, 'accepted'],
    ['when it happened', new Date(DECIDED + 500).toISOString(), 'accepted'],
    ['a little before the decision, by a clock that is slow', new Date(DECIDED - 5_000).toISOString(), 'accepted'],
    ['a little ahead', new Date(DECIDED + 6_000).toISOString(), 'accepted'],
    ['long before the decision', new Date(DECIDED - 5_001).toISOString(), 'rejected'],
    ['in the future', new Date(DECIDED + 6_001).toISOString(), 'rejected'],
    ['no time', 'yesterday', 'rejected'],
    ['a time without a zone', '2026-11-22T12:00:00', 'rejected'],
    ['a day that is not there', '2026-11-31T03:00:00Z', 'rejected'],
  ])('are taken with a possible time: %s', async (_what, time, status) => {
    const event = { type: 'impression', token: sign(), ...(time === undefined ? {} : { at: time }) };
    const { results } = await report([event]);
    expect(results).toEqual([status === 'accepted' ? { status } : { status, code: 'invalid_time' }]);
  });

  it('go on counting when the secret is changed, as long as the old one verifies', async () => {
    const before = sign({}, OLD);
    expect(before).toMatch(/^k1\./);
    expect((await report([{ type: 'impression', token: before }])).results).toEqual([{ status: 'accepted' }]);
    const placed = (await match(app, 'member-of-the-new-key', {}, during(0))).body.messages;
    expect(placed[0]?.token).toMatch(/^k2\./);
  });

  describe('in links', () => {
    it.each(FORGED.filter(([what]) => what !== 'an empty one'))('answer 404 to %s', async (_what, forge) => {
      for (const link of ['/t/i/', '/t/c/']) {
        const answer = await app.request('GET', link + encodeURIComponent(forge()), undefined, { key: null });
        expect(answer).toMatchObject({ status: 404, body: { code: 'invalid_token' } });
        expect(answer.headers.get('location')).toBeNull();
      }
    });

    it.each([
      ['nothing', ''],
      ['a NUL', '%00'],
      ['a broken escape', '%'],
      ['a broken character', '%ff'],
      ['3,000 letters', 'a'.repeat(3_000)],
      ['a way out', '../../v1/campaigns'],
    ])('answer 4xx to what is no token at all: %s', async (_what, path) => {
      for (const link of ['/t/i/', '/t/c/']) {
        const { status, headers } = await app.request('GET', link + path, undefined, { key: null });
        expect(status).toBeGreaterThanOrEqual(400);
        expect(status).toBeLessThan(500);
        expect(headers.get('content-type')).toContain('application/problem+json');
      }
    });

    it('give an image that no cache keeps, without a key, and count the impression', async () => {
      const token = sign();
      const image = await app.request('GET', `/t/i/${token}`, undefined, { key: null, ...during(1_000) });
      expect(image.status).toBe(200);
      expect(image.headers.get('content-type')).toBe('image/gif');
      expect(image.headers.get('cache-control')).toBe('no-store');
      expect(image.text).toMatch(/^GIF89a/);
      expect(await countOf(token)).toBe(1);
    });

    it('lead to the creative’s page and count the click', async () => {
      const token = sign();
      const click = await app.request('GET', `/t/c/${token}`, undefined, { key: null, ...during(1_000) });
      expect([click.status, click.headers.get('location')]).toEqual([302, 'https://example.com/ev?from=chat']);
      expect(await countOf(token)).toBe(1);
    });

    it('lead on when the hold is over, without counting', async () => {
      const token = sign();
      const late = { key: null, ...during(600_000) };
      expect((await app.request('GET', `/t/c/${token}`, undefined, late)).status).toBe(302);
      expect((await app.request('GET', `/t/i/${token}`, undefined, late)).status).toBe(200);
      expect(await countOf(token)).toBe(0);
    });

    it('answer 404 for a creative that is not there', async () => {
      const token = sign({ creativeId: 'cre_00000000000000000000000000' });
      const answer = await app.request('GET', `/t/c/${token}`, undefined, { key: null, ...during(1_000) });
      expect(answer).toMatchObject({ status: 404, body: { code: 'invalid_token' } });
    });
  });

  describe('in bodies', () => {
    const event = { type: 'impression', token: 'k2.a.b' };

    it.each([
      ['an unknown type', { events: [event, { ...event, type: 'view' }] }, 'events[1].type'],
      ['a type of another spelling', { events: [{ ...event, type: 'Impression' }] }, 'events[0].type'],
      ['no type', { events: [{ token: 'x' }] }, 'events[0].type'],
      ['no token', { events: [{ type: 'click' }] }, 'events[0].token'],
      ['a number for a token', { events: [{ ...event, token: 7 }] }, 'events[0].token'],
      ['a huge token', { events: [{ ...event, token: 'a'.repeat(100_000) }] }, 'events[0].token'],
      ['an unknown field', { events: [{ ...event, price: 0 }] }, 'events[0].price'],
      ['an unknown field beside the events', { events: [event], force: true }, 'force'],
      ['a number for a time', { events: [{ ...event, at: 1 }] }, 'events[0].at'],
      ['an id that no header could carry', { events: [{ ...event, id: '주문 1' }] }, 'events[0].id'],
      ['an empty id', { events: [{ ...event, id: '' }] }, 'events[0].id'],
      ['a long id', { events: [{ ...event, id: 'a'.repeat(101) }] }, 'events[0].id'],
      ['null for an event', { events: [null] }, 'events[0]'],
      ['a list in the list', { events: [[event]] }, 'events[0]'],
      ['1,001 events', { events: Array(1_001).fill(event) }, 'events'],
      ['an object for the list', { events: { 0: event } }, 'events'],
      ['no events', {}, 'events'],
      ['a list for the body', [event], ''],
    ])('are refused as a whole, with the path: %s', async (_what, body, path) => {
      const answer = await app.request('POST', '/v1/events', body);
      expect(answer).toMatchObject({ status: 422, body: { code: 'invalid_request', errors: [{ path }] } });
      expect(answer.headers.get('content-type')).toContain('application/problem+json');
    });

    it.each([
      ['token', { ...event, token: 'a\u0000' }],
      ['token', { ...event, token: 'a\ud800' }],
      ['at', { ...event, at: '2026-11-22T03:00:00Z\u0000' }],
      ['id', { ...event, id: 'a\u0000' }],
    ])('are refused as malformed where a %s holds what can not be stored: %j', async (field, hostile) => {
      const answer = await app.request('POST', '/v1/events', { events: [event, hostile] });
      const errors = [{ path: `events[1].${field}` }];
      expect(answer).toMatchObject({ status: 400, body: { code: 'malformed_request', errors } });
    });

    it.each([
      ['no JSON', 'events', 400],
      ['JSON that ends early', '{"events":[', 400],
      ['nothing', '', 400],
      ['an own __proto__', '{"events":[],"__proto__":{"a":1}}', 400],
    ])('are refused when they can not be read: %s', async (_what, body, status) => {
      const answer = await app.request('POST', '/v1/events', body, { headers: { 'content-type': 'application/json' } });
      expect(answer.status).toBe(status);
      expect(answer.headers.get('content-type')).toContain('application/problem+json');
    });

    it('are taken with 1,000 events, and with none', async () => {
      const events = Array.from({ length: 1_000 }, () => ({ type: 'impression', token: sign() }));
      const { status, results } = await report(events);
      expect(status).toBe(202);
      expect(results).toEqual(Array(1_000).fill({ status: 'accepted' }));
      expect(await report([])).toEqual({ status: 202, results: [] });
    });

    it.each([
      [null, 401],
      ['mk_chat_forged', 401],
    ])('need a key (%s)', async (key, status) => {
      expect((await app.request('POST', '/v1/events', { events: [] }, { key })).status).toBe(status);
    });
  });
});
