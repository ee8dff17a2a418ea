import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Redis } from 'ioredis';
import { DataSource } from 'typeorm';
import { ExposureWriter } from '../../src/delivery/exposure/exposure-writer.js';
import { Settlement } from '../../src/delivery/settlement/settlement.js';
import { failureKind } from '../../src/delivery/settlement/settlement-failure.js';
import { SystemClock } from '../../src/platform/clock.js';
import { dataSourceOptions } from '../../src/platform/database/data-source.js';
import { startTestApp, type TestApp } from '../servers/test-app.js';
import { findFaults } from './settlement-oracle.js';
import { acceptBatch, eventOf, LIMITS, NOON, sellCampaign, type SoldAdGroup } from './settlement-world.js';

const WORKERS = 4;
const ADVERTISERS = 6;
const BATCHES = 24;

describe('four workers that settle batches of the same advertisers', () => {
  let app: TestApp;
  let redis: Redis;
  let sources: DataSource[];
  let workers: Settlement[];

  beforeAll(async () => {
    app = await startTestApp({ env: { ROLE: 'api' } });
    redis = new Redis(app.redisUrl);
    sources = await Promise.all(
      Array.from({ length: WORKERS }, () => new DataSource(dataSourceOptions(app.databaseUrl, 2)).initialize()),
    );
    workers = sources.map((source) => new Settlement(source, new ExposureWriter(redis), new SystemClock(), LIMITS));
  });

  afterAll(async () => {
    for (const source of sources) await source.destroy();
    redis.disconnect();
    await app.close();
  });

  /**
   * Each worker takes the next batch once it is done with one, two of them with what waits beside it; every batch is in the
   * queue twice. Answers what failed.
   */
  async function settleAll(batches: readonly string[]): Promise<readonly string[]> {
    const queue = [...batches, ...batches];
    const failures: string[] = [];
    await Promise.all(
      workers.map(async (worker, i) => {
        for (let batch = queue.shift(); batch !== undefined; batch = queue.shift()) {
          const settled: Promise<unknown> = i % 2 === 0 ? worker.settle(batch) : worker.settleTogether(batch);
          await settled.catch((error: Error) => failures.push(error.message));
        }
      }),
    );
    return failures;
  }

  it('wait some seconds for one that is frozen in the midst of a settlement, and blame no batch for it', async () => {
    const sold = await sellCampaign(app);
    const frozen = sources[0]!.createQueryRunner();
    await frozen.startTransaction();
    await frozen.query('SELECT FROM prepaid_accounts WHERE advertiser_id = $1 FOR UPDATE', [sold.advertiserId]);
    const batch = await acceptBatch(app, [eventOf(sold, { messageId: 'behind-the-frozen' })]);
    expect(await workers[1]!.settle(batch)).toBe('settled');
    const gone: unknown = await frozen.query('SELECT').catch((error: unknown) => error);
    expect(failureKind(gone)).toBe('outage');
    await frozen.release();
  }, 30_000);

  it('never deadlock, and make of any batches what SQL makes of them', async () => {
    const anyEvent = fc.record({
      advertiser: fc.nat(ADVERTISERS - 1),
      message: fc.nat(60),
      isClick: fc.boolean(),
      isPaidByClick: fc.boolean(),
      priceMicros: fc.nat(900),
      quarters: fc.nat(5),
    });
    const anyBatches = fc.array(fc.array(anyEvent, { minLength: 6, maxLength: 20 }), {
      minLength: BATCHES,
      maxLength: BATCHES,
    });
    let run = 0;
    await fc.assert(
      fc.asyncProperty(anyBatches, async (plan) => {
        run++;
        const sold: SoldAdGroup[] = [];
        for (let i = 0; i < ADVERTISERS; i++) {
          const budget = i % 2 === 0 ? {} : { dailyMicros: 6_000 };
          sold.push(await sellCampaign(app, { creditMicros: 20_000, campaign: { budget } }));
        }
        const ids: string[] = [];
        for (const events of plan) {
          const batch = events.map(({ advertiser, message, isClick, isPaidByClick, priceMicros, quarters }) =>
            eventOf(sold[advertiser] as SoldAdGroup, {
              messageId: `run-${run}-${advertiser}-${message}`,
              type: isClick ? 'click' : 'impression',
              chargedFor: isPaidByClick ? 'click' : 'impression',
              priceMicros,
              occurredAt: NOON + quarters * 900_000,
            }),
          );
          ids.push(await acceptBatch(app, batch));
        }
        expect(await settleAll(ids)).toEqual([]);
        expect(await findFaults(app.dataSource)).toEqual({});
      }),
      { numRuns: 5, endOnFailure: true },
    );
  }, 120_000);
});
