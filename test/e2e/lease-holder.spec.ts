import { performance } from 'node:perf_hooks';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { DataSource } from 'typeorm';
import { LeaseHolder } from '../../src/delivery/leases/lease-holder.js';
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
  /** What the process was known by at each time that it lost its claims. */
  let lost: (number | null)[];
  const renew = (): Promise<void> => holder.renew(() => lost.push(holder.id));

  beforeAll(async () => {
    database = await createTestDatabase();
    postgres = await BreakableProxy.before(database.url);
    source = await new DataSource(dataSourceOptions(postgres.url, 2)).initialize();
  });

  beforeEach(() => {
    jest.spyOn(performance, 'now').mockImplementation(() => tick);
    holder = new LeaseHolder(source);
    lost = [];
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
    await renew();
    expect(holder.id).not.toBeNull();
    expect(lost).toEqual([null]);
  });

  it('promises nothing any more once others may count it as dead, until it can tell them that it is not', async () => {
    await renew();
    const { id } = holder;
    await postgres.cut();
    tick += LIFETIME_MS - 1;
    await expect(renew()).rejects.toThrow();
    expect(holder.id).toBe(id);
    tick += 1;
    expect(holder.id).toBeNull();
    await expect(renew()).rejects.toThrow();
    expect(holder.id).toBeNull();
    await postgres.mend();
    await renew();
    expect(holder.id).toBe(id);
    expect(lost).toHaveLength(1);
  });

  it('promises nothing as another one, before it has forgotten the claims that others have freed meanwhile', async () => {
    await renew();
    const { id } = holder;
    tick += LIFETIME_MS;
    await source.query('DELETE FROM lease_holders WHERE id = $1', [id]);
    await source.query('ALTER TABLE lease_holders RENAME TO no_holders');
    await expect(renew()).rejects.toThrow();
    await source.query('ALTER TABLE no_holders RENAME TO lease_holders');
    expect([holder.id, lost]).toEqual([null, [null]]);
    await renew();
    expect(holder.id).toBeGreaterThan(id!);
    expect(lost).toEqual([null, null]);
  });

  it('promises nothing any more from when it hears that others have freed its claims, though its clock stood still', async () => {
    await renew();
    const { id } = holder;
    tick += LIFETIME_MS - 1;
    await source.query('DELETE FROM lease_holders WHERE id = $1', [id]);
    await source.query('ALTER TABLE lease_holders ALTER id SET MAXVALUE 1000 RESTART WITH 1000');
    await source.query("SELECT nextval(pg_get_serial_sequence('lease_holders', 'id'))");
    await expect(renew()).rejects.toThrow();
    expect(holder.id).toBeNull();
    await source.query('ALTER TABLE lease_holders ALTER id SET NO MAXVALUE');
  });

  it('lives from when its sign of life was sent, not from when that was answered', async () => {
    const renewed = renew();
    tick += LIFETIME_MS;
    await renewed;
    expect(holder.id).toBeNull();
  });
});
