import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { AdGroupSource, CreativeDirectory } from '../../src/campaigns/campaigns.api.js';
import type { AdGroupRecord } from '../../src/core/index/ad-group-record.js';
import { startTestApp, type TestApp } from '../servers/test-app.js';
import { at, campaignBody, createAdvertiser, creativeBody, WON } from './fixtures.js';
import { until } from '../servers/until.js';

describe('the source of ad groups', () => {
  let app: TestApp;
  let source: AdGroupSource;
  let advertiserId: string;

  beforeAll(async () => {
    app = await startTestApp();
    source = app.app.get(AdGroupSource);
    advertiserId = await createAdvertiser(app, { currency: 'USD', timeZone: 'America/New_York' });
    await app.request('POST', '/v1/segments', { id: 'auto.ev', name: { en: 'Electric cars' } });
  });

  afterAll(() => app.close());

  async function create(
    fields: object = {},
    adGroup: object = {},
  ): Promise<{ id: string; adGroupId: string; creativeIds: string[] }> {
    const { status, body } = await app.request('POST', '/v1/campaigns', campaignBody(advertiserId, fields, adGroup));
    expect(status).toBe(201);
    const [group] = body.adGroups;
    const creativeIds = (group.creatives as { id: string }[]).map((creative) => creative.id);
    return { id: body.id as string, adGroupId: group.id as string, creativeIds };
  }

  async function streamed(): Promise<AdGroupRecord[]> {
    const records: AdGroupRecord[] = [];
    for await (const chunk of source.streamAll()) {
      expect(chunk.length).toBeLessThanOrEqual(1_000);
      records.push(...chunk);
    }
    return records;
  }

  async function loaded(ids: readonly string[], from = source): Promise<AdGroupRecord[]> {
    const records: AdGroupRecord[] = [];
    for await (const page of from.loadCampaigns(ids)) {
      expect(page.length).toBeLessThanOrEqual(200);
      records.push(...page);
    }
    return records;
  }

  /**
   * From which on nothing has changed yet. Whatever is open on the server, for other databases too, keeps a horizon
   * before what was just made.
   */
  function quietHorizon(): Promise<string> {
    return until('nothing has changed since the horizon', async () => {
      const horizon = await source.horizon();
      return (await source.changedSince(horizon)).campaignIds.length === 0 ? horizon : null;
    });
  }

  const idsOf = (records: readonly AdGroupRecord[]): readonly string[] => records.map(({ id }) => id);

  it('gives an ad group with all that matching reads', async () => {
    const cap = { limit: 2, window: { length: 1, unit: 'day', kind: 'calendar' } };
    const { id, adGroupId, creativeIds } = await create(
      {
        startsAt: '2026-02-01T00:00:00Z',
        endsAt: '2199-01-01T00:00:00Z',
        budget: { totalMicros: 9 * WON, dailyMicros: 3 * WON },
        frequencyCaps: [cap],
        categories: ['auto', 'auto.ev'],
      },
      {
        targeting: { all: [{ segment: 'auto.ev', minWeight: 0.3 }, { os: ['android'] }] },
        bid: { model: 'cpc', amountMicros: 7 },
        frequencyCaps: [{ limit: 5, window: 'lifetime' }],
        dailyBudgetMicros: WON,
        dayParts: { clock: 'member', windows: [{ days: ['mon'], from: '09:00', to: '24:00' }] },
        creatives: ['a', 'b', 'c', 'd'].map((title) =>
          creativeBody({ title, language: 'ko', imageUrl: 'https://e.com/i.png' }),
        ),
      },
    );
    await app.request('POST', `/v1/creatives/${creativeIds[2]}/approve`);
    await app.request('POST', `/v1/creatives/${creativeIds[0]}/approve`);
    await app.request('POST', `/v1/creatives/${creativeIds[1]}/reject`, { reason: 'no' });
    const expected: AdGroupRecord = {
      id: adGroupId,
      campaignId: id,
      advertiserId,
      campaignStatus: 'draft',
      startsAt: Date.parse('2026-02-01T00:00:00Z'),
      endsAt: Date.parse('2199-01-01T00:00:00Z'),
      timeZone: 'America/New_York',
      currency: 'USD',
      targeting: {
        kind: 'all',
        of: [
          { kind: 'segments', ids: ['auto.ev'], minWeight: 0.3 },
          { kind: 'oneOf', field: 'os', values: ['android'] },
        ],
      },
      bid: { model: 'cpc', amountMicros: 7 },
      adGroupCaps: [{ limit: 5, window: 'lifetime' }],
      campaignCaps: [cap as AdGroupRecord['campaignCaps'][number]],
      advertiserCaps: [],
      dayParts: { clock: 'member', windows: [{ days: ['mon'], fromMinute: 540, toMinute: 1_440 }] },
      budgets: { campaignTotalMicros: 9 * WON, campaignDailyMicros: 3 * WON, adGroupDailyMicros: WON },
      pacing: 'asap',
      categories: ['auto', 'auto.ev'],
      creatives: [creativeIds[0], creativeIds[2]].map((creativeId, i) => ({
        ...(creativeBody({ language: 'ko', imageUrl: 'https://e.com/i.png' }) as AdGroupRecord['creatives'][number]),
        title: i === 0 ? 'a' : 'c',
        id: creativeId ?? '',
        caps: [],
      })),
    };
    expect(await loaded([id])).toEqual([expected]);
    expect((await streamed()).find((record) => record.id === adGroupId)).toEqual(expected);
  });

  it('leaves out what is archived or over, and nothing else', async () => {
    const kept = [
      await create(),
      await create({ endsAt: '2199-12-31T00:00:00Z' }),
      await create({ startsAt: '2190-01-01T00:00:00Z' }),
    ];
    const over = await create({ startsAt: '2020-01-01T00:00:00Z', endsAt: '2021-01-01T00:00:00Z' });
    const archived = await create();
    await app.request('POST', `/v1/campaigns/${archived.id}/archive`);
    const paused = await create();
    for (const action of ['activate', 'pause']) await app.request('POST', `/v1/campaigns/${paused.id}/${action}`);
    const all = [...kept, paused, over, archived];
    const expected = [...kept, paused].map(({ adGroupId }) => adGroupId).sort();
    expect([...idsOf(await loaded([...all.map(({ id }) => id), 'cmp_unknown']))].sort()).toEqual(expected);
    const ids = new Set(idsOf(await streamed()));
    expect(
      all
        .filter(({ adGroupId }) => ids.has(adGroupId))
        .map(({ adGroupId }) => adGroupId)
        .sort(),
    ).toEqual(expected);
    expect(await loaded([])).toEqual([]);
  });

  it('streams every ad group once, in chunks, in the order of the ids', async () => {
    const before = idsOf(await streamed()).length;
    const adGroup = { name: 'g', bid: { model: 'cpm', amountMicros: 1_000 } };
    for (let i = 0; i < 11; i++)
      await create({ adGroups: [{ ...adGroup, creatives: [] }, ...new Array(199).fill(adGroup)] });
    const ids = idsOf(await streamed());
    expect(ids).toHaveLength(before + 2_200);
    expect(ids).toEqual([...new Set(ids)].sort());
  });

  it('gives every ad group of some campaigns once, page by page', async () => {
    const adGroup = { name: 'g', bid: { model: 'cpm', amountMicros: 1_000 } };
    const campaigns = [];
    for (const size of [150, 199, 1, 200, 3]) campaigns.push(await create({ adGroups: new Array(size).fill(adGroup) }));
    const [apart, ...wanted] = campaigns.map(({ id }) => id);
    const records = await loaded(wanted);
    expect(records).toHaveLength(403);
    expect(new Set(idsOf(records)).size).toBe(403);
    expect(new Set(records.map(({ campaignId }) => campaignId))).toEqual(new Set(wanted));
    expect(await loaded([apart ?? ''])).toHaveLength(150);
  });

  it('tells which of the changed campaigns do not run, and names those first that end soonest', async () => {
    const horizon = await source.horizon();
    const open = await create();
    const later = await create({ endsAt: '2199-01-01T00:00:00Z' });
    const sooner = await create({ endsAt: '2198-01-01T00:00:00Z' });
    const running = [sooner, later, open].map(({ id }) => id);
    for (const id of running) await app.request('POST', `/v1/campaigns/${id}/activate`);
    const over = await create();
    const paused = await create();
    const archived = await create();
    for (const { id } of [over, paused]) await app.request('POST', `/v1/campaigns/${id}/activate`);
    await app.request('PATCH', `/v1/campaigns/${over.id}`, { endsAt: new Date(Date.now() + 500).toISOString() });
    await app.request('POST', `/v1/campaigns/${paused.id}/pause`);
    await app.request('POST', `/v1/campaigns/${archived.id}/archive`);
    const stopped = [over, paused, archived].map(({ id }) => id).sort();
    await until('it is over', async () => (await source.changedSince(horizon)).stoppedIds.includes(over.id));
    const { campaignIds, stoppedIds } = await source.changedSince(horizon);
    const made = new Set([...running, ...stopped]);
    expect(stoppedIds.filter((id) => made.has(id)).sort()).toEqual(stopped);
    expect(campaignIds.filter((id) => running.includes(id))).toEqual(running);
    expect(campaignIds).toEqual(expect.arrayContaining(stopped));
  });

  it('names a campaign after each change of it, of what is in it, and of its advertiser', async () => {
    const { id, adGroupId, creativeIds } = await create();
    const other = await create();
    for (const [method, path, body] of [
      ['PATCH', `/v1/campaigns/${id}`, { name: 'x' }],
      ['PATCH', `/v1/campaigns/${id}`, { categories: ['auto'] }],
      ['POST', `/v1/campaigns/${id}/activate`, undefined],
      ['PATCH', `/v1/ad-groups/${adGroupId}`, { name: 'x' }],
      ['PATCH', `/v1/creatives/${creativeIds[0]}`, { title: 'x' }],
      ['POST', `/v1/creatives/${creativeIds[0]}/approve`, {}],
      ['POST', `/v1/campaigns/${id}/ad-groups`, { name: 'y', bid: { model: 'cpm', amountMicros: 1_000 } }],
      ['POST', `/v1/ad-groups/${adGroupId}/creatives`, creativeBody()],
      ['POST', `/v1/campaigns/${id}/archive`, undefined],
    ] as const) {
      const horizon = await quietHorizon();
      expect((await app.request(method, path, body)).status).toBeLessThan(300);
      expect((await source.changedSince(horizon)).campaignIds).toEqual([id]);
    }
    const horizon = await source.horizon();
    await app.request('PATCH', `/v1/advertisers/${advertiserId}`, { timeZone: 'Asia/Seoul' });
    expect((await source.changedSince(horizon)).campaignIds).toEqual(expect.arrayContaining([id, other.id]));
  });

  it('gives a horizon from which on nothing has changed when nothing did', async () => {
    await create();
    const { horizon } = await source.changedSince(await quietHorizon());
    expect(await source.changedSince(horizon)).toEqual({
      campaignIds: [],
      stoppedIds: [],
      horizon: expect.any(String),
    });
  });

  it('misses no transaction that was open when the horizon was taken, however late it commits', async () => {
    const slow = await create();
    const quick = await create();
    await quietHorizon();
    const runner = app.dataSource.createQueryRunner();
    try {
      await runner.startTransaction();
      await runner.query(`UPDATE campaigns SET name = 'slow' WHERE id = $1`, [slow.id]);
      let { horizon } = { horizon: await source.horizon() };
      await app.request('PATCH', `/v1/campaigns/${quick.id}`, { name: 'quick' });
      for (let i = 0; i < 3; i++) {
        const changes = await source.changedSince(horizon);
        expect(changes.campaignIds).toEqual([quick.id]);
        horizon = changes.horizon;
      }
      await runner.commitTransaction();
      const changes = await source.changedSince(horizon);
      expect([...changes.campaignIds].sort()).toEqual([slow.id, quick.id].sort());
      horizon = changes.horizon;
      await until('neither is told again', async () => {
        const after = await source.changedSince(horizon);
        horizon = after.horizon;
        return after.campaignIds.length === 0;
      });
    } finally {
      await runner.release();
    }
  });

  it('keeps all else when one ad group can not be read', async () => {
    const broken = await create();
    const fine = await create();
    await app.dataSource.query(`UPDATE ad_groups SET targeting = '{"no":"such"}' WHERE id = $1`, [broken.adGroupId]);
    expect(idsOf(await loaded([broken.id, fine.id]))).toEqual([fine.adGroupId]);
  });

  it('leads to the landing page of an approved creative only', async () => {
    const directory = app.app.get(CreativeDirectory);
    const { creativeIds } = await create(
      {},
      { creatives: [creativeBody({ landingUrl: 'https://example.com/first' })] },
    );
    const [id = ''] = creativeIds;
    expect(await directory.landingUrl(id)).toBeNull();
    await app.request('POST', `/v1/creatives/${id}/approve`);
    expect(await directory.landingUrl(id)).toBe('https://example.com/first');
    await app.request('PATCH', `/v1/creatives/${id}`, { landingUrl: 'https://example.com/swapped' });
    expect(await directory.landingUrl(id)).toBeNull();
    expect(await directory.landingUrl('crv_unknown')).toBeNull();
  });

  it('leaves out nothing as over where time is simulated, since that time can go back', async () => {
    const simulated = await startTestApp({ sharing: app, env: { CLOCK: 'simulated' } });
    try {
      const over = await create({ startsAt: '2020-01-01T00:00:00Z', endsAt: '2021-01-01T00:00:00Z' });
      await simulated.request('GET', '/v1/campaigns', undefined, at('2030-01-01T00:00:00Z'));
      expect(idsOf(await loaded([over.id], simulated.app.get(AdGroupSource)))).toEqual([over.adGroupId]);
    } finally {
      await simulated.close();
    }
  });
});
