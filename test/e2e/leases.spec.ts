import { setTimeout } from 'node:timers/promises';
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { PRIOR_CTR } from '../../src/core/scoring/score.js';
import { CtrBook, LeaseBook } from '../../src/delivery/delivery.api.js';
import type { DueLeases } from '../../src/delivery/leases/due-leases.js';
import { LeaseExchange } from '../../src/delivery/leases/lease-exchange.js';
import { eventually } from '../servers/test-app.js';
import { match, untilKnown, untilSettled } from './fixtures.js';
import { whileSettlementWaits } from './held-settlement.js';
import { BID, HOLD_MS, LeaseWorld, PRICE, UNTIL_OVER_MS } from './lease-world.js';

/** As much for the floor, by the click rate that is predicted at first. */
const CLICK_PRICE = PRICE / PRIOR_CTR;

describe('money that processes promise', () => {
  let world: LeaseWorld;

  beforeAll(async () => {
    world = await LeaseWorld.start();
  });

  afterEach(async () => {
    jest.restoreAllMocks();
    await world.endDay();
  });

  afterAll(() => world.close());

  it('is spent where messages are cheap, after the last one of another place was dearer than what is left', async () => {
    const cheap = { maxMessages: 1, firstPosition: 1, spacing: 6, refreshAfterSeconds: 300, holdSeconds: 600 };
    const rules = { ...cheap, floorMicros: BID.amountMicros / 5 };
    expect((await world.first.request('PUT', '/v1/placements/cheap', rules)).status).toBe(200);
    const campaign = await world.sell({ totalMicros: 1.8 * PRICE });
    await world.exhaust();
    expect(await world.spentOf(campaign)).toEqual({ spent: PRICE, refused: 0 });
    await eventually(async () => {
      const { status, body } = await match(world.first, world.newMember(), { placement: 'cheap' }, world.time());
      expect(status).toBe(200);
      await world.see(body.messages as { token: string }[]);
      await untilSettled(world.first);
      return (await world.spentOf(campaign)).spent === 1.8 * PRICE;
    }, 25_000);
    expect(await world.ask(world.first, 5)).toEqual([]);
    expect(await world.spentOf(campaign)).toEqual({ spent: 1.8 * PRICE, refused: 0 });
  });

  it.each([
    ['a total budget', { totalMicros: 150 * PRICE }, undefined],
    ['a daily budget', { dailyMicros: 150 * PRICE }, undefined],
    ['a balance', {}, 150 * PRICE],
  ])(
    'is spent to the last message of %s by two of them at full rate, and none is shown in vain',
    async (_kind, budget, credit) => {
      const campaign = await world.sell(budget, credit);
      await eventually(async () => {
        await world.exhaust();
        // A decision that was too late for its request bound money for messages that nobody got.
        world.now += UNTIL_OVER_MS;
        return (await world.spentOf(campaign)).spent > 149 * PRICE;
      }, 28_000);
      // Less is left than a message may cost.
      const { spent, refused } = await world.spentOf(campaign);
      expect(spent).toBeLessThanOrEqual(150 * PRICE);
      expect(refused).toBe(0);
    },
  );

  it('is bound by messages that nobody has seen yet, and free again once they are over', async () => {
    const campaign = await world.sell({ totalMicros: 40 * PRICE });
    const shown: unknown[] = [];
    await eventually(async () => {
      shown.push(...(await world.ask(world.first, 10)), ...(await world.ask(world.second, 10)));
      return shown.length === 40;
    });
    for (const app of [world.first, world.second, world.first, world.second])
      expect(await world.ask(app, 10)).toEqual([]);
    world.now += UNTIL_OVER_MS;
    const again: unknown[] = [];
    await eventually(async () => {
      again.push(...(await world.ask(world.first, 10)), ...(await world.ask(world.second, 10)));
      return again.length === 40;
    });
    expect((await world.spentOf(campaign)).spent).toBe(0);
  });

  it('is bound by messages that were seen, however late they are settled', async () => {
    const campaign = await world.sell({ totalMicros: 40 * PRICE });
    const shown: { token: string }[] = [];
    await eventually(async () => {
      shown.push(...(await world.ask(world.first, 10)), ...(await world.ask(world.second, 10)));
      return shown.length === 40;
    });
    await whileSettlementWaits(world.first, campaign.advertiserId, async () => {
      await world.see(shown);
      world.now += UNTIL_OVER_MS;
      for (const app of [world.first, world.second]) expect(await world.ask(app, 10)).toEqual([]);
      // Another campaign gets its money by an exchange of claims: both processes have had one at the later time.
      await world.sell({}, undefined, { targeting: { carrier: ['KT'] } });
      for (const app of [world.first, world.second]) expect(await world.ask(app, 10)).toEqual([]);
    });
    await untilSettled(world.first);
    expect(await world.spentOf(campaign)).toEqual({ spent: 40 * PRICE, refused: 0 });
    for (const app of [world.first, world.second]) expect(await world.ask(app, 10)).toEqual([]);
  });

  it('is kept for clicks as their chance asks, and free again once the time has gone by in which members click', async () => {
    // As of an ad group that is known well.
    for (const app of [world.first, world.second]) {
      jest.spyOn(app.app.get(CtrBook, { strict: false }), 'cautiousCtrOf').mockReturnValue(PRIOR_CTR);
    }
    const click = { bid: { model: 'cpc', amountMicros: CLICK_PRICE } };
    const campaign = await world.sell({ totalMicros: 42 * CLICK_PRICE }, undefined, click);
    const clicked: { token: string }[] = [];
    await eventually(async () => {
      clicked.push(...(await world.ask(world.first, 40 - clicked.length)));
      return clicked.length === 40;
    });
    await world.see(clicked);
    world.now += 10_000;
    const events = clicked.map(({ token }) => ({ type: 'click', token }));
    expect((await world.first.request('POST', '/v1/events', { events }, world.time())).status).toBe(202);
    const spent = 40 * CLICK_PRICE;
    await eventually(async () => (await world.spentOf(campaign)).spent === spent);
    world.now += UNTIL_OVER_MS;

    // Each is expected to cost a hundredth of a click, and of a quarter of a click two more may come.
    const shown = await world.askUntilShort();
    expect(shown).toBeGreaterThan(8);
    expect(shown).toBeLessThanOrEqual(25);
    world.now += HOLD_MS / 2;
    await eventually(async () => (await world.ask(world.first, 5)).length > 0);
    expect(await world.spentOf(campaign)).toEqual({ spent, refused: 0 });
  });

  it('lacks by an ad group’s own budget for that ad group alone, by the campaign’s for all of its ad groups', async () => {
    const campaign = await world.sell({ totalMicros: 1_000 * PRICE });
    const limited = await world.addAdGroup(campaign, { dailyBudgetMicros: 3 * PRICE, targeting: { carrier: ['KT'] } });
    for (const app of [world.first, world.second])
      await untilKnown(app, limited, world.time(), { context: { carrier: 'KT' } });
    const exchange = world.first.app.get(LeaseExchange, { strict: false });
    const lacked = async () => [...(await exchange.wanted())];
    // All of its own budget is claimed by messages that nobody has seen yet.
    const placed: unknown[] = [];
    await eventually(async () => {
      const { body } = await match(world.first, world.newMember(), { context: { carrier: 'KT' } }, world.time());
      placed.push(...(body.messages as { adGroupId: string }[]).filter(({ adGroupId }) => adGroupId === limited));
      return placed.length === 3;
    });
    await eventually(async () => (await lacked()).includes(limited));
    for (const id of [campaign.campaignId, campaign.advertiserId]) expect(await lacked()).not.toContain(id);
    const budget = { totalMicros: 1 };
    expect((await world.first.request('PATCH', `/v1/campaigns/${campaign.campaignId}`, { budget })).status).toBe(200);
    await eventually(async () => (await lacked()).includes(campaign.campaignId));
    expect(await lacked()).not.toContain(campaign.adGroupId);
  });

  it('is there again after a credit and after a higher budget', async () => {
    const campaign = await world.sell({ totalMicros: 4 * PRICE }, 2 * PRICE);
    const untilPlaced = (count: number) => {
      const placed: unknown[] = [];
      return eventually(async () => {
        placed.push(...(await world.ask(world.first, 3)));
        return placed.length === count;
      });
    };
    await untilPlaced(2);
    const credit = { amountMicros: 100 * PRICE, reference: 'more' };
    expect((await world.first.request('POST', `/v1/advertisers/${campaign.advertiserId}/credits`, credit)).status).toBe(
      201,
    );
    await untilPlaced(2);
    const budget = { totalMicros: 6 * PRICE };
    expect((await world.first.request('PATCH', `/v1/campaigns/${campaign.campaignId}`, { budget })).status).toBe(200);
    await untilPlaced(2);
  });

  it('is there right after a credit, however many others wait for money', async () => {
    const campaign = await world.sell({}, 2 * PRICE);
    const placed: unknown[] = [];
    await eventually(async () => {
      placed.push(...(await world.ask(world.first, 3)));
      return placed.length === 2;
    });
    const { due } = world.first.app.get<{ readonly due: DueLeases }>(LeaseBook, { strict: false });
    const waiting = jest.spyOn(due, 'shortCount', 'get').mockReturnValue(50_000);
    try {
      // Refused once more, it would ask again only after a minute.
      await setTimeout(1_500);
      const credit = { amountMicros: 100 * PRICE, reference: 'more' };
      await world.first.request('POST', `/v1/advertisers/${campaign.advertiserId}/credits`, credit);
      await eventually(async () => (await world.ask(world.first, 1)).length === 1);
    } finally {
      waiting.mockRestore();
    }
  });
});
