import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startTestApp, type TestApp } from '../servers/test-app.js';
import { createAdvertiser, createServingCampaign, untilKnown } from './fixtures.js';

const request = (userId: string, fields: object = {}) => ({ userId, placement: 'chat_list', chatCount: 42, ...fields });

describe('POST /v1/match/batch', () => {
  let app: TestApp;

  beforeAll(async () => {
    app = await startTestApp();
    const day = { length: 1, unit: 'day', kind: 'rolling' };
    const capped = { frequencyCaps: [{ limit: 2, window: day }] };
    const campaign = await createServingCampaign(app, await createAdvertiser(app), capped);
    await untilKnown(app, campaign.adGroupId);
  });

  afterAll(() => app.close());

  const batch = (requests: unknown) => app.request('POST', '/v1/match/batch', { requests });
  const shown = (results: { messages: unknown[] }[]): number[] => results.map(({ messages }) => messages.length);

  it('answers in the order of the requests what the single route would', async () => {
    const ids = Array.from({ length: 200 }, (_, i) => `batch-${i}`);
    const { status, body } = await batch(ids.map((id) => request(id, { requestId: `r-${id}` })));
    expect(status).toBe(200);
    expect(body.results.map(({ requestId }: { requestId: string }) => requestId)).toEqual(ids.map((id) => `r-${id}`));
    expect(new Set(shown(body.results))).toEqual(new Set([1]));
    const single = await app.request('POST', '/v1/match', request('batch-7', { requestId: 'r-batch-7' }));
    expect(body.results[7]).toEqual(single.body);
  });

  it('tells of a bad request where it stands, and answers the others', async () => {
    const { status, body } = await batch([
      request('m-1'),
      request('m-2', { chatCount: -1 }),
      request('m-3', { placement: 'nowhere' }),
      null,
      'm-4',
      request('m-5', { context: { timeZone: 'Asia/Gangnam' } }),
      request('m-6'),
    ]);
    expect(status).toBe(200);
    const results = body.results as { error?: { code: string; errors: { path: string }[] } }[];
    expect(results.map(({ error }) => error?.errors.map(({ path }) => path))).toEqual([
      undefined,
      ['chatCount'],
      ['placement'],
      [''],
      [''],
      ['context.timeZone'],
      undefined,
    ]);
    expect(results[1]?.error).toMatchObject({ status: 422, code: 'invalid_request' });
    expect(results[1]).not.toHaveProperty('messages');
    expect([results[0], results[6]]).toMatchObject([{ messages: [{}] }, { messages: [{}] }]);
  });

  it('lets requests of one member see each other’s holds', async () => {
    const { body } = await batch(Array.from({ length: 5 }, () => request('m-often')));
    expect(shown(body.results)).toEqual([1, 1, 0, 0, 0]);
    expect(body.results[4].noFill).toEqual({ reason: 'frequency_cap' });
  });

  it.each([
    ['requests', []],
    ['requests', Array.from({ length: 201 }, (_, i) => request(`m-${i}`))],
    ['requests', 'all'],
    ['requests', null],
    ['requests', undefined],
  ])('refuses a batch that is none at %s', async (path, requests) => {
    expect(await batch(requests)).toMatchObject({ status: 422, body: { errors: [{ path }] } });
  });

  it('refuses unknown fields beside the requests, and other roles', async () => {
    const odd = await app.request('POST', '/v1/match/batch', { requests: [request('m-1')], limit: 3 });
    expect(odd).toMatchObject({ status: 422, body: { errors: [{ path: 'limit' }] } });
    const { body } = await app.request('POST', '/v1/api-keys', { role: 'analyst', name: 'reads reports' });
    const refused = await app.request('POST', '/v1/match/batch', { requests: [request('m-1')] }, { key: body.key });
    expect(refused.status).toBe(403);
  });
});
