import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import type { ProfileDto } from '../../src/profiles/profile.dto.js';
import type { SignalVerdict } from '../../src/profiles/signals.service.js';
import { startTestApp, type TestApp, type TestResponse } from '../servers/test-app.js';

const CONSENT = { personalized: true, nightTime: false };

describe('signals', () => {
  let app: TestApp;
  let chatKey: string;

  beforeAll(async () => {
    app = await startTestApp();
    const key = await app.request('POST', '/v1/api-keys', { role: 'chat', name: 'test' });
    chatKey = (key.body as { key: string }).key;
    for (const id of ['auto.ev', 'sports.golf']) {
      expect((await app.request('POST', '/v1/segments', { id, name: { ko: '이름' } })).status).toBe(201);
    }
  });

  afterAll(() => app.close());

  function chat(method: string, path: string, body?: unknown): Promise<TestResponse> {
    return app.request(method, path, body, { key: chatKey });
  }

  function put(userId: string, fields: object = {}): Promise<TestResponse> {
    return chat('PUT', `/v1/profiles/${userId}`, { consent: CONSENT, ...fields });
  }

  function verdictsOf({ body }: TestResponse): readonly SignalVerdict[] {
    return (body as { results: readonly SignalVerdict[] }).results;
  }

  function signal(fields: object): object {
    return { userId: 's-1', segment: 'auto.ev', strength: 1, ...fields };
  }

  async function weights(userId: string): Promise<ProfileDto['interests']> {
    return ((await chat('GET', `/v1/profiles/${userId}`)).body as ProfileDto).interests;
  }

  it('raise weights towards 1, and give each one its verdict in order', async () => {
    await put('s-1', { interests: { 'auto.ev': 0.5 } });
    await put('s-2', { consent: { personalized: false, nightTime: true } });
    const hour = 3_600_000;
    const signals = [
      signal({}),
      signal({ userId: 's-2' }),
      signal({ segment: 'auto.flying' }),
      signal({ userId: 's-nobody' }),
      signal({ segment: 'sports.golf', strength: 0.5, at: new Date(Date.now() - hour).toISOString() }),
      signal({ at: '2020-01-01T00:00:00Z' }),
      signal({ at: new Date(Date.now() + hour).toISOString() }),
      signal({ at: 'yesterday' }),
    ];
    const answer = await chat('POST', '/v1/signals', { signals });
    expect(answer.status).toBe(200);
    expect(verdictsOf(answer)).toEqual([
      { status: 'accepted' },
      { status: 'rejected', code: 'no_consent' },
      { status: 'rejected', code: 'unknown_segment' },
      { status: 'rejected', code: 'unknown_member' },
      { status: 'accepted' },
      { status: 'rejected', code: 'invalid_time' },
      { status: 'rejected', code: 'invalid_time' },
      { status: 'rejected', code: 'invalid_time' },
    ]);
    expect(await weights('s-1')).toEqual({ 'auto.ev': 0.55, 'sports.golf': 0.05 });
    expect((await chat('GET', '/v1/profiles/s-1')).body).toMatchObject({ version: 2 });
    expect(await weights('s-2')).toEqual({});
    expect((await chat('GET', '/v1/profiles/s-nobody')).status).toBe(404);
  });

  it('add up, together in one request as one after the other and at the same time', async () => {
    for (const userId of ['s-3', 's-4', 's-5']) await put(userId);
    const strengths = [1, 0.5, 0.25, 1, 0.001];
    const given = (userId: string): object[] => strengths.map((strength) => signal({ userId, strength }));
    await chat('POST', '/v1/signals', { signals: given('s-3') });
    for (const one of given('s-4')) await chat('POST', '/v1/signals', { signals: [one] });
    await Promise.all(given('s-5').map((one) => chat('POST', '/v1/signals', { signals: [one] })));
    const expected = strengths.reduce((weight, strength) => weight + (1 - weight) * strength * 0.1, 0);
    for (const userId of ['s-3', 's-4', 's-5']) {
      expect((await weights(userId))['auto.ev']).toBeCloseTo(expected, 4);
    }
  });

  it('never raise a weight past 1', async () => {
    await put('s-6', { interests: { 'auto.ev': 0.9999999 } });
    await chat('POST', '/v1/signals', { signals: Array.from({ length: 500 }, () => signal({ userId: 's-6' })) });
    expect(await weights('s-6')).toEqual({ 'auto.ev': 1 });
  });

  it('give no member more interests than a profile may have', async () => {
    const ids = Array.from({ length: 500 }, (_, i) => `full.s${i}`);
    const lines = ids.map((id) => JSON.stringify({ id, name: { en: id } })).join('\n');
    await app.request('POST', '/v1/segments/bulk', lines, { headers: { 'content-type': 'application/x-ndjson' } });
    await put('s-7', { interests: Object.fromEntries(ids.map((id) => [id, 0.5])) });
    const rejected = await chat('POST', '/v1/signals', { signals: [signal({ userId: 's-7' })] });
    expect(verdictsOf(rejected)).toEqual([{ status: 'rejected', code: 'too_many_interests' }]);
    const accepted = await chat('POST', '/v1/signals', { signals: [signal({ userId: 's-7', segment: 'full.s3' })] });
    expect(verdictsOf(accepted)).toEqual([{ status: 'accepted' }]);
    expect(Object.keys(await weights('s-7'))).toHaveLength(500);
  });

  it.each([
    [{ strength: 0 }, 'signals[1].strength'],
    [{ strength: 1.1 }, 'signals[1].strength'],
    [{ strength: '1' }, 'signals[1].strength'],
    [{ userId: 'a b' }, 'signals[1].userId'],
    [{ segment: 'AUTO' }, 'signals[1].segment'],
    [{ weight: 1 }, 'signals[1].weight'],
  ])('are refused as a whole when one has %j', async (fields, path) => {
    await put('s-8');
    const answer = await chat('POST', '/v1/signals', { signals: [signal({ userId: 's-8' }), signal(fields)] });
    expect(answer).toMatchObject({ status: 422, body: { errors: [{ path }] } });
    expect(await weights('s-8')).toEqual({});
  });

  it('are refused beyond 500 in one request', async () => {
    const answer = await chat('POST', '/v1/signals', { signals: Array.from({ length: 501 }, () => signal({})) });
    expect(answer).toMatchObject({ status: 422, body: { errors: [{ path: 'signals' }] } });
  });
});
