import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { DataSource } from 'typeorm';
import { InvariantViolation } from '../../src/core/invariant-violation.js';
import { ExposureWriter } from '../../src/delivery/exposure/exposure-writer.js';
import { LeaseExchange } from '../../src/delivery/leases/lease-exchange.js';
import { SettledCharges } from '../../src/delivery/leases/settled-charges.js';
import { BatchParking } from '../../src/delivery/settlement/batch-parking.js';
import { Settlement } from '../../src/delivery/settlement/settlement.js';
import { SystemClock } from '../../src/platform/clock.js';
import { dataSourceOptions } from '../../src/platform/database/data-source.js';
import { startTestApp, type TestApp } from '../servers/test-app.js';
import { untilSettling, whileClaimsAreLocked } from './held-settlement.js';
import { acceptBatch, eventOf, LIMITS, NOON, sellCampaign, type SoldAdGroup } from './settlement-world.js';

const HOLDERS = 16;
const BUDGET = 1_000_000;
const DAY_MS = 86_400_000;
/** Of the events of `settlement-world.ts`. */
const SELLER = 1;

const KINDS = [
  ['a total budget', { campaign: { budget: { totalMicros: BUDGET } } }],
  ['a daily budget', { campaign: { budget: { dailyMicros: BUDGET } } }],
  ['the daily budget of an ad group', { adGroup: { dailyBudgetMicros: BUDGET } }],
  ['a balance', { creditMicros: BUDGET }],
] as const;

describe('claims of processes', () => {
  let app: TestApp;
  let redis: Redis;
  let source: DataSource;
  let exchanges: LeaseExchange;
  let settlement: Settlement;
  let parking: BatchParking;

  beforeAll(async () => {
    app = await startTestApp({ env: { ROLE: 'api' } });
    source = await new DataSource(dataSourceOptions(app.databaseUrl, HOLDERS)).initialize();
    exchanges = new LeaseExchange(source);
    redis = new Redis(app.redisUrl);
    const exposure = new ExposureWriter(redis);
    settlement = new Settlement(source, exposure, new SystemClock(), LIMITS);
    parking = new BatchParking(source, exposure, new SystemClock());
  });

  afterAll(async () => {
    redis.disconnect();
    await source.destroy();
    await app.close();
  });

  async function register(count = HOLDERS): Promise<readonly number[]> {
    const rows = await source.query<{ id: number }[]>(
      `INSERT INTO lease_holders (alive_until) SELECT now() + interval '1 hour' FROM generate_series(1, $1) RETURNING id`,
      [count],
    );
    return rows.map(({ id }) => id);
  }

  /** Asks for all of it, and is content with anything. */
  const ask = (holder: number, { adGroupId, campaignId, advertiserId }: SoldAdGroup, leastMicros = 1, now = NOON) =>
    exchanges.exchange(
      holder,
      [{ adGroupId, campaignId, advertiserId, claimedMicros: 0, wantedMicros: BUDGET, leastMicros, shortage: null }],
      now,
    );

  /** Whether so much of it is left for one more process; claims nothing. */
  async function isLeft(micros: number, sold: SoldAdGroup, now = NOON): Promise<boolean> {
    const [holder = 0] = await register(1);
    const [grant] = await ask(holder, sold, micros, now);
    await source.query('DELETE FROM budget_leases WHERE holder = $1', [holder]);
    return grant?.shortage === null;
  }

  it.each(KINDS)('at once never pass %s together', async (_what, terms) => {
    const sold = await sellCampaign(app, terms);
    const holders = await register();
    // All of them have begun before the first one writes what it claims.
    const asked = await whileClaimsAreLocked(app, async () => {
      const answers = holders.map((holder) => ask(holder, sold));
      await untilSettling(app, HOLDERS);
      return answers;
    });
    const granted = (await Promise.all(asked)).flat();
    expect(granted.every(({ grantedMicros }) => grantedMicros > 0)).toBe(true);
    const [row] = await source.query<{ claimed: number }[]>(
      'SELECT sum(claimed_micros)::bigint AS claimed FROM budget_leases WHERE advertiser_id = $1',
      [sold.advertiserId],
    );
    expect(row?.claimed).toBe(granted.reduce((sum, { grantedMicros }) => sum + grantedMicros, 0));
    expect(row?.claimed).toBeLessThanOrEqual(BUDGET);
  });

  it('of a charge that is settled while they are read are not missed together with its spend', async () => {
    const sold = await sellCampaign(app, { campaign: { budget: { totalMicros: BUDGET } } });
    const [holder = 0, other = 0] = await register(2);
    await source.query('INSERT INTO budget_leases VALUES ($1, $2, $3, $4, $5)', [
      other,
      ...[sold.adGroupId, sold.campaignId, sold.advertiserId, BUDGET],
    ]);
    await using runner = app.dataSource.createQueryRunner();
    await runner.startTransaction();
    await runner.query('LOCK TABLE budget_leases IN ACCESS EXCLUSIVE MODE');
    const answer = ask(holder, sold);
    await untilSettling(app);
    await settlement.settle(await acceptBatch(app, [eventOf(sold, { messageId: 'meanwhile', priceMicros: BUDGET })]));
    await runner.query('UPDATE budget_leases SET claimed_micros = 0 WHERE holder = $1', [other]);
    await runner.commitTransaction();
    expect(await answer).toMatchObject([{ grantedMicros: 0, shortage: 'budget' }]);
  });

  describe('and a batch that is parked', () => {
    let messages = 0;

    /** Of a batch with an impression, a click, a click that waited for its impression, and what costs nothing; its id. */
    async function parkAll(sold: SoldAdGroup): Promise<string> {
      const [seen, clicked, early] = [`seen-${messages}`, `clicked-${messages}`, `early-${messages++}`];
      const paidByClick = (messageId: string, priceMicros: number) => ({
        messageId,
        priceMicros,
        chargedFor: 'click' as const,
      });
      const click = { ...paidByClick(early, 300_000), type: 'click' as const };
      await settlement.settle(await acceptBatch(app, [eventOf(sold, click)]));
      const batch = await acceptBatch(app, [
        eventOf(sold, { messageId: seen, priceMicros: 1_000 }),
        eventOf(sold, { messageId: seen, priceMicros: 1_000, type: 'hide' }),
        eventOf(sold, paidByClick(clicked, 20_000)),
        eventOf(sold, { ...paidByClick(clicked, 20_000), type: 'click' }),
        eventOf(sold, paidByClick(early, 300_000)),
      ]);
      expect(await parking.recordFailure(batch, new InvariantViolation('broken'))).toBe('parked');
      return batch;
    }

    const COST = 321_000;

    const retry = (batch: string): Promise<unknown> =>
      source.query('UPDATE event_batches SET parked_at = NULL, attempts = 0 WHERE id = $1', [batch]);

    it.each(KINDS)('leave what it will cost of %s, on its day, until it is settled', async (what, terms) => {
      const sold = await sellCampaign(app, terms);
      expect(await isLeft(BUDGET, sold)).toBe(true);
      const batch = await parkAll(sold);
      const expectLeft = async () => {
        expect(await isLeft(BUDGET - COST, sold)).toBe(true);
        expect(await isLeft(BUDGET - COST + 1, sold)).toBe(false);
        expect(await isLeft(BUDGET, sold, NOON + DAY_MS)).toBe(what.includes('daily'));
      };
      await expectLeft();
      await retry(batch);
      await expectLeft();
      // Parked for a second time, it does not cost twice as much.
      await parking.recordFailure(batch, new InvariantViolation('broken'));
      await expectLeft();
      await retry(batch);
      expect(await settlement.settle(batch)).toBe('settled');
      await expectLeft();
    });

    it('are free of what could not be charged once it is settled', async () => {
      const sold = await sellCampaign(app, { campaign: { budget: { totalMicros: BUDGET } } });
      const batch = await parkAll(sold);
      const budget = { totalMicros: 1_000 };
      expect((await app.request('PATCH', `/v1/campaigns/${sold.campaignId}`, { budget })).status).toBe(200);
      await retry(batch);
      await settlement.settle(batch);
      await app.request('PATCH', `/v1/campaigns/${sold.campaignId}`, { budget: { totalMicros: BUDGET } });
      expect(await isLeft(BUDGET - 1_000, sold)).toBe(true);
    });

    it('leave what its clicks may cost whose impressions nobody has reported, until they are charged', async () => {
      const sold = await sellCampaign(app, { campaign: { budget: { totalMicros: BUDGET } } });
      const told = new SettledCharges(source);
      const paidByClick = { messageId: `alone-${messages++}`, priceMicros: 20_000, chargedFor: 'click' as const };
      const batch = await acceptBatch(app, [eventOf(sold, { ...paidByClick, type: 'click' })]);
      await parking.recordFailure(batch, new InvariantViolation('broken'));
      expect(await isLeft(BUDGET, sold)).toBe(true);
      await retry(batch);
      expect(await settlement.settle(batch)).toBe('settled');
      expect(await isLeft(BUDGET, sold)).toBe(true);
      await settlement.settle(await acceptBatch(app, [eventOf(sold, paidByClick)]));
      expect(await isLeft(BUDGET - 20_000, sold)).toBe(true);
      expect(await isLeft(BUDGET - 20_000 + 1, sold)).toBe(false);
      // It kept the money until now, and is told once.
      const charges = (await told.next(SELLER)).filter(({ adGroupId }) => adGroupId === sold.adGroupId);
      expect(charges.map(({ micros }) => micros)).toEqual([20_000]);
    });

    it('are lowered by their holder when it is parked, and not once more when it is charged', async () => {
      const sold = await sellCampaign(app);
      const told = new SettledCharges(source);
      const toldMicros = async () =>
        (await told.next(SELLER))
          .filter(({ adGroupId }) => adGroupId === sold.adGroupId)
          .reduce((sum, { micros }) => sum + micros, 0);
      const batch = await parkAll(sold);
      expect(await toldMicros()).toBe(COST);
      await retry(batch);
      // Neither is it settled with another, nor another with it: of those, the holder is told.
      const acceptOther = (messageId: string) => acceptBatch(app, [eventOf(sold, { messageId, priceMicros: 7 })]);
      expect(await settlement.settleTogether(await acceptOther('before-it'))).toBe(1);
      const other = await acceptOther('after-it');
      expect(await settlement.settleTogether(batch)).toBe(1);
      expect(await settlement.settleTogether(other)).toBe(1);
      expect(await toldMicros()).toBe(14);
    });
  });

  it('are lowered once by each charge, however long another transaction keeps charges from being known to be all', async () => {
    const sold = await sellCampaign(app);
    const told = new SettledCharges(source);
    await using runner = app.dataSource.createQueryRunner();
    await runner.startTransaction();
    await runner.query('SELECT pg_current_xact_id()');
    const toldMicros = async () =>
      (await told.next(SELLER)).filter(({ adGroupId }) => adGroupId === sold.adGroupId).map(({ micros }) => micros);
    const charge = async (messageId: string, priceMicros: number) =>
      settlement.settle(await acceptBatch(app, [eventOf(sold, { messageId, priceMicros })]));
    await charge('once', 5);
    expect(await toldMicros()).toEqual([5]);
    await charge('twice', 6);
    expect(await toldMicros()).toEqual([6]);
    await runner.rollbackTransaction();
    for (let reads = 0; reads < 3; reads++) expect(await toldMicros()).toEqual([]);
  });
});
