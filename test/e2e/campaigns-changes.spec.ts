import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { startTestApp, type TestApp, type TestResponse } from '../servers/test-app.js';
import { at, campaignBody, CAP, createAdvertiser, creativeBody, DAY_PARTS, postCampaign } from './fixtures.js';

describe('what becomes of a campaign', () => {
  let app: TestApp;
  let advertiserId: string;

  beforeAll(async () => {
    app = await startTestApp({ env: { CLOCK: 'simulated' } });
    advertiserId = await createAdvertiser(app);
  });

  afterAll(() => app.close());

  const create = (fields: object = {}, adGroup: object = {}): Promise<TestResponse> =>
    postCampaign(app, campaignBody(advertiserId, fields, adGroup));

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
      // It would reach everybody.
      for (const field of ['targeting', 'frequencyCaps']) {
        const refused = await app.request('PATCH', adGroupPath, { [field]: null });
        expect(refused).toMatchObject({ status: 422, body: { errors: [{ path: field }] } });
      }
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
      for (const body of [{ reason: ' ' }, { reason: 'x', because: 'y' }]) {
        expect((await app.request('POST', `${path}/reject`, body)).status).toBe(422);
      }
      const rejected = await app.request('POST', `${path}/reject`, { reason: '과장 광고' });
      expect(rejected.body).toMatchObject({ status: 'rejected', rejectionReason: '과장 광고' });
      const edited = await app.request('PATCH', path, { body: '사실만' });
      expect(edited.body).toMatchObject({ status: 'pending' });
      expect(edited.body).not.toHaveProperty('rejectionReason');
      for (const body of [undefined, {}]) {
        const withoutReason = await app.request('POST', `${path}/reject`, body);
        expect(withoutReason).toMatchObject({ status: 200, body: { status: 'rejected' } });
        expect(withoutReason.body).not.toHaveProperty('rejectionReason');
        await app.request('POST', `${path}/approve`);
      }
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
});
