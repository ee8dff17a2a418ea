import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { ExposureWriter } from '../../src/delivery/exposure/exposure-writer.js';
import { BatchParking, MOST_ATTEMPTS } from '../../src/delivery/settlement/batch-parking.js';
import { InvariantViolation } from '../../src/core/invariant-violation.js';
import { SystemClock } from '../../src/platform/clock.js';
import { newId } from '../../src/platform/ids.js';
import { startTestApp, type TestApp } from '../servers/test-app.js';
import { acceptBatch, eventOf, sellCampaign, type SoldAdGroup } from './settlement-world.js';

describe('event batches as operators see them', () => {
  let app: TestApp;
  let redis: Redis;
  let sold: SoldAdGroup;
  let parking: BatchParking;
  let messages = 0;

  beforeAll(async () => {
    app = await startTestApp({ env: { ROLE: 'api' } });
    redis = new Redis(app.redisUrl);
    sold = await sellCampaign(app);
    parking = new BatchParking(app.dataSource, new ExposureWriter(redis), new SystemClock());
  });

  afterAll(async () => {
    redis.disconnect();
    await app.close();
  });

  const acceptOne = () => acceptBatch(app, [eventOf(sold, { messageId: `ops-${messages++}` })]);
  const read = (id: string) => app.request('GET', `/v1/ops/batches/${id}`);
  const retry = (id: string, body?: unknown) => app.request('POST', `/v1/ops/batches/${id}/retry`, body);
  const settle = (id: string) =>
    app.dataSource.query('UPDATE event_batches SET settled_at = now(), parked_at = NULL WHERE id = $1', [id]);

  async function ids(query: string): Promise<readonly string[]> {
    const { status, body } = await app.request('GET', `/v1/ops/batches?${query}`);
    expect(status).toBe(200);
    return (body.data as { id: string }[]).map(({ id }) => id);
  }

  it('are parked at once for a permanent cause, after eight failures of another, and never for an outage', async () => {
    const [permanent, failing, unlucky] = [await acceptOne(), await acceptOne(), await acceptOne()];
    expect(await parking.recordFailure(permanent, new InvariantViolation('broken'))).toBe('parked');
    for (let n = 1; n < MOST_ATTEMPTS; n++)
      expect(await parking.recordFailure(failing, new Error('odd'))).toBe('waits');
    expect((await read(failing)).body).toMatchObject({ status: 'waiting', attempts: MOST_ATTEMPTS - 1 });
    expect(await parking.recordFailure(failing, new Error('odd'))).toBe('parked');
    for (let n = 0; n < 3 * MOST_ATTEMPTS; n++) {
      expect(await parking.recordFailure(unlucky, new Error('Connection is closed.'))).toBe('waits');
    }
    expect((await read(permanent)).body).toMatchObject({ status: 'parked', attempts: 1, lastError: 'broken' });
    expect((await read(failing)).body).toMatchObject({ status: 'parked', attempts: MOST_ATTEMPTS });
    expect((await read(unlucky)).body).toMatchObject({ status: 'waiting', attempts: 0, parkedAt: null });
    // Of one that is over, nothing is recorded any more.
    await settle(unlucky);
    expect(await parking.recordFailure(unlucky, new InvariantViolation('late'))).toBe('over');
    expect((await read(unlucky)).body).toMatchObject({ status: 'settled', attempts: 0, parkedAt: null });
  });

  it('are parked by one of those who find them broken, and not by one who comes later', async () => {
    const batch = await acceptOne();
    const record = () => parking.recordFailure(batch, new InvariantViolation('broken'));
    expect((await Promise.all([record(), record(), record()])).sort()).toEqual(['over', 'over', 'parked']);
    expect(await record()).toBe('over');
  });

  it('are not parked while their impressions can not be confirmed', async () => {
    const batch = await acceptOne();
    const away = new Redis(app.redisUrl, { lazyConnect: true, enableOfflineQueue: false });
    const cutOff = new BatchParking(app.dataSource, new ExposureWriter(away), new SystemClock());
    await expect(cutOff.recordFailure(batch, new InvariantViolation('broken'))).rejects.toThrow(/writeable/);
    expect((await read(batch)).body).toMatchObject({ status: 'waiting', attempts: 1, parkedAt: null });
    away.disconnect();
    await settle(batch);
  });

  it('are listed by status, page by page', async () => {
    const made = [await acceptOne(), await acceptOne(), await acceptOne(), await acceptOne()] as const;
    await parking.recordFailure(made[1], new InvariantViolation('broken'));
    await settle(made[2]);
    const ofMine = (found: readonly string[]) => found.filter((id) => (made as readonly string[]).includes(id));
    expect(ofMine(await ids('limit=500'))).toEqual(made);
    expect(ofMine(await ids('status=waiting'))).toEqual([made[0], made[3]]);
    expect(ofMine(await ids('status=parked'))).toEqual([made[1]]);
    expect(ofMine(await ids('status=settled'))).toEqual([made[2]]);
    const paged: string[] = [];
    for (let cursor: string | null = ''; cursor !== null;) {
      const path: string = `/v1/ops/batches?status=waiting&limit=1${cursor === '' ? '' : `&cursor=${cursor}`}`;
      const { body } = await app.request('GET', path);
      expect(body.data.length).toBeLessThanOrEqual(1);
      paged.push(...(body.data as { id: string }[]).map(({ id }) => id));
      cursor = body.nextCursor as string | null;
    }
    expect(ofMine(paged)).toEqual([made[0], made[3]]);
    for (const wrong of ['status=lost', 'limit=0', 'advertiserId=x']) {
      expect((await app.request('GET', `/v1/ops/batches?${wrong}`)).status).toBe(422);
    }
  });

  it('are retried once, however often it is asked for, and not when they are settled', async () => {
    const batch = await acceptOne();
    await parking.recordFailure(batch, new InvariantViolation('broken'));
    const answers = await Promise.all([retry(batch), retry(batch, {}), retry(batch)]);
    for (const { status, body } of answers) {
      expect({ status, body }).toMatchObject({ status: 200, body: { id: batch, status: 'waiting', attempts: 0 } });
    }
    const jobs = await redis.keys(`{matchum:bull}:settlement:${batch}.parked-*`);
    expect(jobs).toHaveLength(1);
    await settle(batch);
    expect(await retry(batch)).toMatchObject({ status: 409, body: { code: 'batch_settled' } });
    expect((await retry(batch, { force: true })).status).toBe(422);
  });

  it('are not there under other ids', async () => {
    for (const id of [newId('batch'), newId('campaign'), 'bat_1', 'a%20b', "'"]) {
      expect((await read(id)).status).toBe(404);
      expect((await retry(id)).status).toBe(404);
    }
  });

  it('are for admins only', async () => {
    for (const role of ['chat', 'analyst', 'advertiser']) {
      const binding = role === 'advertiser' ? { advertiserId: sold.advertiserId } : {};
      const { body } = await app.request('POST', '/v1/api-keys', { role, name: role, ...binding });
      for (const [method, path] of [
        ['GET', '/v1/ops/batches'],
        ['GET', `/v1/ops/batches/${newId('batch')}`],
        ['POST', `/v1/ops/batches/${newId('batch')}/retry`],
      ] as const) {
        const { status } = await app.request(method, path, undefined, { key: body.key as string });
        expect({ role, path, status }).toEqual({ role, path, status: 403 });
      }
    }
  });

  it('tell no member’s id in their error, whatever quoted it', async () => {
    const secret = 'member-of-nobody-4711';
    const key = 'of-another-type';
    await redis.lpush(key, secret);
    const failures = [
      () => app.dataSource.query('SELECT $1::integer', [secret]),
      () => app.dataSource.query('SELECT pg_catalog.set_config($1, $1, true)', [secret]),
      () => redis.eval(`return redis.call('GET', '${secret}' .. KEYS[9])`, 0),
      () => redis.get(key),
      () => Promise.reject(new TypeError(secret)),
    ];
    for (const fail of failures) {
      const batch = await acceptOne();
      await fail().then(
        () => expect('a failure').toBe('there'),
        (error: unknown) => parking.recordFailure(batch, error),
      );
      const { text, body } = await read(batch);
      expect(body.lastError).toMatch(/\w{3}/);
      expect(text).not.toContain(secret);
    }
  });
});
