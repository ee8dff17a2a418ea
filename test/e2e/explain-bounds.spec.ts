import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { LiveIndex } from '../../src/serving/upkeep/live-index.js';
import { DecisionTokens } from '../../src/tracking/tracking.api.js';
import { startTestApp, type TestApp } from '../servers/test-app.js';
import { at, campaignBody, createAdvertiser, creativeBody, match, WON } from './fixtures.js';
import { Market, NOON } from './market.js';

const tokens = new DecisionTokens([{ keyId: 't1', secret: 'a-secret-of-the-tests' }]);
const RULES = { maxMessages: 3, firstPosition: 0, spacing: 0, refreshAfterSeconds: 60, holdSeconds: 86_400 };

describe('an explanation of a decision that comes to its bounds', () => {
  let app: TestApp;
  let market: Market;

  beforeAll(async () => {
    app = await startTestApp({ env: { CLOCK: 'simulated' } });
    market = new Market(app);
  });

  afterAll(() => app.close());

  const put = async (id: string, rules: object): Promise<void> => {
    expect((await app.request('PUT', `/v1/placements/${id}`, { ...RULES, ...rules })).status).toBe(200);
  };

  it.each([
    ['decisions that may be asked for again', 64, 1],
    ['open messages', 64, 4],
  ])('says frequency_cap of all once a member has the most %s', async (what, decisions, perDecision) => {
    const carrier = what.replaceAll(' ', '-');
    const serving: string[] = [];
    for (let i = 0; i < perDecision; i++) serving.push((await market.serve(carrier)).adGroupId);
    await market.known(carrier, serving);
    await put('bounded', { maxMessages: perDecision });
    const fields = { placement: 'bounded', context: { carrier } };
    const fatesOf = async (more: object): Promise<readonly (string | undefined)[]> => {
      const { candidates } = await market.explain(carrier, { ...fields, adGroupIds: serving, ...more });
      return candidates.map(({ outcome, reason }) => reason ?? outcome);
    };
    const isRepeatable = perDecision === 1;
    for (let i = 0; i < decisions; i++) {
      const request = isRepeatable ? { requestId: `r${i}` } : {};
      expect(await fatesOf(request)).toEqual(Array(perDecision).fill('placed'));
      expect(await market.placed(carrier, { ...fields, ...request })).toHaveLength(perDecision);
    }
    const another = isRepeatable ? { requestId: 'another' } : {};
    expect(await fatesOf(another)).toEqual(Array(perDecision).fill('frequency_cap'));
    expect(await market.placed(carrier, { ...fields, ...another })).toEqual([]);
    // Without an id, nothing has to be remembered.
    if (!isRepeatable) return;
    expect(await fatesOf({})).toEqual(['placed']);
    expect(await market.placed(carrier, fields)).toHaveLength(1);
  });

  it.each([{}, { requestId: 'once-more' }])(
    'is that caps are full where they leave nobody to offer again: %j',
    async (more) => {
      const carrier = `left-none-${Object.keys(more).length}`;
      const adGroups = Array.from({ length: 6 }, (_, i) => ({
        name: `group ${i}`,
        targeting: { carrier: [carrier] },
        bid: { model: 'cpm', amountMicros: 9_000 * WON },
        creatives: [creativeBody()],
      }));
      const frequencyCaps = [{ limit: 1, window: { length: 1, unit: 'day', kind: 'rolling' } }];
      const { body } = await app.request(
        'POST',
        '/v1/campaigns',
        campaignBody(await createAdvertiser(app), { adGroups, frequencyCaps }),
      );
      const created = body.adGroups as { id: string; creatives: { id: string }[] }[];
      for (const { creatives } of created) await app.request('POST', `/v1/creatives/${creatives[0]?.id}/approve`, {});
      await app.request('POST', `/v1/campaigns/${body.id}/activate`);
      const ids = created.map(({ id }) => id);
      await market.known(carrier, ids);
      await put('sole', { maxMessages: 1 });
      const fields = { context: { carrier }, placement: 'sole', ...more };
      const member = `m-${carrier}`;
      expect(await market.placed(member, { ...fields, requestId: 'first' })).toHaveLength(1);
      const answer = await match(app, member, fields, at(NOON));
      expect(answer.body).toMatchObject({ messages: [], noFill: { reason: 'frequency_cap' } });
      const { counts } = await market.explain(member, { ...fields, adGroupIds: ids });
      expect(counts).toMatchObject({ placed: 0, excluded: { frequency_cap: 6 } });
    },
  );

  it('finds the next of an advertiser whose best 32 are capped already, and who sets its price', async () => {
    const carrier = 'crowd';
    const targeting = { carrier: [carrier] };
    const cap = { limit: 1, window: { length: 1, unit: 'day', kind: 'rolling' } };
    const adGroups = Array.from({ length: 34 }, (_, i) => ({
      name: `group ${i}`,
      targeting,
      bid: { model: 'cpm', amountMicros: (9_000 - i) * WON },
      frequencyCaps: i < 32 ? [cap] : [],
      creatives: [creativeBody()],
    }));
    const advertiserId = await createAdvertiser(app);
    const { body } = await app.request('POST', '/v1/campaigns', campaignBody(advertiserId, { adGroups }));
    const crowd = body.adGroups as { id: string; creatives: { id: string }[] }[];
    for (const { creatives } of crowd) await app.request('POST', `/v1/creatives/${creatives[0]?.id}/approve`, {});
    await app.request('POST', `/v1/campaigns/${body.id}/activate`);
    const other = await market.serve(carrier, {}, { bid: { model: 'cpm', amountMicros: 2_000 * WON } });
    await market.known(carrier, [...crowd.map(({ id }) => id), other.adGroupId]);
    await put('sole', { maxMessages: 1, allowsRepeats: true });
    const fields = { context: { carrier } };
    for (let i = 0; i < 32; i++) {
      expect(await market.placed('m-crowd', { ...fields, placement: 'sole' })).toMatchObject([
        { adGroupId: crowd[i]?.id },
      ]);
    }
    await put('sole', { maxMessages: 1 });
    const asked = [...crowd.slice(31).map(({ id }) => id), other.adGroupId];
    const { candidates } = await market.explain('m-crowd', { ...fields, placement: 'sole', adGroupIds: asked });
    const fates = asked.map((id) => candidates.find(({ adGroupId }) => adGroupId === id));
    expect(fates.map((fate) => fate?.reason ?? fate?.outcome)).toEqual([
      'frequency_cap',
      'placed',
      'outranked',
      'outranked',
    ]);
    const top = jest.spyOn(app.app.get(LiveIndex, { strict: false }), 'top');
    const [placed] = await market.placed('m-crowd', { ...fields, placement: 'sole' });
    const offers = top.mock.results.map(({ value }) => value as readonly unknown[]);
    top.mockRestore();
    // Who is capped is not offered again.
    expect(offers.map(({ length }) => length)).toEqual([5, 20, 10]);
    expect(placed?.adGroupId).toBe(crowd[32]?.id);
    // Set by the other advertiser's bid: those of its own could not stand beside it.
    const priceMicros = 2 * WON;
    expect(tokens.verify(placed?.token ?? '')).toMatchObject({ priceMicros });
    expect(fates[1]).toMatchObject({ price: priceMicros });
  });
});
