import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { startTestApp, type TestApp } from '../servers/test-app.js';
import { at, match } from './fixtures.js';
import { Market, type Message, NOON } from './market.js';

describe('placements', () => {
  let app: TestApp;
  let market: Market;

  beforeAll(async () => {
    app = await startTestApp({ env: { CLOCK: 'simulated' } });
    market = new Market(app);
  });

  afterAll(() => app.close());

  const carrier = 'placements';
  const context = { carrier };
  let advertisers: string[];

  beforeAll(async () => {
    const campaigns = [];
    for (let i = 0; i < 4; i++) campaigns.push(await market.serve(carrier));
    advertisers = campaigns.map(({ advertiserId }) => advertiserId);
    await market.known(
      carrier,
      campaigns.map(({ adGroupId }) => adGroupId),
    );
  });

  it('stand in the list as shown, and never past its end', async () => {
    for (const [chatCount, positions] of [
      [0, []],
      [1, [1]],
      [6, [1]],
      [7, [1, 8]],
      [12, [1, 8]],
      [13, [1, 8, 15]],
      [100_000, [1, 8, 15]],
    ] as const) {
      const messages = await market.placed('nobody-knows', { context, chatCount });
      expect(messages.map(({ position }) => position)).toEqual(positions);
      expect(new Set(messages.map(({ advertiserId }) => advertiserId)).size).toBe(messages.length);
    }
    const two = await market.placed('nobody-knows', { context, maxMessages: 2 });
    expect(two.map(({ position }) => position)).toEqual([1, 8]);
    expect(await market.placed('nobody-knows', { context, maxMessages: 20 })).toHaveLength(3);
  });

  it('tell by explain, too, that there is no room', async () => {
    const { counts } = await market.explain('nobody-knows', { context, chatCount: 0 });
    expect(counts).toMatchObject({ placed: 0, outranked: 0, excluded: { placement: 4 } });
    expect((await match(app, 'nobody-knows', { context, maxMessages: 0 }, at(NOON))).body).toMatchObject({
      messages: [],
      noFill: { reason: 'placement' },
    });
  });

  it('are laid out by any rules: enough chats between, none past the end, no more than asked for', async () => {
    const rules = fc.record({
      maxMessages: fc.nat(20),
      firstPosition: fc.nat(8),
      spacing: fc.nat(5),
      refreshAfterSeconds: fc.integer({ min: 1, max: 86_400 }),
      holdSeconds: fc.integer({ min: 1, max: 600 }),
    });
    await fc.assert(
      fc.asyncProperty(rules, fc.nat(30), fc.nat(20), async (rules, chatCount, maxMessages) => {
        expect((await app.request('PUT', '/v1/placements/any_rules', rules)).status).toBe(200);
        const fields = { placement: 'any_rules', context, chatCount, maxMessages };
        const answer = await match(app, 'nobody-knows', fields, at(NOON));
        expect(answer.body.refreshAfterSeconds).toBe(rules.refreshAfterSeconds);
        const messages = answer.body.messages as Message[];
        expect(messages.length).toBeLessThanOrEqual(Math.min(maxMessages, rules.maxMessages, advertisers.length));
        // Chat rows above each message.
        const chatsAbove = messages.map(({ position }, i) => position - i);
        for (const [i, above] of chatsAbove.entries()) {
          expect(above).toBe(rules.firstPosition + i * rules.spacing);
          expect(above).toBeLessThanOrEqual(chatCount);
        }
        const nextAbove = rules.firstPosition + messages.length * rules.spacing;
        const hasRoom = messages.length < Math.min(maxMessages, rules.maxMessages, advertisers.length);
        if (hasRoom && chatCount > 0) expect(nextAbove).toBeGreaterThan(chatCount);
      }),
      { numRuns: 25 },
    );
  });

  it('are listed by id, page by page', async () => {
    const rules = { maxMessages: 1, firstPosition: 0, spacing: 0, refreshAfterSeconds: 60, holdSeconds: 30 };
    for (const id of ['listed_2', 'listed_1']) await app.request('PUT', `/v1/placements/${id}`, rules);
    const all = await app.request('GET', '/v1/placements');
    expect(all).toMatchObject({ status: 200, body: { nextCursor: null } });
    const listed = all.body.data as { id: string }[];
    expect(listed.map(({ id }) => id)).toEqual(expect.arrayContaining(['chat_list', 'listed_1', 'listed_2']));
    const paged: unknown[] = [];
    for (let cursor: string | null = ''; cursor !== null;) {
      const page = await app.request('GET', `/v1/placements?limit=1${cursor && `&cursor=${cursor}`}`);
      paged.push(...(page.body.data as unknown[]));
      cursor = page.body.nextCursor as string | null;
    }
    expect(paged).toEqual(listed);
    expect(listed).toContainEqual((await app.request('GET', '/v1/placements/listed_1')).body);
    expect((await app.request('GET', '/v1/placements?shape=round')).body.errors).toMatchObject([{ path: 'shape' }]);
  });

  it('that are not there are unknown, and none can be deleted', async () => {
    const unknown = await app.request('GET', '/v1/placements/nowhere');
    expect(unknown).toMatchObject({ status: 404, body: { code: 'not_found' } });
    const deletion = await app.request('DELETE', '/v1/placements/chat_list');
    expect([deletion.status, deletion.headers.get('allow')]).toEqual([405, 'GET, HEAD, PUT']);
  });

  it('change what is placed as soon as they are put, unless somebody else was quicker', async () => {
    const rules = { maxMessages: 2, firstPosition: 0, spacing: 1, refreshAfterSeconds: 60, holdSeconds: 30 };
    const put = (body: object, headers: Record<string, string> = {}) =>
      app.request('PUT', '/v1/placements/inbox', body, { headers });
    const fields = { placement: 'inbox', context };
    expect((await match(app, 'nobody-knows', fields, at(NOON))).status).toBe(422);

    expect(await put(rules)).toMatchObject({ status: 200, body: { id: 'inbox', version: 1, ...rules } });
    const [first, second] = await market.placed('nobody-knows', fields);
    expect([first?.position, second?.position]).toEqual([0, 2]);
    expect(first).toMatchObject({ expiresAt: '2026-11-22T03:00:30.000Z' });

    const later = { ...rules, firstPosition: 4, maxMessages: 1 };
    expect(await put(later, { 'if-match': '"1"' })).toMatchObject({ status: 200, body: { version: 2 } });
    expect((await market.placed('nobody-knows', fields)).map(({ position }) => position)).toEqual([4]);

    expect(await put(rules, { 'if-match': '"1"' })).toMatchObject({
      status: 412,
      body: { code: 'version_mismatch' },
    });
    expect((await market.placed('nobody-knows', fields)).map(({ position }) => position)).toEqual([4]);
    expect((await app.request('GET', '/v1/placements/inbox')).body).toMatchObject({ version: 2, ...later });
  });

  const defaults = {
    floorMicros: 0,
    allowsRepeats: false,
    maxPerMemberPerDay: null,
    minGapSeconds: null,
    maxPerAdvertiserPerDay: null,
    minAdvertiserGapSeconds: null,
    leastCtr: 0,
    leastRelevance: 0,
    frequencyCaps: [],
  };

  it('have rules that bind nobody until they are set, and lose them again when a change leaves them out', async () => {
    const least = { maxMessages: 2, firstPosition: 0, spacing: 1, refreshAfterSeconds: 60, holdSeconds: 30 };
    const put = (rules: object) => app.request('PUT', '/v1/placements/ruled', rules);
    const read = async () => (await app.request('GET', '/v1/placements/ruled')).body;
    const id = 'ruled';

    expect((await put(least)).body).toEqual({ id, version: 1, ...least, ...defaults });
    const rules = {
      floorMicros: 2_000_000,
      allowsRepeats: true,
      maxPerMemberPerDay: 10_000,
      minGapSeconds: 604_800,
      maxPerAdvertiserPerDay: 1,
      minAdvertiserGapSeconds: 1,
      leastCtr: 0.0025,
      leastRelevance: 1,
      frequencyCaps: [{ limit: 20, window: { length: 1, unit: 'week', kind: 'calendar' } }],
    };
    expect((await put({ ...least, ...rules })).body).toEqual({ id, version: 2, ...least, ...rules });
    expect(await read()).toEqual({ id, version: 2, ...least, ...rules });
    expect((await put({ ...least, ...defaults })).body).toEqual({ id, version: 3, ...least, ...defaults });
    await put({ ...least, ...rules });
    await put(least);
    expect(await read()).toEqual({ id, version: 5, ...least, ...defaults });
    expect((await app.request('GET', '/v1/placements/chat_list')).body).toMatchObject({
      ...defaults,
      floorMicros: 1_000_000,
    });
  });

  it.each([
    { allowsRepeats: 'yes' },
    { allowsRepeats: null },
    { maxPerMemberPerDay: 0 },
    { maxPerMemberPerDay: 10_001 },
    { maxPerMemberPerDay: 1.5 },
    { minGapSeconds: 0 },
    { minGapSeconds: 604_801 },
    { minGapSeconds: '60' },
    { maxPerAdvertiserPerDay: -1 },
    { maxPerAdvertiserPerDay: [] },
    { minAdvertiserGapSeconds: 0.5 },
    { minAdvertiserGapSeconds: 604_801 },
    { leastCtr: -0.001 },
    { leastCtr: 1.001 },
    { leastCtr: null },
    { leastCtr: '0.1' },
    { leastRelevance: 2 },
    { leastRelevance: true },
  ])('refuse %j by the name of the field', async (fields) => {
    const rules = { maxMessages: 2, firstPosition: 0, spacing: 1, refreshAfterSeconds: 60, holdSeconds: 30 };
    const answer = await app.request('PUT', '/v1/placements/refused', { ...rules, ...fields });
    expect(answer).toMatchObject({ status: 422, body: { errors: [{ path: Object.keys(fields)[0] }] } });
    expect((await app.request('GET', '/v1/placements/refused')).status).toBe(404);
  });

  it.each([
    ['412 for a version of one that is not there', 'missing', {}, { 'if-match': '"1"' }, 412],
    ['400 for what is no version', 'inbox', {}, { 'if-match': 'yesterday' }, 400],
    ['422 for an id of another form', 'Chat-List', {}, {}, 422],
    ['422 for an unknown field', 'inbox', { shape: 'round' }, {}, 422],
    ['422 for a hold without a length', 'inbox', { holdSeconds: 0 }, {}, 422],
    ['422 for too many messages', 'inbox', { maxMessages: 21 }, {}, 422],
  ])('answer %s', async (_what, id, fields, headers, status) => {
    const rules = { maxMessages: 2, firstPosition: 0, spacing: 1, refreshAfterSeconds: 60, holdSeconds: 30 };
    const answer = await app.request('PUT', `/v1/placements/${id}`, { ...rules, ...fields }, { headers });
    expect(answer.status).toBe(status);
    if (status === 422) expect(answer.body.errors).toHaveLength(1);
  });
});
