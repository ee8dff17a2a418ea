import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { isTimeZone } from '../../src/core/calendar/local-day.js';
import { InvariantViolation } from '../../src/core/invariant-violation.js';
import { runAudit } from '../../src/delivery/audit/run-audit.js';
import { ExposureWriter } from '../../src/delivery/exposure/exposure-writer.js';
import { BatchParking } from '../../src/delivery/settlement/batch-parking.js';
import { Settlement } from '../../src/delivery/settlement/settlement.js';
import { SystemClock } from '../../src/platform/clock.js';
import { startTestApp, type TestApp } from '../servers/test-app.js';
import { at, createAdvertiser, createServingCampaign, WON } from './fixtures.js';
import { acceptBatch, eventOf, LIMITS, NOON, sellCampaign, type SoldAdGroup } from './settlement-world.js';

/** ICU has it, and Postgres has not: it was never a zone of its own. */
const ZONE = 'US/Pacific-New';

/** As where Postgres is moved to an operating system that brings fewer names. */
describe('a time zone that Node knows and Postgres does not', () => {
  let app: TestApp;
  let redis: Redis;
  let sold: SoldAdGroup;
  let parking: BatchParking;
  let settlement: Settlement;

  beforeAll(async () => {
    app = await startTestApp({ env: { ROLE: 'api', CLOCK: 'simulated' } });
    redis = new Redis(app.redisUrl);
    const [exposure, clock] = [new ExposureWriter(redis), new SystemClock()];
    parking = new BatchParking(app.dataSource, exposure, clock);
    settlement = new Settlement(app.dataSource, exposure, clock, LIMITS);
    sold = await sellCampaign(app, { campaign: { pacing: 'even', budget: { dailyMicros: 1_000 * WON } } });
    await app.dataSource.query('UPDATE advertisers SET time_zone = $2 WHERE id = $1', [sold.advertiserId, ZONE]);
    await app.dataSource.query(`UPDATE campaigns SET status = 'active' WHERE id = $1`, [sold.campaignId]);
  });

  afterAll(async () => {
    redis.disconnect();
    await app.close();
  });

  const paced = (): Promise<{ campaign_id: string; spent_micros: number }[]> =>
    app.dataSource.query('SELECT campaign_id, spent_micros FROM pacing_throttles ORDER BY spent_micros');
  const step = (time: number) => app.request('POST', '/v1/ops/pacing/run', undefined, at(new Date(time).toISOString()));

  it('is taken from no advertiser, and said to be unknown', async () => {
    expect(isTimeZone(ZONE)).toBe(true);
    const body = { name: 'a', currency: 'KRW', timeZone: ZONE };
    const fault = { path: 'timeZone', message: expect.stringContaining('not known to the database') };
    expect(await app.request('POST', '/v1/advertisers', body)).toMatchObject({
      status: 422,
      body: { errors: [fault] },
    });
    const path = `/v1/advertisers/${await createAdvertiser(app)}`;
    const changed = await app.request('PATCH', path, { timeZone: ZONE });
    expect(changed).toMatchObject({ status: 422, body: { errors: [fault] } });
    const kept = await app.request('PATCH', `/v1/advertisers/${sold.advertiserId}`, { name: 'b', timeZone: ZONE });
    expect(kept).toMatchObject({ status: 200, body: { name: 'b', timeZone: ZONE } });
  });

  it('keeps no campaign from its pace, and counts what is not settled yet on its day', async () => {
    const { campaignId } = await createServingCampaign(app, await createAdvertiser(app), {
      pacing: 'even',
      budget: { dailyMicros: 1_000 * WON },
    });
    const midnight = Date.parse('2026-11-20T08:00:00Z');
    const times = [midnight - 1, midnight, midnight + 1];
    const batch = await acceptBatch(
      app,
      times.map((occurredAt) => eventOf(sold, { messageId: `paced-${occurredAt}`, occurredAt, decidedAt: occurredAt })),
    );
    expect((await step(midnight + 2)).body).toMatchObject({ made: true, campaigns: 2 });
    expect(await paced()).toEqual([
      { campaign_id: campaignId, spent_micros: 0 },
      { campaign_id: sold.campaignId, spent_micros: 2_000 },
    ]);
    expect(await settlement.settle(batch)).toBe('settled');
    // The steps ahead are taken back, and what was learned of later days.
    expect((await step(midnight + 30 * 86_400_000)).body.made).toBe(true);
    expect((await step(midnight + 3)).body.made).toBe(true);
    expect((await paced()).map(({ spent_micros }) => spent_micros)).toEqual([0, 2_000]);
  });

  it('keeps no batch from being parked, whose money is bound on the day that will pay', async () => {
    const midnight = Date.parse('2026-11-21T08:00:00Z');
    const times = [midnight - 1, midnight, midnight + 1];
    const batch = await acceptBatch(
      app,
      times.map((occurredAt) =>
        eventOf(sold, { messageId: `parked-${occurredAt}`, occurredAt, decidedAt: occurredAt }),
      ),
    );
    expect(await parking.recordFailure(batch, new InvariantViolation('broken'))).toBe('parked');
    const bound = await app.dataSource.query(
      `SELECT day::text, sum(amount_micros)::integer AS micros FROM parked_charges WHERE batch_id = $1 GROUP BY 1 ORDER BY 1`,
      [batch],
    );
    expect(bound).toEqual([
      { day: '2026-11-20', micros: 1_000 },
      { day: '2026-11-21', micros: 2_000 },
    ]);
  });

  it('is named by the audit, which finds nothing else', async () => {
    const over = eventOf(sold, { messageId: 'over', priceMicros: 2_000_000 * WON });
    await settlement.settle(await acceptBatch(app, [over]));
    const found = await runAudit(app.databaseUrl, { now: NOON });
    const broken = found.filter(({ breaches }) => breaches > 0);
    expect(broken).toMatchObject([{ name: 'time-zones', examples: [`${sold.advertiserId}: ${ZONE}`] }]);
    expect(found.find(({ name }) => name === 'over-delivery')).toMatchObject({ checked: 1 });
    expect(found.find(({ name }) => name === 'charges')?.checked).toBeGreaterThan(0);
  });
});
