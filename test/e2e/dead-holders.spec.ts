import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { DeadHolders } from '../../src/delivery/leases/dead-holders.js';
import { LIFETIME_MS } from '../../src/delivery/leases/lease-holder.js';
import type { SettlementProgress } from '../../src/delivery/settlement/settlement-progress.js';
import { createTestDatabase, type TestDatabase } from '../servers/test-database.js';
import { CommitWorld } from './commit-world.js';

const HOLDER = 2;
const NOTHING_WAITS = { settledUntil: 1, counts: { batches: 0, events: 0, parked: 0 } };

describe('claims of a process that seems dead', () => {
  let database: TestDatabase;
  let world: CommitWorld;

  beforeAll(async () => {
    database = await createTestDatabase();
    world = await CommitWorld.before(database.url);
  });

  beforeEach(async () => {
    await world.dataSource.query(
      `INSERT INTO lease_holders (id, alive_until) OVERRIDING SYSTEM VALUE VALUES (${HOLDER}, '2020-01-01')`,
    );
  });

  afterEach(async () => {
    await world.dataSource.query('DELETE FROM lease_holders');
    await world.clear();
  });

  afterAll(async () => {
    await world.close();
    await database.drop();
  });

  const holdersBy = (progress: object) =>
    new DeadHolders(world.dataSource, progress as SettlementProgress, world.clock);
  const isKnown = () => world.holds(`SELECT FROM lease_holders WHERE id = ${HOLDER}`);
  const freeAfter = async (holders: DeadHolders, passedMs: number): Promise<boolean> => {
    world.clock.passedMs += passedMs;
    await holders.free();
    return !(await isKnown());
  };

  it.each([
    ['nobody knows yet how many events wait', { ...NOTHING_WAITS, settledUntil: 0 }],
    ['very many events wait', { ...NOTHING_WAITS, counts: { ...NOTHING_WAITS.counts, events: 200_001 } }],
  ])('are not freed while %s', async (_while, progress) => {
    const holders = holdersBy(progress);
    expect(await freeAfter(holders, 0)).toBe(false);
    expect(await freeAfter(holders, LIFETIME_MS)).toBe(false);
  });

  it('are freed once it was watched for long enough', async () => {
    const holders = holdersBy(NOTHING_WAITS);
    expect(await freeAfter(holders, 0)).toBe(false);
    expect(await freeAfter(holders, LIFETIME_MS - 1_000)).toBe(false);
    expect(await freeAfter(holders, 1_000)).toBe(true);
  });

  it('are not freed when it gives signs of life, however far the clock of Postgres has jumped ahead', async () => {
    const holders = holdersBy(NOTHING_WAITS);
    expect(await freeAfter(holders, 0)).toBe(false);
    for (const day of [2, 3]) {
      await world.dataSource.query(`UPDATE lease_holders SET alive_until = '2020-01-0${day}' WHERE id = ${HOLDER}`);
      expect(await freeAfter(holders, LIFETIME_MS)).toBe(false);
    }
    expect(await freeAfter(holders, LIFETIME_MS)).toBe(true);
  });
});
