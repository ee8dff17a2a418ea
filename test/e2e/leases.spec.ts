import { setTimeout } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { PRIOR_CTR } from '../../src/core/scoring/score.js';
import { CtrBook, LeaseBook } from '../../src/delivery/delivery.api.js';
import type { DueLeases } from '../../src/delivery/leases/due-leases.js';
import { LeaseExchange } from '../../src/delivery/leases/lease-exchange.js';
import { PlacementsService } from '../../src/serving/placements/placements.service.js';
import { eventually, startTestApp, type TestApp } from '../servers/test-app.js';
import { whileSettlementWaits } from './held-settlement.js';
import {
  at,
  createAdvertiser,
  createServingCampaign,
  creativeBody,
  impressions,
  match,
  type ServingCampaign,
  untilKnown,
  untilSettled,
} from './fixtures.js';

const START = Date.parse('2026-11-22T03:00:00Z');
const HOLD_MS = 600_000;
/** Longer than holds may outlive their expiry. */
const RELEASE_MS = 60_000;
const WON = 1_000_000;
/** One message costs ₩5: the floor of the placement is the bid. */
const BID = { model: 'cpm', amountMicros: 5_000 * WON };
const PRICE = 5 * WON;
/** As much for the floor, by the click rate that is predicted at first. */
const CLICK_PRICE = PRICE / PRIOR_CTR;

interface SpentRow {
  readonly spent: number;
  readonly refused: number;
}

describe('money that processes promise', () => {
  let first: TestApp;
  let second: TestApp;
  let members = 0;
  let now = START;

  beforeAll(async () => {
    first = await startTestApp({ env: { CLOCK: 'simulated' } });
    second = await startTestApp({ env: { CLOCK: 'simulated', ROLE: 'api' }, sharing: first });
    const rules = {
      maxMessages: 3,
      firstPosition: 1,
      spacing: 6,
      refreshAfterSeconds: 300,
      holdSeconds: HOLD_MS / 1000,
    };
    const placement = { ...rules, floorMicros: BID.amountMicros };
    expect((await first.request('PUT', '/v1/placements/chat_list', placement)).status).toBe(200);
    const known = second.app.get(PlacementsService, { strict: false });
    await eventually(() => Promise.resolve(known.get('chat_list')?.floorMicros === placement.floorMicros));
  });

  afterEach(async () => {
    jest.restoreAllMocks();
    await first.dataSource.query(`UPDATE campaigns SET status = 'paused'`);
    now += 86_400_000;
  });

  afterAll(async () => {
    await second.close();
    await first.close();
  });

  const time = () => at(new Date(now).toISOString());

  async function sell(budget: object, creditMicros = 1_000_000 * WON, adGroup: object = {}): Promise<ServingCampaign> {
    const advertiserId = await createAdvertiser(first, {}, creditMicros);
    const campaign = await createServingCampaign(first, advertiserId, { budget }, { bid: BID, ...adGroup });
    const context = { context: { carrier: 'KT' } };
    for (const app of [first, second]) await untilKnown(app, campaign.adGroupId, time(), context);
    return campaign;
  }

  /** One more ad group of the campaign, which serves. */
  async function addAdGroup({ campaignId }: ServingCampaign, fields: object): Promise<string> {
    const body = { name: 'one more', bid: BID, targeting: {}, creatives: [creativeBody()], ...fields };
    const added = await first.request('POST', `/v1/campaigns/${campaignId}/ad-groups`, body);
    expect(added.status).toBe(201);
    const approval = await first.request('POST', `/v1/creatives/${added.body.creatives[0].id}/approve`, {});
    expect(approval.status).toBe(200);
    return added.body.id as string;
  }

  /** So many members ask at once; answers the messages that were placed. */
  async function ask(app: TestApp, count: number): Promise<{ token: string }[]> {
    const answers = await Promise.all(
      Array.from({ length: count }, () => match(app, `member-${++members}`, {}, time())),
    );
    return answers.flatMap(({ body }) => body.messages as { token: string }[]);
  }

  async function see(messages: readonly { token: string }[]): Promise<void> {
    if (messages.length > 0)
      expect((await first.request('POST', '/v1/events', impressions(messages), time())).status).toBe(202);
  }

  async function spentOf({ campaignId }: ServingCampaign): Promise<SpentRow> {
    const [row] = await first.dataSource.query<SpentRow[]>(
      `SELECT (SELECT coalesce(sum(spent_micros), 0)::bigint FROM daily_spend WHERE campaign_id = $1) AS spent,
              (SELECT count(*) FROM events WHERE campaign_id = $1 AND outcome = 'over_budget') AS refused`,
      [campaignId],
    );
    return row!;
  }

  /** How many messages the first process places until there is no more money for a while: the other gives back what it does not use. */
  async function askUntilShort(): Promise<number> {
    let placed = 0;
    for (let since = Date.now(); Date.now() - since < 6_500; await setTimeout(100)) {
      const { length } = await ask(first, 10);
      placed += length;
      if (length > 0) since = Date.now();
    }
    return placed;
  }

  /** Both processes place and show messages until neither finds money for one more. */
  async function exhaust(): Promise<void> {
    await eventually(async () => {
      const messages = (await Promise.all([ask(first, 20), ask(second, 20)])).flat();
      await see(messages);
      await untilSettled(first);
      return messages.length === 0;
    }, 25_000);
  }

  it('is spent where messages are cheap, after the last one of another place was dearer than what is left', async () => {
    const cheap = { maxMessages: 1, firstPosition: 1, spacing: 6, refreshAfterSeconds: 300, holdSeconds: 600 };
    const rules = { ...cheap, floorMicros: BID.amountMicros / 5 };
    expect((await first.request('PUT', '/v1/placements/cheap', rules)).status).toBe(200);
    const campaign = await sell({ totalMicros: 1.8 * PRICE });
    await exhaust();
    expect(await spentOf(campaign)).toEqual({ spent: PRICE, refused: 0 });
    await eventually(async () => {
      const { status, body } = await match(first, `member-${++members}`, { placement: 'cheap' }, time());
      expect(status).toBe(200);
      await see(body.messages as { token: string }[]);
      await untilSettled(first);
      return (await spentOf(campaign)).spent === 1.8 * PRICE;
    }, 25_000);
    expect(await ask(first, 5)).toEqual([]);
    expect(await spentOf(campaign)).toEqual({ spent: 1.8 * PRICE, refused: 0 });
  });

  it.each([
    ['a total budget', { totalMicros: 150 * PRICE }, undefined],
    ['a daily budget', { dailyMicros: 150 * PRICE }, undefined],
    ['a balance', {}, 150 * PRICE],
  ])(
    'is spent to the last message of %s by two of them at full rate, and none is shown in vain',
    async (_kind, budget, credit) => {
      const campaign = await sell(budget, credit);
      await eventually(async () => {
        await exhaust();
        // A decision that was too late for its request bound money for messages that nobody got.
        now += HOLD_MS + RELEASE_MS;
        return (await spentOf(campaign)).spent > 149 * PRICE;
      }, 28_000);
      // Less is left than a message may cost.
      const { spent, refused } = await spentOf(campaign);
      expect(spent).toBeLessThanOrEqual(150 * PRICE);
      expect(refused).toBe(0);
    },
  );

  it('is bound by messages that nobody has seen yet, and free again once they are over', async () => {
    const campaign = await sell({ totalMicros: 40 * PRICE });
    const shown: unknown[] = [];
    await eventually(async () => {
      shown.push(...(await ask(first, 10)), ...(await ask(second, 10)));
      return shown.length === 40;
    });
    for (const app of [first, second, first, second]) expect(await ask(app, 10)).toEqual([]);
    now += HOLD_MS + RELEASE_MS;
    const again: unknown[] = [];
    await eventually(async () => {
      again.push(...(await ask(first, 10)), ...(await ask(second, 10)));
      return again.length === 40;
    });
    expect((await spentOf(campaign)).spent).toBe(0);
  });

  it('is bound by messages that were seen, however late they are settled', async () => {
    const campaign = await sell({ totalMicros: 40 * PRICE });
    const shown: { token: string }[] = [];
    await eventually(async () => {
      shown.push(...(await ask(first, 10)), ...(await ask(second, 10)));
      return shown.length === 40;
    });
    await whileSettlementWaits(first, campaign.advertiserId, async () => {
      await see(shown);
      now += HOLD_MS + RELEASE_MS;
      for (const app of [first, second]) expect(await ask(app, 10)).toEqual([]);
      // Another campaign gets its money by an exchange of claims: both processes have had one at the later time.
      await sell({}, undefined, { targeting: { carrier: ['KT'] } });
      for (const app of [first, second]) expect(await ask(app, 10)).toEqual([]);
    });
    await untilSettled(first);
    expect(await spentOf(campaign)).toEqual({ spent: 40 * PRICE, refused: 0 });
    for (const app of [first, second]) expect(await ask(app, 10)).toEqual([]);
  });

  it('is kept for clicks as their chance asks, and free again once the time has gone by in which members click', async () => {
    // As of an ad group that is known well.
    for (const app of [first, second]) {
      jest.spyOn(app.app.get(CtrBook, { strict: false }), 'cautiousCtrOf').mockReturnValue(PRIOR_CTR);
    }
    const click = { bid: { model: 'cpc', amountMicros: CLICK_PRICE } };
    const campaign = await sell({ totalMicros: 42 * CLICK_PRICE }, undefined, click);
    const clicked: { token: string }[] = [];
    await eventually(async () => {
      clicked.push(...(await ask(first, 40 - clicked.length)));
      return clicked.length === 40;
    });
    await see(clicked);
    now += 10_000;
    const events = clicked.map(({ token }) => ({ type: 'click', token }));
    expect((await first.request('POST', '/v1/events', { events }, time())).status).toBe(202);
    const spent = 40 * CLICK_PRICE;
    await eventually(async () => (await spentOf(campaign)).spent === spent);
    now += HOLD_MS + RELEASE_MS;

    // Each is expected to cost a hundredth of a click, and of a quarter of a click two more may come.
    const shown = await askUntilShort();
    expect(shown).toBeGreaterThan(8);
    expect(shown).toBeLessThanOrEqual(25);
    now += HOLD_MS / 2;
    await eventually(async () => (await ask(first, 5)).length > 0);
    expect(await spentOf(campaign)).toEqual({ spent, refused: 0 });
  });

  it('is given back by a process that stops, but for what it has promised', async () => {
    // Enough for what three processes keep free.
    const campaign = await sell({ totalMicros: 400 * PRICE });
    const third = await startTestApp({ env: { CLOCK: 'simulated', ROLE: 'api' }, sharing: first });
    let isClosed = false;
    try {
      await untilKnown(third, campaign.adGroupId, time());
      const holder = third.app.get(LeaseBook, { strict: false }).holderId;
      const claimed = async () => {
        const [row] = await first.dataSource.query<{ claimed_micros: number }[]>(
          'SELECT claimed_micros FROM budget_leases WHERE holder = $1 AND ad_group_id = $2',
          [holder, campaign.adGroupId],
        );
        return row?.claimed_micros;
      };
      const placed: unknown[] = [];
      await eventually(async () => {
        placed.push(...(await ask(third, 2 - placed.length)));
        return placed.length === 2;
      });
      expect(await claimed()).toBeGreaterThan(2 * PRICE);
      isClosed = true;
      await third.close();
      expect(await claimed()).toBe(2 * PRICE);
    } finally {
      if (!isClosed) await third.close();
    }
  });

  it.each([
    ['of the campaign', (id: ServingCampaign) => [`/v1/campaigns/${id.campaignId}`, { budget: { dailyMicros: 1 } }]],
    ['of the ad group', (id: ServingCampaign) => [`/v1/ad-groups/${id.adGroupId}`, { dailyBudgetMicros: 1 }]],
  ] as const)('is given back by all when the budget %s is lowered below what was spent', async (_what, patchOf) => {
    const campaign = await sell({});
    for (const app of [first, second]) await eventually(async () => (await ask(app, 3)).length === 3);
    const [path, body] = patchOf(campaign);
    expect((await first.request('PATCH', path as string, body)).status).toBe(200);
    // Nothing more is promised from then on.
    await eventually(async () => (await ask(first, 3)).length + (await ask(second, 3)).length === 0, 1_000);
    for (const app of [first, second]) expect(await ask(app, 10)).toEqual([]);
  });

  it('lacks for one message of a decision: who asks again gets the others, and the member’s cap is free', async () => {
    await sell({ totalMicros: 400 * PRICE });
    const advertiserId = await createAdvertiser(first, {}, 1_000_000 * WON);
    const caps = { frequencyCaps: [{ limit: 1, window: 'lifetime' }] };
    const capped = await createServingCampaign(first, advertiserId, caps, {
      bid: { ...BID, amountMicros: 6_000 * WON },
    });
    await untilKnown(first, capped.adGroupId, time());
    const promise = jest.spyOn(first.app.get(LeaseBook, { strict: false }), 'promise');
    promise.mockReturnValueOnce(false);
    const [member, asked] = [`member-${++members}`, { requestId: 'asked-twice' }];
    const adGroupsOf = ({ body }: Awaited<ReturnType<typeof match>>) =>
      (body.messages as { adGroupId: string; token: string }[]).map(({ adGroupId, token }) => ({ adGroupId, token }));
    const answer = adGroupsOf(await match(first, member, asked, time()));
    promise.mockRestore();
    expect(answer).toHaveLength(1);
    expect(answer[0]?.adGroupId).not.toBe(capped.adGroupId);
    expect(adGroupsOf(await match(first, member, asked, time()))).toEqual(answer);
    expect(adGroupsOf(await match(second, member, asked, time()))).toEqual(answer);
    const next = adGroupsOf(await match(first, member, {}, time()));
    expect(next.map(({ adGroupId }) => adGroupId)).toContain(capped.adGroupId);
  });

  it('lacks by an ad group’s own budget for that ad group alone, by the campaign’s for all of its ad groups', async () => {
    const campaign = await sell({ totalMicros: 1_000 * PRICE });
    const limited = await addAdGroup(campaign, { dailyBudgetMicros: 3 * PRICE, targeting: { carrier: ['KT'] } });
    for (const app of [first, second]) await untilKnown(app, limited, time(), { context: { carrier: 'KT' } });
    const exchange = first.app.get(LeaseExchange, { strict: false });
    const lacked = async () => [...(await exchange.wanted())];
    // All of its own budget is claimed by messages that nobody has seen yet.
    const placed: unknown[] = [];
    await eventually(async () => {
      const { body } = await match(first, `member-${++members}`, { context: { carrier: 'KT' } }, time());
      placed.push(...(body.messages as { adGroupId: string }[]).filter(({ adGroupId }) => adGroupId === limited));
      return placed.length === 3;
    });
    await eventually(async () => (await lacked()).includes(limited));
    for (const id of [campaign.campaignId, campaign.advertiserId]) expect(await lacked()).not.toContain(id);
    const budget = { totalMicros: 1 };
    expect((await first.request('PATCH', `/v1/campaigns/${campaign.campaignId}`, { budget })).status).toBe(200);
    await eventually(async () => (await lacked()).includes(campaign.campaignId));
    expect(await lacked()).not.toContain(campaign.adGroupId);
  });

  it('is there again after a credit and after a higher budget', async () => {
    const campaign = await sell({ totalMicros: 4 * PRICE }, 2 * PRICE);
    const untilPlaced = (count: number) => {
      const placed: unknown[] = [];
      return eventually(async () => {
        placed.push(...(await ask(first, 3)));
        return placed.length === count;
      });
    };
    await untilPlaced(2);
    const credit = { amountMicros: 100 * PRICE, reference: 'more' };
    expect((await first.request('POST', `/v1/advertisers/${campaign.advertiserId}/credits`, credit)).status).toBe(201);
    await untilPlaced(2);
    const budget = { totalMicros: 6 * PRICE };
    expect((await first.request('PATCH', `/v1/campaigns/${campaign.campaignId}`, { budget })).status).toBe(200);
    await untilPlaced(2);
  });

  it('is there right after a credit, however many others wait for money', async () => {
    const campaign = await sell({}, 2 * PRICE);
    const placed: unknown[] = [];
    await eventually(async () => {
      placed.push(...(await ask(first, 3)));
      return placed.length === 2;
    });
    const { due } = first.app.get<{ readonly due: DueLeases }>(LeaseBook, { strict: false });
    const waiting = jest.spyOn(due, 'shortCount', 'get').mockReturnValue(50_000);
    try {
      // Refused once more, it would ask again only after a minute.
      await setTimeout(1_500);
      const credit = { amountMicros: 100 * PRICE, reference: 'more' };
      await first.request('POST', `/v1/advertisers/${campaign.advertiserId}/credits`, credit);
      await eventually(async () => (await ask(first, 1)).length === 1);
    } finally {
      waiting.mockRestore();
    }
  });

  describe('of a process that died', () => {
    /** All of a budget of forty messages, claimed by a holder that was alive until so many seconds ago. */
    async function claimAll(campaign: ServingCampaign, deadForSeconds: number): Promise<number> {
      const [holder] = await first.dataSource.query<{ id: number }[]>(
        `INSERT INTO lease_holders (alive_until) VALUES (now() - make_interval(secs => $1)) RETURNING id`,
        [deadForSeconds],
      );
      await first.dataSource.query(`INSERT INTO budget_leases VALUES ($1, $2, $3, $4, $5)`, [
        holder!.id,
        campaign.adGroupId,
        campaign.campaignId,
        campaign.advertiserId,
        40 * PRICE,
      ]);
      return holder!.id;
    }

    const isKnown = async (holder: number): Promise<boolean> =>
      (await first.dataSource.query<unknown[]>('SELECT FROM lease_holders WHERE id = $1', [holder])).length > 0;

    it('is bound until its messages are over, then freed by another', async () => {
      const campaign = await sell({ totalMicros: 40 * PRICE });
      const [lately, longAgo] = [await claimAll(campaign, 1), await claimAll(campaign, 200_000)];
      await eventually(async () => !(await isKnown(longAgo)), 15_000);
      expect(await isKnown(lately)).toBe(true);
    });

    it('is bound while events of its messages wait for their settlement', async () => {
      const campaign = await sell({ totalMicros: 40 * PRICE });
      const [busy, idle] = [await claimAll(campaign, 200_000), await claimAll(campaign, 200_000)];
      const [batch] = await first.dataSource.query<{ id: string }[]>(
        `INSERT INTO event_batches (id, received_at, event_count, parked_at) VALUES ('bat_waits', now(), 1, now()) RETURNING id`,
      );
      await first.dataSource.query(
        `INSERT INTO events (decided_at, message_id, type, batch_id, ordinal, member_id, advertiser_id, campaign_id, ad_group_id,
                             creative_id, placement, position, price_micros, occurred_at, lease_holder)
         VALUES (now(), 'waits', 'impression', $1, 0, 'm', $2, $3, $4, $5, 'chat_list', 1, $6, now(), $7)`,
        [batch!.id, campaign.advertiserId, campaign.campaignId, campaign.adGroupId, campaign.creativeId, PRICE, busy],
      );
      await eventually(async () => !(await isKnown(idle)), 15_000);
      expect(await isKnown(busy)).toBe(true);
    });
  });

  it('is claimed anew by a process that counted as dead', async () => {
    await sell({ totalMicros: 400 * PRICE });
    const holders = async () =>
      (await first.dataSource.query<{ id: number }[]>('SELECT id FROM lease_holders WHERE alive_until > now()')).map(
        ({ id }) => id,
      );
    const before = await holders();
    await first.dataSource.query('DELETE FROM budget_leases WHERE holder = ANY($1)', [before]);
    await first.dataSource.query('DELETE FROM lease_holders WHERE id = ANY($1)', [before]);
    await eventually(async () => (await holders()).length === 2, 15_000);
    await eventually(async () => (await ask(first, 3)).length > 0 && (await ask(second, 3)).length > 0);
  });
});
