import { performance } from 'node:perf_hooks';
import { afterAll, afterEach, beforeAll, describe, expect, it, jest } from '@jest/globals';
import type { EntityManager } from 'typeorm';
import { LeaseBook, LONGEST_COMMIT_MS, SettlementProgress } from '../../src/delivery/delivery.api.js';
import { eventually, startTestApp } from '../servers/test-app.js';
import { type ServingCampaign, untilKnown, untilSettled } from './fixtures.js';
import { whileSettlementIsRefused, whileSettlementWaits } from './held-settlement.js';
import { HOLD_MS, LeaseWorld, PRICE, UNTIL_OVER_MS } from './lease-world.js';

describe('money that processes have promised, or no longer may', () => {
  let world: LeaseWorld;
  let passedMs = 0;

  beforeAll(async () => {
    const read = performance.now.bind(performance);
    jest.spyOn(performance, 'now').mockImplementation(() => read() + passedMs);
    world = await LeaseWorld.start();
  });

  afterEach(async () => {
    await world.endDay();
  });

  afterAll(async () => {
    await world.close();
    jest.restoreAllMocks();
  });

  it('is given back by a process that stops, but for what it has promised', async () => {
    // Enough for what three processes keep free.
    const campaign = await world.sell({ totalMicros: 400 * PRICE });
    const third = await startTestApp({ env: { CLOCK: 'simulated', ROLE: 'api' }, sharing: world.first });
    let isClosed = false;
    try {
      await untilKnown(third, campaign.adGroupId, world.time());
      const holder = third.app.get(LeaseBook, { strict: false }).holderId;
      const claimed = async () => {
        const [row] = await world.first.dataSource.query<{ claimed_micros: number }[]>(
          'SELECT claimed_micros FROM budget_leases WHERE holder = $1 AND ad_group_id = $2',
          [holder, campaign.adGroupId],
        );
        return row?.claimed_micros;
      };
      const placed: unknown[] = [];
      await eventually(async () => {
        placed.push(...(await world.ask(third, 2 - placed.length)));
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
    const campaign = await world.sell({});
    for (const app of [world.first, world.second]) await eventually(async () => (await world.ask(app, 3)).length === 3);
    const [path, body] = patchOf(campaign);
    expect((await world.first.request('PATCH', path as string, body)).status).toBe(200);
    // Nothing more is promised from then on.
    await eventually(
      async () => (await world.ask(world.first, 3)).length + (await world.ask(world.second, 3)).length === 0,
      1_000,
    );
    for (const app of [world.first, world.second]) expect(await world.ask(app, 10)).toEqual([]);
  });

  it('is bound by a batch that is parked, until it was retried and settled', async () => {
    const campaign = await world.sell({ totalMicros: 80 * PRICE });
    const seen = await placeAll(40);
    const parked = await whileSettlementIsRefused(world.first, async () => {
      await world.see(seen);
      await eventually(async () => (await parkedIds()).length === 1);
      return parkedIds();
    });
    world.now += UNTIL_OVER_MS + LONGEST_COMMIT_MS;
    for (const app of [world.first, world.second]) {
      const progress = app.app.get(SettlementProgress, { strict: false });
      // Tells it the time.
      await app.request('GET', '/v1/ops/batches', undefined, world.time());
      await eventually(() => Promise.resolve(progress.settledUntil >= world.now - LONGEST_COMMIT_MS));
    }
    const later = await placeAll(40);
    await expectNothingLeft();
    const { status } = await world.first.request('POST', `/v1/ops/batches/${parked[0]}/retry`, undefined, world.time());
    expect(status).toBe(200);
    await untilSettled(world.first);
    await expectNothingLeft();
    expect(await world.spentOf(campaign)).toEqual({ spent: 40 * PRICE, refused: 0 });
    await world.see(later);
    await untilSettled(world.first);
    expect(await world.spentOf(campaign)).toEqual({ spent: 80 * PRICE, refused: 0 });
  });

  /** So many messages, by both processes. */
  async function placeAll(count: number, withinMs?: number): Promise<{ token: string }[]> {
    const placed: { token: string }[] = [];
    await eventually(async () => {
      for (const app of [world.first, world.second]) {
        placed.push(...(await world.ask(app, Math.min(10, count - placed.length))));
      }
      return placed.length === count;
    }, withinMs);
    return placed;
  }

  /** Both processes have exchanged claims since: another campaign gets its money by that. */
  const untilExchanged = (): Promise<unknown> => world.sell({}, undefined, { targeting: { carrier: ['KT'] } });

  async function expectNothingLeft(): Promise<void> {
    for (const app of [world.first, world.second]) expect(await world.ask(app, 10)).toEqual([]);
    await untilExchanged();
    for (const app of [world.first, world.second]) expect(await world.ask(app, 10)).toEqual([]);
  }

  async function parkedIds(): Promise<readonly string[]> {
    const { body } = await world.first.request('GET', '/v1/ops/batches?status=parked', undefined, world.time());
    return (body.data as { id: string }[]).map(({ id }) => id);
  }

  /** All of a budget of forty messages, claimed by a holder that was alive until so many seconds ago. */
  async function claimAll(
    { adGroupId, campaignId, advertiserId }: ServingCampaign,
    deadForSeconds: number,
    tx: Pick<EntityManager, 'query'> = world.first.dataSource,
  ): Promise<number> {
    const [holder] = await tx.query<{ id: number }[]>(
      `INSERT INTO lease_holders (alive_until) VALUES (now() - make_interval(secs => $1)) RETURNING id`,
      [deadForSeconds],
    );
    await tx.query(`INSERT INTO budget_leases VALUES ($1, $2, $3, $4, $5)`, [
      holder!.id,
      ...[adGroupId, campaignId, advertiserId, 40 * PRICE],
    ]);
    return holder!.id;
  }

  describe('of a process that died', () => {
    const isKnown = async (holder: number): Promise<boolean> =>
      (await world.first.dataSource.query<unknown[]>('SELECT FROM lease_holders WHERE id = $1', [holder])).length > 0;

    const die = (holders: readonly number[], secondsAgo: number): Promise<unknown> =>
      world.first.dataSource.query(
        'UPDATE lease_holders SET alive_until = now() - make_interval(secs => $2) WHERE id = ANY($1)',
        [holders, secondsAgo],
      );

    /** Whoever seems dead is watched, by a loop with pauses of five seconds, for a time that passes quickly here. */
    const untilFreed = (holder: number): Promise<unknown> =>
      eventually(async () => {
        passedMs += 1_000;
        return !(await isKnown(holder));
      }, 20_000);

    it('is bound until its messages are over, then freed by another', async () => {
      const campaign = await world.sell({ totalMicros: 40 * PRICE });
      await world.see(await placeAll(40));
      await untilSettled(world.first);
      const dead = await claimAll(campaign, 1);
      const longAgo = [await claimAll(campaign, 1)];
      const budget = { totalMicros: 80 * PRICE };
      await world.first.request('PATCH', `/v1/campaigns/${campaign.campaignId}`, { budget });
      // Some of its messages may be seen still.
      await die([dead], HOLD_MS / 2000);
      await die(longAgo, 200_000);
      await untilFreed(longAgo[0]!);
      expect(await isKnown(dead)).toBe(true);
      await expectNothingLeft();
      await die([dead], 200_000);
      await untilFreed(dead);
      await placeAll(40, 20_000);
    }, 60_000);

    it('is bound while events of its messages wait for their settlement, and by those that are parked alone', async () => {
      const campaign = await world.sell({ totalMicros: 40 * PRICE });
      const [waiting, parked] = [await claimAll(campaign, 1), await claimAll(campaign, 1)];
      await whileSettlementWaits(world.first, campaign.advertiserId, async () => {
        await acceptSeen(campaign, waiting, 'bat_waits', null);
        await acceptSeen(campaign, parked, 'bat_parked', new Date());
        await die([waiting, parked], 200_000);
        await untilFreed(parked);
        expect(await isKnown(waiting)).toBe(true);
      });
      await world.first.dataSource.query("DELETE FROM event_batches WHERE id = 'bat_parked'");
    }, 60_000);

    /** An impression of its message in a batch of its own. */
    async function acceptSeen(campaign: ServingCampaign, holder: number, id: string, parkedAt: Date | null) {
      await world.first.dataSource.query(
        'INSERT INTO event_batches (id, received_at, event_count, parked_at) VALUES ($1, now(), 1, $2)',
        [id, parkedAt],
      );
      await world.first.dataSource.query(
        `INSERT INTO events (decided_at, message_id, type, batch_id, ordinal, member_id, advertiser_id, campaign_id, ad_group_id,
                             creative_id, placement, position, price_micros, occurred_at, lease_holder)
         VALUES (now(), $1, 'impression', $1, 0, 'm', $2, $3, $4, $5, 'chat_list', 1, $6, now(), $7)`,
        [id, campaign.advertiserId, campaign.campaignId, campaign.adGroupId, campaign.creativeId, PRICE, holder],
      );
    }
  });

  it('is claimed anew by a process that counted as dead, and not promised by what was lent to another meanwhile', async () => {
    const campaign = await world.sell({ totalMicros: 40 * PRICE });
    const { dataSource } = world.first;
    const holders = async () =>
      (await dataSource.query<{ id: number }[]>('SELECT id FROM lease_holders WHERE alive_until > now()')).map(
        ({ id }) => id,
      );
    const before = await holders();
    const other = await dataSource.transaction(async (tx) => {
      await tx.query('DELETE FROM budget_leases WHERE holder = ANY($1)', [before]);
      await tx.query('DELETE FROM lease_holders WHERE id = ANY($1)', [before]);
      return claimAll(campaign, -3_600, tx);
    });
    await eventually(async () => (await holders()).length === 3, 15_000);
    await untilExchanged();
    await expectNothingLeft();
    await dataSource.query('DELETE FROM budget_leases WHERE holder = $1', [other]);
    await placeAll(40);
  });
});
