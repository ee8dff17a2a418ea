import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startTestApp, type TestApp, type TestResponse } from '../servers/test-app.js';
import { campaignBody, CAP, createAdvertiser, creativeBody, DAY_PARTS, postCampaign, WON } from './fixtures.js';

describe('campaigns', () => {
  let app: TestApp;
  let advertiserId: string;

  beforeAll(async () => {
    app = await startTestApp();
    advertiserId = await createAdvertiser(app);
    for (const id of ['auto.ev', 'auto.suv']) {
      const segment = await app.request('POST', '/v1/segments', { id, name: { en: id } });
      expect(segment.status).toBeLessThan(300);
    }
  });

  afterAll(() => app.close());

  const create = (fields: object = {}, adGroup: object = {}): Promise<TestResponse> =>
    postCampaign(app, campaignBody(advertiserId, fields, adGroup));

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

    it('takes a campaign of as many ad groups as there may be, with three creatives each and all filled in', async () => {
      const creatives = Array.from({ length: 3 }, () =>
        creativeBody({ language: 'ko', imageUrl: 'https://e.com/i.png', frequencyCaps: [CAP] }),
      );
      const adGroup = {
        name: 'one of many',
        targeting: { all: [{ language: ['ko'] }, { age: { min: 20, max: 59 } }] },
        bid: { model: 'cpm', amountMicros: 5_000 * WON },
        frequencyCaps: [CAP],
        dailyBudgetMicros: 50_000 * WON,
        dayParts: DAY_PARTS,
        creatives,
      };
      const { status, body } = await create({ adGroups: Array.from({ length: 200 }, () => adGroup) });
      expect([status, body.errors]).toEqual([201, undefined]);
      expect(body.adGroups).toHaveLength(200);
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
      [{ categories: ['auto', 'Auto'] }, 'categories[1]'],
      [{ categories: [''] }, 'categories[0]'],
      [{ categories: ['-auto'] }, 'categories[0]'],
      [{ categories: ['a'.repeat(65)] }, 'categories[0]'],
      [{ categories: ['자동차'] }, 'categories[0]'],
      [{ categories: [['auto']] }, 'categories[0]'],
      [{ categories: [7] }, 'categories[0]'],
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
        { path: 'categories[0]' },
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

  describe('listing', () => {
    it('pages through all campaigns of an advertiser in the order of their creation', async () => {
      const owner = await createAdvertiser(app, {}, 0);
      const ids: string[] = [];
      for (let i = 0; i < 5; i++) {
        ids.push((await postCampaign(app, campaignBody(owner))).body.id as string);
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
