import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { SystemClock } from '../../src/platform/clock.js';
import { ExposureWriter } from '../../src/delivery/exposure/exposure-writer.js';
import { BatchParking } from '../../src/delivery/settlement/batch-parking.js';
import { Settlement } from '../../src/delivery/settlement/settlement.js';
import { startTestApp, type TestApp } from '../servers/test-app.js';
import { findFaults } from './settlement-oracle.js';
import { acceptBatch, eventOf, LIMITS, sellCampaign, type SoldAdGroup } from './settlement-world.js';

describe('batches that wait together', () => {
  let app: TestApp;
  let redis: Redis;
  let settlement: Settlement;
  let parking: BatchParking;
  let sold: SoldAdGroup;
  /** Of which no event can be settled. */
  let poisoned: SoldAdGroup;
  let messages = 0;

  beforeAll(async () => {
    app = await startTestApp({ env: { ROLE: 'api' } });
    redis = new Redis(app.redisUrl);
    const exposure = new ExposureWriter(redis);
    settlement = new Settlement(app.dataSource, exposure, new SystemClock(), LIMITS);
    parking = new BatchParking(app.dataSource, exposure, new SystemClock());
    sold = await sellCampaign(app);
    poisoned = await sellCampaign(app);
    await app.dataSource.query(`
      CREATE FUNCTION refuse_report_rows() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        IF NEW.creative_id = '${poisoned.creativeId}' THEN RAISE EXCEPTION 'poisoned'; END IF;
        RETURN NEW;
      END $$`);
    await app.dataSource.query(
      'CREATE TRIGGER refuse BEFORE INSERT ON report_rows FOR EACH ROW EXECUTE FUNCTION refuse_report_rows()',
    );
  });

  afterAll(async () => {
    redis.disconnect();
    await app.close();
  });

  const accept = (of: SoldAdGroup): Promise<string> => acceptBatch(app, [eventOf(of, { messageId: `m${messages++}` })]);

  async function unsettled(): Promise<readonly string[]> {
    const rows = await app.dataSource.query<{ id: string }[]>(
      'SELECT id FROM event_batches WHERE settled_at IS NULL ORDER BY id',
    );
    return rows.map(({ id }) => id);
  }

  it('are settled by one call, and the calls for the others find nothing to do', async () => {
    const [first = '', second = '', third = ''] = [await accept(sold), await accept(sold), await accept(sold)];
    expect(await settlement.settleTogether(second)).toBe(3);
    expect(await unsettled()).toEqual([]);
    expect(await settlement.settleTogether(first)).toBe(0);
    expect(await settlement.settle(third)).toBe('settled_before');
    expect(await findFaults(app.dataSource)).toEqual({});
  });

  it('are settled one by one where one of them can not be, and only that one fails', async () => {
    const [good, bad, other] = [await accept(sold), await accept(poisoned), await accept(sold)];
    expect(await settlement.settleTogether(good)).toBe(1);
    expect(await unsettled()).toEqual([bad, other]);
    await expect(settlement.settleTogether(bad)).rejects.toThrow('poisoned');
    expect(await unsettled()).toEqual([bad, other]);
    // Once its failure is known, nobody takes it along, nor does it take others.
    await parking.recordFailure(bad, new Error('poisoned'));
    const more = await accept(sold);
    expect(await settlement.settleTogether(other)).toBe(2);
    expect(await unsettled()).toEqual([bad]);
    const last = await accept(sold);
    await expect(settlement.settleTogether(bad)).rejects.toThrow('poisoned');
    expect(await unsettled()).toEqual([bad, last]);
    expect(await settlement.settle(more)).toBe('settled_before');
    // All that failed left nothing behind.
    await app.dataSource.query('DROP TRIGGER refuse ON report_rows');
    expect(await settlement.settleTogether(bad)).toBe(1);
    expect(await unsettled()).toEqual([last]);
    expect(await settlement.settle(last)).toBe('settled');
    expect(await findFaults(app.dataSource)).toEqual({});
  });
});
