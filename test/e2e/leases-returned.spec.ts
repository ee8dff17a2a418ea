import { afterAll, afterEach, beforeAll, describe, expect, it } from '@jest/globals';
import { LeaseBook } from '../../src/delivery/delivery.api.js';
import { eventually, startTestApp } from '../servers/test-app.js';
import { type ServingCampaign, untilKnown } from './fixtures.js';
import { LeaseWorld, PRICE } from './lease-world.js';

describe('money that processes have promised, or no longer may', () => {
  let world: LeaseWorld;

  beforeAll(async () => {
    world = await LeaseWorld.start();
  });

  afterEach(async () => {
    await world.endDay();
  });

  afterAll(() => world.close());

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

  describe('of a process that died', () => {
    /** All of a budget of forty messages, claimed by a holder that was alive until so many seconds ago. */
    async function claimAll(campaign: ServingCampaign, deadForSeconds: number): Promise<number> {
      const [holder] = await world.first.dataSource.query<{ id: number }[]>(
        `INSERT INTO lease_holders (alive_until) VALUES (now() - make_interval(secs => $1)) RETURNING id`,
        [deadForSeconds],
      );
      await world.first.dataSource.query(`INSERT INTO budget_leases VALUES ($1, $2, $3, $4, $5)`, [
        holder!.id,
        campaign.adGroupId,
        campaign.campaignId,
        campaign.advertiserId,
        40 * PRICE,
      ]);
      return holder!.id;
    }

    const isKnown = async (holder: number): Promise<boolean> =>
      (await world.first.dataSource.query<unknown[]>('SELECT FROM lease_holders WHERE id = $1', [holder])).length > 0;

    it('is bound until its messages are over, then freed by another', async () => {
      const campaign = await world.sell({ totalMicros: 40 * PRICE });
      const [lately, longAgo] = [await claimAll(campaign, 1), await claimAll(campaign, 200_000)];
      await eventually(async () => !(await isKnown(longAgo)), 15_000);
      expect(await isKnown(lately)).toBe(true);
    });

    it('is bound while events of its messages wait for their settlement', async () => {
      const campaign = await world.sell({ totalMicros: 40 * PRICE });
      const [busy, idle] = [await claimAll(campaign, 200_000), await claimAll(campaign, 200_000)];
      const [batch] = await world.first.dataSource.query<{ id: string }[]>(
        `INSERT INTO event_batches (id, received_at, event_count, parked_at) VALUES ('bat_waits', now(), 1, now()) RETURNING id`,
      );
      await world.first.dataSource.query(
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
    await world.sell({ totalMicros: 400 * PRICE });
    const holders = async () =>
      (
        await world.first.dataSource.query<{ id: number }[]>('SELECT id FROM lease_holders WHERE alive_until > now()')
      ).map(({ id }) => id);
    const before = await holders();
    await world.first.dataSource.query('DELETE FROM budget_leases WHERE holder = ANY($1)', [before]);
    await world.first.dataSource.query('DELETE FROM lease_holders WHERE id = ANY($1)', [before]);
    await eventually(async () => (await holders()).length === 2, 15_000);
    await eventually(
      async () => (await world.ask(world.first, 3)).length > 0 && (await world.ask(world.second, 3)).length > 0,
    );
  });
});
