import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { BreakableProxy } from '../servers/breakable-proxy.js';
import { eventually, startTestApp, type TestApp } from '../servers/test-app.js';
import {
  at,
  createAdvertiser,
  createServingCampaign,
  impressions,
  match,
  untilKnown,
  untilSettled,
} from './fixtures.js';
import { untilSettling, whileEventsAreLocked, whileSettlementHalts, whileSettlementWaits } from './held-settlement.js';
import { findFaults, snapshot } from './settlement-oracle.js';

const NOON = at('2026-11-20T03:00:00Z');
const CLOCK = { CLOCK: 'simulated' };

describe('settlement that is interrupted', () => {
  let api: TestApp;
  let redis: Redis;
  let postgresOfWorker: BreakableProxy;
  let redisOfWorker: BreakableProxy;
  let worker: TestApp | null;
  let advertiserId: string;

  beforeEach(async () => {
    api = await startTestApp({ env: { ...CLOCK, ROLE: 'api' } });
    redis = new Redis(api.redisUrl);
    postgresOfWorker = await BreakableProxy.before(api.databaseUrl);
    redisOfWorker = await BreakableProxy.before(api.redisUrl);
    worker = null;
    advertiserId = await createAdvertiser(api);
    const { adGroupId } = await createServingCampaign(api, advertiserId);
    await untilKnown(api, adGroupId, NOON);
  });

  afterEach(async () => {
    // With what it needs at hand, a worker ends at once.
    await Promise.all([postgresOfWorker.mend(), redisOfWorker.mend()]);
    await worker?.close();
    await Promise.all([postgresOfWorker.cut(), redisOfWorker.cut()]);
    redis.disconnect();
    await api.close();
  });

  async function startWorker(): Promise<void> {
    const urls = { databaseUrl: postgresOfWorker.url, redisUrl: redisOfWorker.url };
    worker = await startTestApp({ ...urls, env: { ...CLOCK, ROLE: 'worker' } });
  }

  /** So many impressions, one a batch. After a loss of Redis, the first matches may find nothing. */
  async function show(count: number): Promise<void> {
    for (let i = 0; i < count; i++) {
      const messages = await eventually(async () => {
        const { body } = await match(api, `member-${i}`, {}, NOON);
        return body.messages.length > 0 && (body.messages as { token: string }[]);
      });
      expect(messages).toHaveLength(1);
      expect((await api.request('POST', '/v1/events', impressions(messages), NOON)).status).toBe(202);
    }
  }

  async function expectAllSettled(count: number): Promise<void> {
    await untilSettled(api);
    expect(await findFaults(api.dataSource)).toEqual({});
    const [row] = await api.dataSource.query<{ impressions: string }[]>(
      'SELECT sum(impressions)::text AS impressions FROM report_rows',
    );
    expect(row?.impressions).toBe(String(count));
  }

  async function failures(): Promise<readonly { attempts: number; last_error: string }[]> {
    return api.dataSource.query(
      'SELECT attempts, last_error FROM event_batches WHERE settled_at IS NULL AND last_error IS NOT NULL',
    );
  }

  it('finds the batches whose jobs were lost with Redis', async () => {
    await show(3);
    await redis.flushdb();
    await startWorker();
    await expectAllSettled(3);
  });

  it('finds a batch of whose job only the name is left', async () => {
    await show(1);
    expect(await redis.del('{matchum:bull}:settlement:wait')).toBe(1);
    await startWorker();
    await expectAllSettled(1);
  });

  it('goes on when jobs are lost while they run', async () => {
    await startWorker();
    await whileSettlementWaits(api, advertiserId, async () => {
      await show(2);
      await redis.flushdb();
    });
    await show(2);
    await expectAllSettled(4);
  });

  it('goes on when Redis loses everything half-way through a settlement', async () => {
    await startWorker();
    await whileSettlementHalts(api, async () => {
      await show(2);
      await untilSettling(api);
      await redis.flushdb();
    });
    await expectAllSettled(2);
  });

  it('undoes all of a batch whose impressions could not be confirmed, and does it again when Redis is back', async () => {
    await show(1);
    const before = await snapshot(api.dataSource);
    await whileEventsAreLocked(api, async () => {
      await startWorker();
      await untilSettling(api);
      await redisOfWorker.cut();
    });
    const [failure] = await eventually(async () => {
      const found = await failures();
      return found.length > 0 && found;
    });
    expect(failure?.last_error).toMatch(/closed|writeable|ECONNREFUSED/);
    // An outage does not count against the batch.
    expect(failure?.attempts).toBe(0);
    expect(await snapshot(api.dataSource)).toEqual(before);
    await redisOfWorker.mend();
    await expectAllSettled(1);
  });

  it('undoes all of a batch when Postgres goes away, and does it again when it is back', async () => {
    await startWorker();
    await whileSettlementHalts(api, async () => {
      await show(1);
      await untilSettling(api);
      await postgresOfWorker.cut();
    });
    await postgresOfWorker.mend();
    await expectAllSettled(1);
  });
});
