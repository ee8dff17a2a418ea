import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import fc from 'fast-check';
import { ExposureStore } from '../../src/delivery/delivery.api.js';
import { LiveIndex } from '../../src/serving/upkeep/live-index.js';
import { DecisionTokens } from '../../src/tracking/tracking.api.js';
import { eventually, startTestApp, type TestApp } from '../servers/test-app.js';
import {
  at,
  campaignBody,
  createAdvertiser,
  createServingCampaign,
  creativeBody,
  impressions,
  untilSettled,
  WON,
} from './fixtures.js';
import { type Explained, Market, NOON } from './market.js';
import { serveOtherFates } from './other-fates.js';

const tokens = new DecisionTokens([{ keyId: 't1', secret: 'a-secret-of-the-tests' }]);
const NOON_MS = Date.parse(NOON);
const after = (seconds: number): string => new Date(NOON_MS + seconds * 1000).toISOString();
/** Where the member is. */
const EVENING = {
  clock: 'member',
  windows: [{ days: ['sun', 'mon', 'tue', 'wed', 'thu', 'fri', 'sat'], from: '14:00', to: '23:00' }],
};
/** Those that scenes meet; others have tests of their own. */
const REASONS = ['targeting', 'schedule', 'day_part', 'budget', 'balance', 'pacing', 'frequency_cap', 'creative'];
const RULES = { maxMessages: 3, firstPosition: 0, spacing: 0, refreshAfterSeconds: 60, holdSeconds: 86_400 };

describe('an explanation', () => {
  let app: TestApp;
  let market: Market;

  beforeAll(async () => {
    app = await startTestApp({ env: { CLOCK: 'simulated', EXCHANGE_RATES: 'USD:1400' } });
    market = new Market(app);
    for (const id of ['auto.ev', 'food.cafe']) await app.request('POST', '/v1/segments', { id, name: { en: id } });
  });

  afterAll(() => app.close());

  const put = async (id: string, rules: object): Promise<void> => {
    expect((await app.request('PUT', `/v1/placements/${id}`, { ...RULES, ...rules })).status).toBe(200);
  };

  describe('of any scene', () => {
    const carrier = 'scenes';
    const adGroupIds: string[] = [];
    const advertiserIds: string[] = [];

    /** Advertisers with several campaigns, campaigns with several ad groups, few labels, equal bids, tight caps. */
    beforeAll(async () => {
      const groups = fc.sample(
        fc.record({
          model: fc.constantFrom('cpm' as const, 'cpc' as const),
          won: fc.constantFrom(4_000, 4_000, 7_000, 9_000),
          segment: fc.constantFrom('auto.ev', 'food.cafe', null),
          cap: fc.option(fc.integer({ min: 1, max: 3 }), { nil: null }),
          language: fc.constantFrom(null, null, 'ko', 'en'),
          dayParts: fc.constantFrom(null, null, EVENING),
        }),
        { numRuns: 12, seed: 7 },
      );
      const labels = [['auto'], ['auto', 'travel'], [], ['food'], ['travel'], []];
      for (let i = 0; i < 4; i++) {
        const created = await app.request('POST', '/v1/advertisers', {
          name: `scene ${i}`,
          currency: i === 3 ? 'USD' : 'KRW',
          timeZone: 'Asia/Seoul',
        });
        advertiserIds.push(created.body.id as string);
        const credit = { amountMicros: 1_000_000 * WON, reference: 'first' };
        await app.request('POST', `/v1/advertisers/${created.body.id}/credits`, credit);
      }
      for (const [i, categories] of labels.entries()) {
        const advertiserId = advertiserIds[i % 4] ?? '';
        const adGroups = groups.slice(2 * i, 2 * i + 2).map(({ model, won, segment, cap, language, dayParts }, j) => ({
          name: `group ${j}`,
          // A cpc bid is worth what a hundredth of a click is.
          bid: { model, amountMicros: ((won * WON) / (i % 4 === 3 ? 1400 : 1)) * (model === 'cpc' ? 0.1 : 1) },
          targeting: { all: [{ carrier: [carrier] }, ...(segment === null ? [] : [{ segment }])] },
          frequencyCaps: cap === null ? [] : [{ limit: cap, window: { length: 1, unit: 'hour', kind: 'rolling' } }],
          creatives: [creativeBody(language === null ? {} : { language })],
          ...(dayParts === null ? {} : { dayParts }),
        }));
        for (const adGroup of adGroups) adGroup.bid.amountMicros = Math.round(adGroup.bid.amountMicros);
        // Of campaigns without labels, so that with repeats two of one could stand in a list.
        const frequencyCaps =
          i === 2 || i === 5 ? [{ limit: i === 2 ? 1 : 3, window: { length: 1, unit: 'day', kind: 'calendar' } }] : [];
        const created = await app.request('POST', '/v1/campaigns', {
          advertiserId,
          name: `scene ${i}`,
          startsAt: '2026-01-01T00:00:00Z',
          budget: {},
          pacing: 'asap',
          frequencyCaps,
          categories,
          adGroups,
        });
        expect(created.status).toBe(201);
        for (const { id, creatives } of created.body.adGroups) {
          adGroupIds.push(id as string);
          expect((await app.request('POST', `/v1/creatives/${creatives[0].id}/approve`, {})).status).toBe(200);
        }
        await app.request('POST', `/v1/campaigns/${created.body.id}/activate`);
      }
      await serveOtherFates(app, carrier, after(3_600));
      await market.putMember('scene-knower', { interests: { 'auto.ev': 1, 'food.cafe': 1 } });
      await market.known(carrier, adGroupIds, { userId: 'scene-knower' });
    }, 60_000);

    /** Steps often end right where a gap does. */
    const gap = fc.constantFrom(null, 60, 900, 3_600);
    const limit = (max: number) => fc.option(fc.integer({ min: 1, max }), { nil: null });
    const weight = fc.double({ min: 0.01, max: 1, noNaN: true });
    const arbitraryScene = fc.record({
      rules: fc.record({
        maxMessages: fc.integer({ min: 1, max: 5 }),
        floorMicros: fc.constantFrom(0, 1_000 * WON, 5_000 * WON),
        allowsRepeats: fc.boolean(),
        maxPerMemberPerDay: limit(8),
        minGapSeconds: gap,
        maxPerAdvertiserPerDay: limit(4),
        minAdvertiserGapSeconds: gap,
        leastRelevance: fc.constantFrom(0, 0, 0.7),
      }),
      member: fc.record({
        interests: fc.record({ 'auto.ev': weight, 'food.cafe': weight }, { requiredKeys: [] }),
        consent: fc.record({
          personalized: fc.constantFrom(true, true, false),
          nightTime: fc.constantFrom(true, true, false),
        }),
        language: fc.constantFrom(null, 'ko', 'en-GB'),
        timeZone: fc.constantFrom(null, 'Asia/Seoul', 'America/New_York'),
        mutes: fc.constantFrom(0, 0, 1),
      }),
      steps: fc.array(
        fc.record({
          seconds: fc.oneof(fc.constantFrom(59, 60, 899, 900, 3_599, 3_600), fc.integer({ min: 1, max: 15_000 })),
          chatCount: fc.integer({ min: 1, max: 6 }),
          sees: fc.boolean(),
          blocked: fc.subarray(['auto', 'travel', 'food'], { maxLength: 1 }),
          blocksAdvertiser: fc.boolean(),
        }),
        { minLength: 2, maxLength: 5 },
      ),
    });

    let scenes = 0;

    it('tells who is placed, in which order and at which price, as the match then decides', async () => {
      let placed = 0;
      const reasons = new Set<string>();
      await fc.assert(
        fc.asyncProperty(arbitraryScene, async ({ rules, member: { mutes, ...member }, steps }) => {
          const scene = `scene-${scenes++}`;
          await put('scene', rules);
          await market.putMember(scene, { ...member, mutedAdvertisers: advertiserIds.slice(1, 1 + mutes) });
          let seconds = 0;
          for (const [i, step] of steps.entries()) {
            seconds += step.seconds;
            const fields = {
              placement: 'scene',
              context: { carrier },
              chatCount: step.chatCount,
              requestId: `${scene}-${i}`,
              blockedCategories: step.blocked,
              blockedAdvertisers: step.blocksAdvertiser ? advertiserIds.slice(0, 1) : [],
            };
            const { candidates, counts } = await market.explain(scene, { ...fields, limit: 10_000 }, after(seconds));
            const messages = await market.placed(scene, fields, after(seconds));
            const foretold = candidates.filter(({ outcome }) => outcome === 'placed');
            expect(foretold.map(({ adGroupId, price }) => ({ adGroupId, price }))).toEqual(
              messages.map(({ adGroupId, token }) => ({ adGroupId, price: tokens.verify(token)?.priceMicros })),
            );
            expect(counts).toMatchObject({ placed: messages.length });
            expectFactors(candidates);
            placed += messages.length;
            for (const { reason } of candidates) if (reason !== undefined) reasons.add(reason);
            if (!step.sees || messages.length === 0) continue;
            const seen = impressions(messages.slice(0, 2));
            expect((await app.request('POST', '/v1/events', seen, at(after(seconds)))).status).toBe(202);
            await untilSettled(app);
          }
        }),
        { numRuns: 16 },
      );
      // A market in which nothing is placed would prove nothing.
      expect(placed).toBeGreaterThan(10);
      expect([...reasons]).toEqual(expect.arrayContaining(REASONS));
    }, 120_000);

    function expectFactors(candidates: readonly Explained[]): void {
      for (const { outcome, reason, score, factors } of candidates) {
        if (outcome === 'excluded') {
          expect({ reason: typeof reason, score, factors }).toEqual({ reason: 'string' });
          continue;
        }
        const { ecpmMicros = NaN, predictedCtr = NaN, relevance = NaN, pacing = NaN } = factors ?? {};
        expect(ecpmMicros * (relevance * pacing)).toBe(score);
        expect(predictedCtr).toBe(0.01);
        for (const factor of [relevance, pacing]) {
          expect(factor).toBeGreaterThanOrEqual(0.5);
          expect(factor).toBeLessThanOrEqual(1);
        }
      }
    }
  });

  it('may be asked for after others of a later time, though their decisions need less of what was seen', async () => {
    const fields = { context: { carrier: 'later' } };
    const { adGroupId } = await market.serve('later');
    await market.known('later', [adGroupId]);
    expect(await market.placed('m-later', fields, after(1))).toMatchObject([{ adGroupId }]);
    expect((await market.explain('m-later', { ...fields, adGroupIds: [adGroupId] })).candidates).toHaveLength(1);
  });

  describe('of the ad groups that are asked for', () => {
    const carrier = 'asked';
    const ask = (adGroupIds: readonly string[], more: object = {}) => {
      const body = { userId: 'm-asked', placement: 'chat_list', chatCount: 42, context: { carrier }, adGroupIds };
      return app.request('POST', '/v1/match/explain', { ...body, ...more }, at(NOON));
    };

    it('says of one that leaves meanwhile what it says of one that is unknown', async () => {
      const [stays, leaves] = [await market.serve(carrier), await market.serve(carrier)];
      const asked = [stays.adGroupId, leaves.adGroupId];
      await market.known(carrier, asked);
      const exposure = app.app.get(ExposureStore, { strict: false });
      const read = exposure.read.bind(exposure);
      const spy = jest.spyOn(exposure, 'read').mockImplementationOnce((...member) => {
        app.app.get(LiveIndex, { strict: false }).removeAdGroup(leaves.adGroupId);
        return read(...member);
      });
      const answer = await ask(asked);
      spy.mockRestore();
      expect(answer).toMatchObject({ status: 422, body: { errors: [{ path: 'adGroupIds[1]' }] } });
      expect((await ask(['adg_unknown'])).body.errors).toEqual([{ ...answer.body.errors[0], path: 'adGroupIds[0]' }]);
      expect((await ask([stays.adGroupId])).body.candidates).toMatchObject([{ adGroupId: stays.adGroupId }]);
    });

    it('tells of each of them, however many, unless a limit is named', async () => {
      const adGroup = { name: 'of many', targeting: { carrier: [carrier] }, bid: { model: 'cpm', amountMicros: WON } };
      const adGroups = Array.from({ length: 120 }, () => adGroup);
      const advertiserId = await createAdvertiser(app);
      const created = await app.request('POST', '/v1/campaigns', campaignBody(advertiserId, { adGroups }));
      expect(created.status).toBe(201);
      const asked = (created.body.adGroups as { id: string }[]).map(({ id }) => id);
      await eventually(async () => (await ask(asked)).status === 200);
      const { candidates } = (await ask(asked)).body as { candidates: Explained[] };
      expect(candidates.map(({ adGroupId }) => adGroupId).sort()).toEqual([...asked].sort());
      expect(new Set(candidates.map(({ outcome }) => outcome))).toEqual(new Set(['excluded']));
      expect((await ask(asked, { limit: 7 })).body.candidates).toHaveLength(7);
    });
  });

  describe('by the rules of the placement', () => {
    const carrier = 'rules';
    const context = { carrier };
    /** In rank order; `second` is of the same advertiser as `first`, `rival` shares a category with it. */
    const ids: Record<'first' | 'second' | 'rival' | 'last', string> = { first: '', second: '', rival: '', last: '' };
    let advertiserId: string;

    beforeAll(async () => {
      const bid = (won: number) => ({ bid: { model: 'cpm', amountMicros: won * WON } });
      const first = await market.serve(carrier, { categories: ['auto'] }, bid(9_000));
      advertiserId = first.advertiserId;
      const targeting = { carrier: [carrier] };
      const second = await createServingCampaign(app, advertiserId, {}, { ...bid(8_000), targeting });
      const rival = await market.serve(carrier, { categories: ['auto', 'travel'] }, bid(7_000));
      const last = await market.serve(carrier, {}, { bid: { model: 'cpc', amountMicros: 100 * WON } });
      for (const [name, { adGroupId }] of Object.entries({ first, second, rival, last })) {
        ids[name as keyof typeof ids] = adGroupId;
      }
      await market.known(carrier, Object.values(ids));
    });

    /** Outcome or reason by name. */
    async function fates(userId: string, fields: object, time = NOON): Promise<object> {
      const request = { context, adGroupIds: Object.values(ids), ...fields };
      const { candidates } = await market.explain(userId, request, time);
      const fateOf = (id: string): string | undefined => {
        const candidate = candidates.find(({ adGroupId }) => adGroupId === id);
        return candidate?.reason ?? candidate?.outcome;
      };
      return Object.fromEntries(Object.entries(ids).map(([name, id]) => [name, fateOf(id)]));
    }

    const placed = (userId: string, fields: object, time = NOON) => market.placed(userId, { context, ...fields }, time);

    it('says outranked of who lost to the same advertiser or category, even where places are left', async () => {
      await put('few', { maxMessages: 10 });
      const fields = { placement: 'few' };
      const expected = { first: 'placed', second: 'outranked', rival: 'outranked', last: 'placed' };
      expect(await fates('m-outranked', fields)).toEqual(expected);
      await put('repeating', { maxMessages: 10, allowsRepeats: true });
      expect(await fates('m-outranked', { placement: 'repeating' })).toEqual({ ...expected, second: 'placed' });
    });

    it.each([
      [{ blockedCategories: ['travel'] }, { rival: 'placement', first: 'placed' }],
      [{ blockedCategories: ['auto'] }, { first: 'placement', rival: 'placement', second: 'placed', last: 'placed' }],
      [{ blockedCategories: ['aut'] }, { first: 'placed' }],
    ])('says placement of what the request blocks: %j', async (fields, expected) => {
      expect(await fates('m-blocked', fields)).toMatchObject(expected);
    });

    it('says placement of blocked advertisers', async () => {
      expect(await fates('m-blocked', { blockedAdvertisers: [advertiserId] })).toEqual({
        first: 'placement',
        second: 'placement',
        rival: 'placed',
        last: 'placed',
      });
    });

    it.each([
      [{ leastCtr: 0.0101 }, 'placement'],
      [{ leastCtr: 0.01 }, 'placed'],
      [{ leastRelevance: 0.51 }, 'placement'],
      [{ leastRelevance: 0.5 }, 'placed'],
      [{ floorMicros: 9_000 * WON }, 'placed'],
      [{ floorMicros: 9_000 * WON + 1 }, 'placement'],
    ])('says placement of who is below what the placement takes: %j', async (rules, fate) => {
      await put('picky', rules);
      expect(await market.fate('m-picky', ids.first, { context, placement: 'picky' })).toBe(fate);
    });

    it('says frequency_cap of all once a member has the most of a day, or within the least gap', async () => {
      const nobody = { first: 'frequency_cap', second: 'frequency_cap', rival: 'frequency_cap', last: 'frequency_cap' };
      await put('sparing', { maxPerMemberPerDay: 2, maxMessages: 10 });
      expect(await placed('m-sparing', { placement: 'sparing' })).toHaveLength(2);
      expect(await fates('m-sparing', { placement: 'sparing' })).toEqual(nobody);
      await put('calm', { minGapSeconds: 60 });
      expect(await fates('m-sparing', { placement: 'calm' }, after(59))).toEqual(nobody);
      expect(await fates('m-sparing', { placement: 'calm' }, after(60))).toMatchObject({ first: 'placed' });
    });

    it('says frequency_cap of one advertiser whose load is full, and outranked of who has no place left', async () => {
      await put('shared', { maxPerAdvertiserPerDay: 1, maxPerMemberPerDay: 3, maxMessages: 10 });
      const fields = { placement: 'shared' };
      expect(await placed('m-shared', { ...fields, maxMessages: 1 })).toMatchObject([{ adGroupId: ids.first }]);
      expect(await fates('m-shared', fields)).toEqual({
        first: 'frequency_cap',
        second: 'frequency_cap',
        rival: 'placed',
        last: 'placed',
      });
      await put('shared', { maxPerAdvertiserPerDay: 1, maxPerMemberPerDay: 2, maxMessages: 10 });
      expect(await fates('m-shared', fields)).toMatchObject({ rival: 'placed', last: 'outranked' });
    });
  });
});
