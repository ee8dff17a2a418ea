import { performance } from 'node:perf_hooks';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { DataSource } from 'typeorm';
import { LeaseHolder } from '../../src/delivery/leases/lease-holder.js';
import { SystemClock } from '../../src/platform/clock.js';
import { dataSourceOptions } from '../../src/platform/database/data-source.js';
import { BreakableProxy } from '../servers/breakable-proxy.js';
import { createTestDatabase, type TestDatabase } from '../servers/test-database.js';

/** So long after its last sign of life, others may count a process as dead. */
const LIFETIME_MS = 30_000;

describe('a process as a holder of leases', () => {
  let database: TestDatabase;
  let postgres: BreakableProxy;
  let source: DataSource;
  let holder: LeaseHolder;
  let tick = 0;

  beforeAll(async () => {
    database = await createTestDatabase();
    postgres = await BreakableProxy.before(database.url);
    source = await new DataSource(dataSourceOptions(postgres.url, 2)).initialize();
  });

  beforeEach(() => {
    jest.spyOn(performance, 'now').mockImplementation(() => tick);
    holder = new LeaseHolder(source, new SystemClock());
  });

  afterEach(async () => {
    jest.restoreAllMocks();
    await postgres.mend();
  });

  afterAll(async () => {
    await source.destroy();
    await postgres.cut();
    await database.drop();
  });

  it('promises nothing before its first sign of life', async () => {
    expect(holder.id).toBeNull();
    expect(await holder.renew()).toBe(true);
    expect(holder.id).not.toBeNull();
  });

  it('promises nothing any more once others may count it as dead, until it can tell them that it is not', async () => {
    await holder.renew();
    const { id } = holder;
    await postgres.cut();
    tick += LIFETIME_MS - 1;
    await expect(holder.renew()).rejects.toThrow();
    expect(holder.id).toBe(id);
    tick += 1;
    expect(holder.id).toBeNull();
    await expect(holder.renew()).rejects.toThrow();
    expect(holder.id).toBeNull();
    await postgres.mend();
    expect(await holder.renew()).toBe(false);
    expect(holder.id).toBe(id);
  });

  it('lives from when its sign of life was sent, not from when that was answered', async () => {
    const renewed = holder.renew();
    tick += LIFETIME_MS;
    await renewed;
    expect(holder.id).toBeNull();
  });
});
