import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { runAudit } from '../../src/delivery/audit/run-audit.js';
import { startTestApp, type TestApp } from '../servers/test-app.js';
import { until } from '../servers/until.js';
import {
  at,
  createAdvertiser,
  createServingCampaign,
  impressions,
  match,
  untilKnown,
  untilSettled,
  WON,
} from './fixtures.js';

const NOON = Date.parse('2026-11-20T03:00:00Z');
const RULES = { maxMessages: 3, firstPosition: 0, spacing: 0, refreshAfterSeconds: 60, holdSeconds: 600 };

interface Message {
  readonly advertiserId: string;
  readonly adGroupId: string;
  readonly token: string;
}

describe('the rules of a placement', () => {
  let app: TestApp;
  /** Advertisers by rank; the first two of the four ad groups are of one, the third shares a category with the first. */
  let ranked: { readonly adGroupId: string; readonly advertiserId: string }[];

  beforeAll(async () => {
    app = await startTestApp({ env: { CLOCK: 'simulated' } });
    const twice = await createAdvertiser(app);
    const advertisers = [twice, twice, await createAdvertiser(app), await createAdvertiser(app)];
    const categories = [['auto'], [], ['auto', 'travel'], []];
    ranked = [];
    for (const [i, advertiserId] of advertisers.entries()) {
      const bid = { model: 'cpm', amountMicros: (9_000 - 1_000 * i) * WON };
      const campaign = await createServingCampaign(app, advertiserId, { categories: categories[i] }, { bid });
      ranked.push({ adGroupId: campaign.adGroupId, advertiserId });
      await untilKnown(app, campaign.adGroupId, at(new Date(NOON).toISOString()));
    }
  });

  afterAll(() => app.close());

  async function placement(id: string, rules: object): Promise<void> {
    expect((await app.request('PUT', `/v1/placements/${id}`, { ...RULES, ...rules })).status).toBe(200);
  }

  async function placed(userId: string, id: string, seconds = 0, fields: object = {}): Promise<Message[]> {
    const time = at(new Date(NOON + seconds * 1_000).toISOString());
    const { status, body } = await match(app, userId, { placement: id, ...fields }, time);
    expect(status).toBe(200);
    return body.messages as Message[];
  }

  async function seen(messages: readonly Message[], seconds: number): Promise<void> {
    const time = at(new Date(NOON + seconds * 1_000).toISOString());
    expect((await app.request('POST', '/v1/events', impressions(messages), time)).status).toBe(202);
    await untilSettled(app);
  }

  const ranksOf = (messages: readonly Message[]): number[] =>
    messages.map(({ adGroupId }) => ranked.findIndex((one) => one.adGroupId === adGroupId));

  it('place no advertiser twice and no two of one category, unless repeats are allowed', async () => {
    await placement('plain', {});
    expect(ranksOf(await placed('m-plain', 'plain'))).toEqual([0, 3]);
    await placement('repeats', { allowsRepeats: true });
    expect(ranksOf(await placed('m-repeats', 'repeats'))).toEqual([0, 1, 3]);
  });

  it('leave out the advertisers and categories that the request blocks', async () => {
    expect(ranksOf(await placed('m-cat', 'plain', 0, { blockedCategories: ['auto'] }))).toEqual([1, 3]);
    const blockedAdvertisers = [ranked[0]?.advertiserId];
    expect(ranksOf(await placed('m-adv', 'plain', 0, { blockedAdvertisers }))).toEqual([2, 3]);
  });

  it('show a member no more in 24 hours than the placement allows, open holds included', async () => {
    await placement('daily', { maxPerMemberPerDay: 3 });
    const first = await placed('m-daily', 'daily');
    expect(first).toHaveLength(2);
    expect(await placed('m-daily', 'daily', 1)).toHaveLength(1);
    expect(await placed('m-daily', 'daily', 2)).toEqual([]);
    await seen(first, 60);
    // The holds that nobody saw are over, the two impressions are not.
    const count = async (seconds: number) => (await placed('m-daily', 'daily', seconds)).length;
    await until('the place of the unseen one is free', async () => (await count(3_600)) === 1);
    await until('the same, a day after the impressions', async () => (await count(86_400 + 59)) === 1);
    expect(await count(86_400 + 61)).toBe(2);
  });

  it('keep a member’s lists of messages apart by the least gap', async () => {
    await placement('gap', { minGapSeconds: 300 });
    expect(await placed('m-gap', 'gap')).toHaveLength(2);
    expect(await placed('m-gap', 'gap', 299)).toEqual([]);
    const later = await placed('m-gap', 'gap', 300);
    expect(later).toHaveLength(2);
    // Seen after a while: the gap begins anew.
    await seen(later, 500);
    expect(await placed('m-gap', 'gap', 799)).toEqual([]);
    expect(await placed('m-gap', 'gap', 800)).toHaveLength(2);
  });

  it('limit each advertiser for itself', async () => {
    await placement('each', { maxPerAdvertiserPerDay: 1, maxMessages: 1 });
    const first = await placed('m-each', 'each');
    expect(ranksOf(first)).toEqual([0]);
    await seen(first, 0);
    expect(ranksOf(await placed('m-each', 'each', 1))).toEqual([2]);
    expect(ranksOf(await placed('m-each', 'each', 2))).toEqual([3]);
    expect(await placed('m-each', 'each', 3)).toEqual([]);
    await placement('apart', { minAdvertiserGapSeconds: 60, maxMessages: 1 });
    const apart: Message[] = [];
    for (const [seconds, rank] of [
      [0, 0],
      [59, 2],
      [60, 0],
    ] as const) {
      const messages = await placed('m-apart', 'apart', seconds);
      expect(ranksOf(messages)).toEqual([rank]);
      apart.push(...messages);
    }
    await seen(apart, 61);
  });

  it('are what the audit finds kept', async () => {
    const found = await runAudit(app.databaseUrl, { now: NOON });
    const ofLoad = found.filter(({ name }) => /^(member|advertiser)-(load|gaps)$/.test(name));
    expect(ofLoad.filter(({ checked, breaches }) => checked > 0 && breaches === 0)).toHaveLength(4);
  });
});
