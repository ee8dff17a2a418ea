import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { eventually, startTestApp, type TestApp } from '../servers/test-app.js';
import {
  at,
  createAdvertiser,
  createServingCampaign,
  creativeBody,
  impressions,
  untilSettled,
  WON,
} from './fixtures.js';
import { Market, NOON } from './market.js';

const ONCE = [{ limit: 1, window: 'lifetime' }];
const TWICE_A_DAY = [{ limit: 2, window: { length: 1, unit: 'day', kind: 'calendar' } }];
const PLACEMENT = { maxMessages: 3, firstPosition: 0, spacing: 0, refreshAfterSeconds: 60, holdSeconds: 600 };

describe('frequency caps of every level', () => {
  let app: TestApp;
  let market: Market;

  beforeAll(async () => {
    app = await startTestApp({ env: { CLOCK: 'simulated' } });
    market = new Market(app);
  });

  afterAll(() => app.close());

  const placedCreatives = async (userId: string, fields: object, time = NOON): Promise<string[]> =>
    (await market.placed(userId, { maxMessages: 1, ...fields }, time)).map(
      (message) => (message as unknown as { creativeId: string }).creativeId,
    );

  it('let a creative that is capped give way to another of its ad group, and cap the ad group once none is left', async () => {
    const carrier = 'creative-caps';
    const fields = { context: { carrier } };
    const creatives = ['a', 'b'].map((title) => creativeBody({ title, frequencyCaps: ONCE }));
    const { adGroupId, creativeId } = await market.serve(carrier, {}, { creatives });
    const { body } = await app.request('GET', `/v1/ad-groups/${adGroupId}/creatives`);
    const ids = (body.data as { id: string; frequencyCaps: unknown }[]).map(({ id, frequencyCaps }) => {
      expect(frequencyCaps).toEqual(ONCE);
      return id;
    });
    await app.request('POST', `/v1/creatives/${ids.find((id) => id !== creativeId)}/approve`, {});
    await market.known(carrier, [adGroupId]);
    await eventually(async () => {
      const seen = await Promise.all([1, 2, 3, 4].map((i) => placedCreatives(`probe-${Math.random()}-${i}`, fields)));
      return new Set(seen.flat()).size === 2;
    });
    const both = [...(await placedCreatives('m', fields)), ...(await placedCreatives('m', fields))];
    expect(both.sort()).toEqual([...ids].sort());
    expect(await market.fate('m', adGroupId, { maxMessages: 1, ...fields })).toBe('frequency_cap');
    const { status } = await app.request('PATCH', `/v1/creatives/${creativeId}`, { frequencyCaps: [] });
    expect(status).toBe(200);
    await eventually(async () => (await placedCreatives('m', fields))[0] === creativeId);
  });

  it('count all campaigns of an advertiser together, and follow a change of its caps', async () => {
    const carrier = 'advertiser-caps';
    const fields = { context: { carrier }, maxMessages: 1 };
    const advertiserId = await createAdvertiser(app, { name: carrier, frequencyCaps: TWICE_A_DAY });
    const adGroup = { targeting: { carrier: [carrier] } };
    const first = await createServingCampaign(app, advertiserId, {}, adGroup);
    const second = await createServingCampaign(
      app,
      advertiserId,
      {},
      { ...adGroup, frequencyCaps: ONCE, bid: { model: 'cpm', amountMicros: 9_000 * WON } },
    );
    await market.known(carrier, [first.adGroupId, second.adGroupId]);
    const placed = [...(await market.placed('m', fields)), ...(await market.placed('m', fields))];
    expect(placed.map(({ adGroupId }) => adGroupId)).toEqual([second.adGroupId, first.adGroupId]);
    const events = await app.request('POST', '/v1/events', impressions(placed), at(NOON));
    expect(events.status).toBe(202);
    await untilSettled(app);
    expect(await market.fate('m', first.adGroupId, fields)).toBe('frequency_cap');
    const changed = { frequencyCaps: [{ limit: 3, window: 'lifetime' }] };
    expect((await app.request('PATCH', `/v1/advertisers/${advertiserId}`, changed)).status).toBe(200);
    const [third] = await eventually(async () => {
      const messages = await market.placed('m', fields);
      return messages.length > 0 && messages;
    });
    expect(third?.adGroupId).toBe(first.adGroupId);
    expect(await market.fate('m', first.adGroupId, fields)).toBe('frequency_cap');
  });

  it('count what was in a placement, of all advertisers together, and nothing of another one', async () => {
    const carrier = 'placement-caps';
    const rules = { ...PLACEMENT, frequencyCaps: TWICE_A_DAY };
    const put = await app.request('PUT', '/v1/placements/capped', rules);
    expect(put).toMatchObject({ status: 200, body: { frequencyCaps: TWICE_A_DAY } });
    const served = [await market.serve(carrier), await market.serve(carrier), await market.serve(carrier)];
    const ids = served.map(({ adGroupId }) => adGroupId);
    await market.known(carrier, ids);
    const fields = { context: { carrier }, placement: 'capped' };
    expect(await market.placed('m', fields)).toHaveLength(2);
    for (const id of ids) expect(await market.fate('m', id, fields)).toBe('frequency_cap');
    expect(await market.placed('m', { context: { carrier } })).not.toHaveLength(0);
    const tooMany = { ...PLACEMENT, frequencyCaps: [{ limit: 0, window: 'lifetime' }] };
    expect(await app.request('PUT', '/v1/placements/capped', tooMany)).toMatchObject({
      status: 422,
      body: { errors: [{ path: 'frequencyCaps[0].limit' }] },
    });
  });
});
