import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startTestApp, type TestApp, type TestResponse } from '../servers/test-app.js';
import { at, campaignBody, createAdvertiser, creativeBody, WON } from './fixtures.js';

const CAP = { limit: 3, window: { length: 1, unit: 'day', kind: 'rolling' } };
const DAY_PARTS = { clock: 'member', windows: [{ days: ['mon', 'fri'], from: '09:00', to: '24:00' }] };

describe('campaigns', () => {
  let app: TestApp;
  let advertiserId: string;

  beforeAll(async () => {
    app = await startTestApp({ env: { CLOCK: 'simulated' } });
    advertiserId = await createAdvertiser(app);
    for (const id of ['auto.ev', 'auto.suv']) {
      const segment = await app.request('POST', '/v1/segments', { id, name: { en: id } });
      expect(segment.status).toBeLessThan(300);
    }
  });

  afterAll(() => app.close());

  const create = (fields: object = {}, adGroup: object = {}): Promise<TestResponse> =>
    app.request('POST', '/v1/campaigns', campaignBody(advertiserId, fields, adGroup));

  async function count(table: string): Promise<number> {
    const [row] = await app.dataSource.query<{ count: number }[]>(`SELECT count(*)::int AS count FROM ${table}`);
    return row?.count ?? NaN;
  }

  async function counts(): Promise<readonly number[]> {
    return Promise.all(['campaigns', 'ad_groups', 'creatives', 'idempotent_answers'].map(count));
  }

  describe('creating', () => {
    it('creates a campaign with its ad groups and creatives in one call, and answers all of it as stored', async () => {
      const targeting = { all: [{ segments: ['auto.ev'], minWeight: 0 }, { not: { age: { max: 18 } } }] };
      const created = await create(
        {
          endsAt: '2027-01-01T00:00:00.000+09:00',
          budget: { totalMicros: 9 * WON, dailyMicros: WON },
          frequencyCaps: [CAP],
        },
        { targeting, frequencyCaps: [{ limit: 1, window: 'lifetime' }], dailyBudgetMicros: 5, dayParts: DAY_PARTS },
      );
      expect(created).toMatchObject({
        status: 201,
        body: {
          advertiserId,
          status: 'draft',
          startsAt: '2026-01-01T00:00:00.000Z',
          endsAt: '2026-12-31T15:00:00.000Z',
          budget: { totalMicros: 9 * WON, dailyMicros: WON },
          frequencyCaps: [CAP],
          version: 1,
          adGroups: [
            {
              targeting: { all: [{ segment: 'auto.ev' }, { not: { age: { max: 18 } } }] },
              bid: { model: 'cpm', amountMicros: 5_000 * WON },
              frequencyCaps: [{ limit: 1, window: 'lifetime' }],
              dailyBudgetMicros: 5,
              dayParts: DAY_PARTS,
              creatives: [{ ...creativeBody(), status: 'pending', version: 1 }],
            },
          ],
        },
      });
      const { adGroups, ...campaign } = created.body;
      const [{ creatives, ...adGroup }] = adGroups;
      const read = async (path: string): Promise<unknown> => (await app.request('GET', path)).body as unknown;
      expect(await read(`/v1/campaigns/${campaign.id}`)).toEqual(campaign);
      expect(await read(`/v1/campaigns/${campaign.id}/ad-groups`)).toEqual({ data: [adGroup], nextCursor: null });
      expect(await read(`/v1/ad-groups/${adGroup.id}`)).toEqual(adGroup);
      expect(await read(`/v1/ad-groups/${adGroup.id}/creatives`)).toEqual({ data: creatives, nextCursor: null });
      expect(await read(`/v1/creatives/${creatives[0].id}`)).toEqual(creatives[0]);
    });

    it.each([
      [
        'an unknown segment',
        { targeting: { all: [{ segments: ['auto.ev', 'auto.no'] }] } },
        'targeting.all[0].segments[1]',
      ],
      ['an unknown audience', { targeting: { not: { audience: 'aud_1' } } }, 'targeting.not.audience'],
      ['a wrong node', { targeting: { all: [{ agee: { min: 1 } }] } }, 'targeting.all[0].agee'],
      ['a wrong bid', { bid: { model: 'cpm', amountMicros: 0.5 } }, 'bid.amountMicros'],
      ['a wrong cap', { frequencyCaps: [CAP, { limit: 0, window: 'lifetime' }] }, 'frequencyCaps[1].limit'],
      ['a wrong day part', { dayParts: { ...DAY_PARTS, windows: [{}] } }, 'dayParts.windows[0].days'],
      ['a wrong creative', { creatives: [creativeBody(), { ...creativeBody(), title: 5 }] }, 'creatives[1].title'],
      ['a creative without its text', { creatives: [creativeBody({ body: ' ' })] }, 'creatives[0].body'],
    ])('creates nothing when one ad group has %s, and says where', async (_what, fault, path) => {
      const before = await counts();
      const fine = { name: 'fine', bid: { model: 'cpc', amountMicros: WON } };
      const body = campaignBody(advertiserId, { adGroups: [fine, fine, { ...fine, ...fault }] });
      const refused = await app.request('POST', '/v1/campaigns', body, {
        headers: { 'idempotency-key': `refused-${path}` },
      });
      expect(refused).toMatchObject({ status: 422, body: { code: 'invalid_request' } });
      expect(refused.body.errors[0].path).toBe(`adGroups[2].${path}`);
      expect(await counts()).toEqual(before);
    });

    it.each([
      [{ endsAt: '2026-01-01T00:00:00Z' }, 'endsAt'],
      [{ budget: { totalMicros: 5, dailyMicros: 6 } }, 'budget.dailyMicros'],
      [{ startsAt: '2199-12-31T23:59:59Z', endsAt: '2200-01-01T00:00:00Z' }, 'endsAt'],
      [{ startsAt: '1969-12-31T23:59:59Z' }, 'startsAt'],
      [{ startsAt: '2026-02-30T00:00:00Z' }, 'startsAt'],
      [{ startsAt: '2026-01-01T00:00:00' }, 'startsAt'],
      [{ pacing: 'fast' }, 'pacing'],
      [{ frequencyCaps: undefined }, 'frequencyCaps'],
      [{ categories: 'auto' }, 'categories'],
      [{ categories: null }, 'categories'],
      [{ categories: ['auto', 'Auto'] }, 'categories'],
      [{ categories: [''] }, 'categories'],
      [{ categories: ['-auto'] }, 'categories'],
      [{ categories: ['a'.repeat(65)] }, 'categories'],
      [{ categories: ['자동차'] }, 'categories'],
      [{ categories: [['auto']] }, 'categories'],
      [{ categories: [7] }, 'categories'],
      [{ categories: ['auto', 'food', 'auto'] }, 'categories'],
      [{ categories: Array.from({ length: 9 }, (_, i) => `c${i}`) }, 'categories'],
      [{ adGroups: Array.from({ length: 201 }, () => ({})) }, 'adGroups'],
      [
        {
          adGroups: [
            { name: 'g', bid: { model: 'cpm', amountMicros: 1_000 }, creatives: new Array(51).fill(creativeBody()) },
          ],
        },
        'adGroups[0].creatives',
      ],
    ])('refuses %j at its path', async (fields, path) => {
      const { status, body } = await create(fields);
      expect({ status, path: body.errors[0].path }).toEqual({ status: 422, path });
    });

    it('has no category labels unless it is given up to eight, which an update replaces as a whole', async () => {
      const { body: plain } = await create();
      expect(plain.categories).toEqual([]);
      const categories = ['zoo', 'auto.ev', 'a', '7', 'x'.repeat(64), 'b_c', 'd-e', 'IAB2'.toLowerCase()];
      const { body: labelled } = await create({ categories });
      expect(labelled.categories).toEqual(categories);
      const path = `/v1/campaigns/${labelled.id}`;
      const patch = async (fields: object): Promise<unknown> =>
        (await app.request('PATCH', path, fields)).body.categories;
      expect(await patch({ name: 'as before' })).toEqual(categories);
      expect(await patch({ categories: ['food', 'auto'] })).toEqual(['food', 'auto']);
      expect((await app.request('GET', path)).body.categories).toEqual(['food', 'auto']);
      expect((await app.request('PATCH', path, { categories: ['Food'] })).body.errors).toMatchObject([
        { path: 'categories' },
      ]);
      expect(await patch({ categories: [] })).toEqual([]);
    });

    it('takes 200 ad groups with 2,000 creatives at once', async () => {
      const creatives = new Array(10).fill(creativeBody({ body: 'b' }));
      const adGroup = { name: 'g', bid: { model: 'cpm', amountMicros: 1_000 }, creatives };
      const created = await create({ adGroups: new Array(200).fill(adGroup) });
      expect(created.status).toBe(201);
      expect(created.body.adGroups).toHaveLength(200);
      const [row] = await app.dataSource.query<{ count: number }[]>(
        'SELECT count(*)::int FROM creatives WHERE ad_group_id IN (SELECT id FROM ad_groups WHERE campaign_id = $1)',
        [created.body.id],
      );
      expect(row?.count).toBe(2_000);
    });

    it('creates once for one Idempotency-Key, however often and however close together it is sent', async () => {
      const send = (body: object): Promise<TestResponse> =>
        app.request('POST', '/v1/campaigns', body, { headers: { 'idempotency-key': 'campaign-once' } });
      const body = campaignBody(advertiserId, { name: '한 번만' });
      const before = await count('campaigns');
      const answers = await Promise.all([send(body), send(body), send(body), send(body)]);
      answers.push(await send(body));
      expect(answers.map(({ status }) => status)).toEqual([201, 201, 201, 201, 201]);
      for (const answer of answers) expect(answer.body).toEqual(answers[0]?.body);
      expect(await count('campaigns')).toBe(before + 1);
      expect(await send({ ...body, name: '두 번째' })).toMatchObject({
        status: 409,
        body: { code: 'idempotency_key_reused' },
      });
    });

    it('adds ad groups and creatives one by one', async () => {
      const { body: campaign } = await create({ adGroups: undefined });
      expect(campaign).not.toHaveProperty('adGroups');
      const adGroup = await app.request('POST', `/v1/campaigns/${campaign.id}/ad-groups`, {
        name: 'added',
        targeting: { segment: 'auto.suv', minWeight: 0.5 },
        bid: { model: 'cpc', amountMicros: WON },
        creatives: [creativeBody()],
      });
      expect(adGroup).toMatchObject({
        status: 201,
        body: { campaignId: campaign.id, creatives: [{ status: 'pending' }] },
      });
      const creative = await app.request(
        'POST',
        `/v1/ad-groups/${adGroup.body.id}/creatives`,
        creativeBody({ title: '둘' }),
      );
      expect(creative).toMatchObject({ status: 201, body: { adGroupId: adGroup.body.id, title: '둘' } });
      const listed = await app.request('GET', `/v1/ad-groups/${adGroup.body.id}/creatives`);
      expect(listed.body.data).toEqual([adGroup.body.creatives[0], creative.body]);
    });

    it('takes no 51st creative, however many come at once', async () => {
      const { body: campaign } = await create({}, { creatives: new Array(48).fill(creativeBody()) });
      const path = `/v1/ad-groups/${campaign.adGroups[0].id}/creatives`;
      const answers = await Promise.all([1, 2, 3, 4].map(() => app.request('POST', path, creativeBody())));
      expect(answers.map(({ status }) => status).sort()).toEqual([201, 201, 409, 409]);
    });
  });

  describe('changing', () => {
    it('merges an update, and takes limits away with null', async () => {
      const limited = { endsAt: '2027-01-01T00:00:00Z', budget: { totalMicros: 9, dailyMicros: 3 } };
      const { body: campaign } = await create(limited, { dailyBudgetMicros: 5, dayParts: DAY_PARTS });
      const path = `/v1/campaigns/${campaign.id}`;
      const renamed = await app.request('PATCH', path, { name: '새 이름', budget: { dailyMicros: null } });
      expect(renamed.body).toMatchObject({
        name: '새 이름',
        version: 2,
        ...limited,
        endsAt: '2027-01-01T00:00:00.000Z',
        budget: {},
      });
      expect(renamed.body.budget).toEqual({ totalMicros: 9 });
      const open = await app.request('PATCH', path, {
        endsAt: null,
        budget: { totalMicros: null },
        frequencyCaps: [CAP],
      });
      expect(open.body).toMatchObject({ budget: {}, frequencyCaps: [CAP], version: 3 });
      expect(open.body).not.toHaveProperty('endsAt');
      const adGroupPath = `/v1/ad-groups/${campaign.adGroups[0].id}`;
      const adGroup = await app.request('PATCH', adGroupPath, { dailyBudgetMicros: null, dayParts: null });
      expect(adGroup.body).toMatchObject({ name: campaign.adGroups[0].name, targeting: {}, version: 2 });
      expect(adGroup.body).not.toHaveProperty('dailyBudgetMicros');
      expect(adGroup.body).not.toHaveProperty('dayParts');
      expect((await app.request('PATCH', path, { name: null })).status).toBe(422);
      expect((await app.request('PATCH', path, { status: 'active' })).body.errors).toEqual([
        { path: 'status', message: 'is not a known field' },
      ]);
    });

    it('holds an update against what is stored', async () => {
      const { body: campaign } = await create({ budget: { totalMicros: 9 } });
      const path = `/v1/campaigns/${campaign.id}`;
      const daily = await app.request('PATCH', path, { budget: { dailyMicros: 10 } });
      expect(daily).toMatchObject({ status: 422, body: { errors: [{ path: 'budget.dailyMicros' }] } });
      const end = await app.request('PATCH', path, { endsAt: '2025-01-01T00:00:00Z' });
      expect(end).toMatchObject({ status: 422, body: { errors: [{ path: 'endsAt' }] } });
      const unknown = await app.request('PATCH', `/v1/ad-groups/${campaign.adGroups[0].id}`, {
        targeting: { segment: 'no' },
      });
      expect(unknown).toMatchObject({ status: 422, body: { errors: [{ path: 'targeting.segment' }] } });
    });

    it('refuses a stale If-Match, and lets exactly one of several updates at once through', async () => {
      const { body: campaign } = await create();
      for (const path of [
        `/v1/campaigns/${campaign.id}`,
        `/v1/ad-groups/${campaign.adGroups[0].id}`,
        `/v1/creatives/${campaign.adGroups[0].creatives[0].id}`,
      ]) {
        const field = path.includes('creatives') ? 'title' : 'name';
        const patch = (value: string, version: number): Promise<TestResponse> =>
          app.request('PATCH', path, { [field]: value }, { headers: { 'if-match': `"${version}"` } });
        const rivals = await Promise.all(['a', 'b', 'c', 'd'].map((value) => patch(value, 1)));
        expect(rivals.map(({ status }) => status).sort()).toEqual([200, 412, 412, 412]);
        expect(await patch('e', 1)).toMatchObject({ status: 412, body: { code: 'version_mismatch' } });
        expect(await patch('f', 2)).toMatchObject({ status: 200, body: { version: 3, [field]: 'f' } });
      }
    });

    it('loses no update where none names a version', async () => {
      const { body: campaign } = await create();
      const path = `/v1/campaigns/${campaign.id}`;
      const answers = await Promise.all([
        app.request('PATCH', path, { name: 'together' }),
        app.request('PATCH', path, { budget: { totalMicros: 7 } }),
        app.request('PATCH', path, { pacing: 'even' }),
      ]);
      expect(answers.map(({ status }) => status)).toEqual([200, 200, 200]);
      const { body } = await app.request('GET', path);
      expect(body).toMatchObject({ name: 'together', budget: { totalMicros: 7 }, pacing: 'even', version: 4 });
    });
  });

  describe('the life cycle', () => {
    const act = (id: string, action: string, time = '2026-06-01T00:00:00Z'): Promise<TestResponse> =>
      app.request('POST', `/v1/campaigns/${id}/${action}`, undefined, at(time));

    it('goes from draft to active to paused and back, and ends in the archive', async () => {
      const { id } = (await create()).body as { id: string };
      for (const [action, status] of [
        ['activate', 'active'],
        ['pause', 'paused'],
        ['activate', 'active'],
        ['archive', 'archived'],
      ] as const) {
        expect(await act(id, action)).toMatchObject({ status: 200, body: { status } });
        expect(await act(id, action)).toMatchObject({ status: 409, body: { code: 'invalid_transition' } });
      }
      expect(await act(id, 'activate')).toMatchObject({ status: 409 });
    });

    it('has ended from its end on, and lives again when the end is moved', async () => {
      const { id } = (await create({ endsAt: '2026-06-02T00:00:00Z' })).body as { id: string };
      await act(id, 'activate');
      const statusAt = async (time: string): Promise<unknown> =>
        (await app.request('GET', `/v1/campaigns/${id}`, undefined, at(time))).body.status as unknown;
      expect(await statusAt('2026-06-01T23:59:59.999Z')).toBe('active');
      expect(await statusAt('2026-06-02T00:00:00Z')).toBe('ended');
      const listed = await app.request('GET', `/v1/campaigns?status=ended`, undefined, at('2026-06-02T00:00:00Z'));
      expect(listed.body.data.map((campaign: { id: string }) => campaign.id)).toContain(id);
      for (const action of ['activate', 'pause']) {
        expect(await act(id, action, '2026-06-02T00:00:00Z')).toMatchObject({ status: 409 });
      }
      await app.request('PATCH', `/v1/campaigns/${id}`, { endsAt: '2026-06-03T00:00:00Z' }, at('2026-06-02T00:00:00Z'));
      expect(await statusAt('2026-06-02T00:00:00Z')).toBe('active');
    });

    it('changes nothing of an archived campaign', async () => {
      const { body: campaign } = await create();
      await act(campaign.id as string, 'archive');
      const [adGroup] = campaign.adGroups;
      for (const [method, path, body] of [
        ['PATCH', `/v1/campaigns/${campaign.id}`, { name: 'x' }],
        ['POST', `/v1/campaigns/${campaign.id}/ad-groups`, { name: 'x', bid: { model: 'cpm', amountMicros: 1_000 } }],
        ['PATCH', `/v1/ad-groups/${adGroup.id}`, { name: 'x' }],
        ['POST', `/v1/ad-groups/${adGroup.id}/creatives`, creativeBody()],
        ['PATCH', `/v1/creatives/${adGroup.creatives[0].id}`, { title: 'x' }],
        ['POST', `/v1/creatives/${adGroup.creatives[0].id}/approve`, {}],
      ] as const) {
        expect(await app.request(method, path, body)).toMatchObject({
          status: 409,
          body: { code: 'campaign_archived' },
        });
      }
    });
  });

  describe('review', () => {
    it('approves and rejects, and reviews again what the member sees when it changes', async () => {
      const { body: campaign } = await create();
      const path = `/v1/creatives/${campaign.adGroups[0].creatives[0].id}`;
      expect(await app.request('POST', `${path}/approve`)).toMatchObject({ status: 200, body: { status: 'approved' } });
      const unchanged = { ...creativeBody(), language: 'ko' };
      expect(await app.request('PATCH', path, unchanged)).toMatchObject({ status: 200, body: { status: 'approved' } });
      for (const edit of [
        { title: '새 제목' },
        { landingUrl: 'https://example.com/other' },
        { imageUrl: 'https://e.com/i.png' },
        { imageUrl: null },
      ]) {
        expect(await app.request('PATCH', path, edit)).toMatchObject({ status: 200, body: { status: 'pending' } });
        expect(await app.request('POST', `${path}/approve`, { reason: 'ok' })).toMatchObject({
          body: { status: 'approved' },
        });
      }
      for (const body of [undefined, {}, { reason: ' ' }, { reason: 'x', because: 'y' }]) {
        expect((await app.request('POST', `${path}/reject`, body)).status).toBe(422);
      }
      const rejected = await app.request('POST', `${path}/reject`, { reason: '과장 광고' });
      expect(rejected.body).toMatchObject({ status: 'rejected', rejectionReason: '과장 광고' });
      const edited = await app.request('PATCH', path, { body: '사실만' });
      expect(edited.body).toMatchObject({ status: 'pending' });
      expect(edited.body).not.toHaveProperty('rejectionReason');
    });

    it('approves only the version that was reviewed, when the reviewer names it', async () => {
      const { body: campaign } = await create();
      const path = `/v1/creatives/${campaign.adGroups[0].creatives[0].id}`;
      await app.request('PATCH', path, { landingUrl: 'https://example.com/swapped' });
      const late = await app.request('POST', `${path}/approve`, {}, { headers: { 'if-match': '"1"' } });
      expect(late.status).toBe(412);
      expect((await app.request('GET', path)).body.status).toBe('pending');
    });
  });

  describe('listing', () => {
    it('pages through all campaigns of an advertiser in the order of their creation', async () => {
      const owner = await createAdvertiser(app, {}, 0);
      const ids: string[] = [];
      for (let i = 0; i < 5; i++) {
        ids.push((await app.request('POST', '/v1/campaigns', campaignBody(owner))).body.id as string);
      }
      await app.request('POST', `/v1/campaigns/${ids[3]}/activate`);
      const pages: string[][] = [];
      for (let cursor = ''; ;) {
        const page = await app.request('GET', `/v1/campaigns?advertiserId=${owner}&limit=2${cursor}`);
        pages.push(page.body.data.map((campaign: { id: string }) => campaign.id));
        if (page.body.nextCursor === null) break;
        cursor = `&cursor=${page.body.nextCursor}`;
      }
      expect(pages).toEqual([ids.slice(0, 2), ids.slice(2, 4), ids.slice(4)]);
      const active = await app.request('GET', `/v1/campaigns?advertiserId=${owner}&status=active`);
      expect(active.body).toMatchObject({ data: [{ id: ids[3] }], nextCursor: null });
      expect((await app.request('GET', '/v1/campaigns?advertiserId=adv_unknown')).body.data).toEqual([]);
    });
  });
});
