import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import type { CheckResult } from '../../src/delivery/audit/audit-check.js';
import { runAudit } from '../../src/delivery/audit/run-audit.js';
import { ExposureWriter } from '../../src/delivery/exposure/exposure-writer.js';
import { Settlement } from '../../src/delivery/settlement/settlement.js';
import { SystemClock } from '../../src/platform/clock.js';
import { startTestApp, type TestApp } from '../servers/test-app.js';
import { acceptBatch, eventOf, LIMITS, NOON, sellCampaign, type SoldAdGroup } from './settlement-world.js';

const DAY_MS = 86_400_000;

describe('over-delivery, as the audit judges it', () => {
  let app: TestApp;
  let redis: Redis;
  let settlement: Settlement;
  let messages = 0;
  /** Of settlements. */
  let aheadMs = 0;
  const clock = Object.assign(new SystemClock(), { now: () => Date.now() + aheadMs });

  beforeAll(async () => {
    app = await startTestApp({ env: { ROLE: 'api' } });
    redis = new Redis(app.redisUrl);
    settlement = new Settlement(app.dataSource, new ExposureWriter(redis), clock, LIMITS);
  });

  /** What is left of a test is nobody's breach in the next. */
  beforeEach(() => app.dataSource.query(`UPDATE events SET outcome = 'accepted'`));

  afterAll(async () => {
    redis.disconnect();
    await app.close();
  });

  async function show(sold: SoldAdGroup, prices: readonly number[], occurredAt = NOON): Promise<string> {
    const events = prices.map((priceMicros) => eventOf(sold, { messageId: `m${messages++}`, priceMicros, occurredAt }));
    const batch = await acceptBatch(app, events);
    expect(await settlement.settle(batch)).toBe('settled');
    return batch;
  }

  async function setBudget({ campaignId }: SoldAdGroup, budget: object): Promise<void> {
    expect((await app.request('PATCH', `/v1/campaigns/${campaignId}`, { budget })).status).toBe(200);
  }

  /** As if its budget had been changed so much later. */
  async function moveChanges({ campaignId }: SoldAdGroup, by: string): Promise<void> {
    const move = `UPDATE limit_changes SET changed_at = changed_at + $2::interval WHERE of_id = $1`;
    await app.dataSource.query(move, [campaignId, by]);
  }

  async function credit({ advertiserId }: SoldAdGroup, amountMicros: number): Promise<void> {
    const body = { amountMicros, reference: `credit-${messages++}` };
    expect((await app.request('POST', `/v1/advertisers/${advertiserId}/credits`, body)).status).toBe(201);
  }

  async function check(): Promise<CheckResult | undefined> {
    const results = await runAudit(app.databaseUrl, { now: Date.now() });
    return results.find(({ name }) => name === 'over-delivery');
  }

  const faults = async (): Promise<readonly string[]> => (await check())?.examples ?? ['not checked'];

  it('is held against the budget that it went beyond, whatever is raised or paid in since', async () => {
    const sold = await sellCampaign(app, { campaign: { budget: { totalMicros: 2_500 } } });
    await show(sold, [1_000, 1_000, 1_000, 1_000]);
    const fault = [`${sold.campaignId}: 2000 micros shown beyond 2500`];
    expect(await faults()).toEqual(fault);
    for (const budget of [{ totalMicros: 1_000_000_000 }, {}]) {
      await setBudget(sold, budget);
      expect(await faults()).toEqual(fault);
    }
    await credit(sold, 1_000_000_000_000);
    expect(await faults()).toEqual(fault);
  });

  it('is held against what was paid in by then', async () => {
    const sold = await sellCampaign(app, { creditMicros: 2_500 });
    await show(sold, [1_000, 1_000, 1_000, 1_000]);
    const fault = [`${sold.advertiserId}: 2000 micros shown beyond 2500`];
    expect(await faults()).toEqual(fault);
    await credit(sold, 1_000_000_000_000);
    expect(await faults()).toEqual(fault);
    // More that finds no money, but little of what was paid in meanwhile.
    await show(sold, [999_999_999_000, 5_000]);
    expect(await faults()).toEqual(fault);
  });

  it('is not held against what was spent since', async () => {
    const campaign = { budget: { dailyMicros: 3_000_000 } };
    const sold = await sellCampaign(app, { creditMicros: 5_000_000, campaign });
    await show(sold, [3_000_000]);
    await show(sold, [2_000_000, ...Array.from({ length: 5 }, () => 1_000)], NOON + DAY_MS);
    await credit(sold, 10_000_000);
    aheadMs = 3_600_000;
    await show(sold, [1_000_000], NOON + DAY_MS);
    aheadMs = 0;
    expect(await faults()).toEqual([]);
  });

  it('is held against the budget that its impression found, whatever comes of the message later', async () => {
    const sold = await sellCampaign(app, { campaign: { budget: { totalMicros: 500 } } });
    const shown = [0, 1].map(() => ({ messageId: `m${messages++}`, priceMicros: 1_000 }));
    const settle = async (fields: object): Promise<void> => {
      const batch = await acceptBatch(
        app,
        shown.map((message) => eventOf(sold, { ...message, ...fields })),
      );
      expect(await settlement.settle(batch)).toBe('settled');
    };
    await settle({});
    const fault = [`${sold.campaignId}: 2000 micros shown beyond 500`];
    expect(await faults()).toEqual(fault);
    await setBudget(sold, { totalMicros: 1_000_000_000 });
    await settle({ type: 'conversion', eventId: 'order' });
    expect(await faults()).toEqual(fault);
  });

  it('is not held against a budget that was lowered a day later', async () => {
    const sold = await sellCampaign(app, { campaign: { budget: { dailyMicros: 2_000_000 } } });
    await show(sold, [1_000_000, 1_000_000, 1_000, 1_000]);
    await setBudget(sold, { dailyMicros: 100_000 });
    await moveChanges(sold, '1 day');
    expect(await faults()).toEqual([]);
  });

  it('is excused where a budget was lowered meanwhile, and only then', async () => {
    const sold = await sellCampaign(app, { campaign: { budget: { totalMicros: 2_500 } } });
    await show(sold, [1_000, 1_000, 1_000, 1_000]);
    await setBudget(sold, { totalMicros: 2_000 });
    await moveChanges(sold, '2 days');
    const batch = await show(sold, [1_000, 1_000, 1_000]);
    const later = `UPDATE event_batches SET settled_at = settled_at + interval '49 hours' WHERE id = $1`;
    await app.dataSource.query(later, [batch]);
    expect(await check()).toMatchObject({
      checked: 2,
      examples: [`${sold.campaignId}: 2000 micros shown beyond 2500`],
      figure: { value: 80 },
    });
  });

  it('is judged apart for each budget of its time', async () => {
    const sold = await sellCampaign(app, { campaign: { budget: { totalMicros: 2_000_000 } } });
    await show(sold, [2_000_000, 1_000, 1_000]);
    await setBudget(sold, { totalMicros: 3_000_000 });
    await show(sold, [1_000_000, 1_000, 1_000, 1_000]);
    expect(await faults()).toEqual([]);
    await show(sold, [1_000]);
    expect(await faults()).toEqual([`${sold.campaignId}: 4000 micros shown beyond 3000000`]);
  });
});
