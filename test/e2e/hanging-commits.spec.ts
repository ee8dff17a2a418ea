import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import pg from 'pg';
import { COMMIT_LOCK_SPACE, commitLockKey } from '../../src/delivery/delivery.api.js';
import { COMMIT_LOCK_STEP_MS, readCommitLocks } from '../../src/delivery/settlement/commit-locks.js';
import { DeadHolders } from '../../src/delivery/leases/dead-holders.js';
import { LIFETIME_MS } from '../../src/delivery/leases/lease-holder.js';
import {
  CLOCK_MARGIN_MS,
  LONGEST_COMMIT_MS,
  type SettlementProgress,
} from '../../src/delivery/settlement/settlement-progress.js';
import { insertBatch } from '../../src/tracking/insert-batch.js';
import { IntakeMark } from '../../src/tracking/intake-mark.js';
import { POSTGRES_URL, sharedServer } from '../servers/addresses.js';
import { createTestDatabase, type TestDatabase } from '../servers/test-database.js';
import { until } from '../servers/until.js';
import { CommitWorld } from './commit-world.js';
import { eventOf } from './settlement-world.js';

const SOLD = { advertiserId: 'adv', campaignId: 'cmp', adGroupId: 'adg', creativeId: 'crv' };
/** Of the events made up here. */
const HOLDER = 1;
const OVER_MS = LONGEST_COMMIT_MS + 1_000;
const NOTHING_WAITS = { settledUntil: 1, counts: { batches: 0, events: 0, parked: 0 } } as SettlementProgress;

describe('a COMMIT that hangs', () => {
  let database: TestDatabase;
  let world: CommitWorld;
  let mark: IntakeMark;
  let receivedAt: number;

  beforeAll(async () => {
    database = await createTestDatabase();
    world = await CommitWorld.before(database.url);
  });

  /** A process that takes events in, and an event of now. */
  beforeEach(async () => {
    mark = new IntakeMark(world.dataSource, world.clock);
    await mark.tell();
    receivedAt = mark.receivedAt(world.clock.now());
  });

  afterEach(() => world.clear());

  afterAll(async () => {
    await world.close();
    await database.drop();
  });

  const beginHanging = () => world.beginHanging(receivedAt, mark.current!.openUntil);

  async function expectHeldUntilSettled(): Promise<void> {
    expect(await world.settledUntil()).toBe(receivedAt - (receivedAt % COMMIT_LOCK_STEP_MS));
    await world.goOn();
    expect(await world.settledUntil()).toBe(receivedAt);
    await world.settle();
    expect(await world.settledUntil()).toBeGreaterThan(world.clock.now() - CLOCK_MARGIN_MS - 1_000);
  }

  it('is waited for long after its process died', async () => {
    await beginHanging();
    await world.pass(OVER_MS);
    await expectHeldUntilSettled();
  });

  it('is waited for although its process has given it up, and goes on', async () => {
    await mark.onApplicationBootstrap();
    receivedAt = mark.receivedAt(world.clock.now());
    const pending = mark.begin(receivedAt);
    await beginHanging();
    mark.doubt(pending);
    world.clock.passedMs += OVER_MS;
    const told = `SELECT FROM event_intakes WHERE committed_until > '${new Date(receivedAt + OVER_MS).toISOString()}'`;
    await until('its process tells of later', () => world.holds(told));
    await expectHeldUntilSettled();
    await mark.leave();
  });

  it('may end at any time while it is looked for', async () => {
    await beginHanging();
    await world.pass(OVER_MS);
    expect(await world.settledUntilAround(() => world.goOn())).toBeLessThanOrEqual(receivedAt);
  });

  it('may begin after locks were looked for, and its process die before batches are', async () => {
    world.clock.passedMs += 2 * CLOCK_MARGIN_MS;
    const after = world.settledUntilAround(async () => {
      await beginHanging();
      await world.pass(OVER_MS);
    }, OVER_MS);
    expect(await after).toBeLessThanOrEqual(receivedAt);
  });

  it('keeps the claims of a dead process whose events it may bring', async () => {
    const dead = `INSERT INTO lease_holders (id, alive_until) OVERRIDING SYSTEM VALUE VALUES (${HOLDER}, '2020-01-01')`;
    await world.dataSource.query(dead);
    const isKept = async (): Promise<boolean> => {
      const holders = new DeadHolders(world.dataSource, NOTHING_WAITS, world.clock);
      await holders.free();
      world.clock.passedMs += LIFETIME_MS;
      await holders.free();
      return world.holds(`SELECT FROM lease_holders WHERE id = ${HOLDER}`);
    };
    await beginHanging();
    await world.pass(OVER_MS);
    expect(await isKept()).toBe(true);
    await world.goOn();
    expect(await isKept()).toBe(true);
    await world.settle();
    expect(await isKept()).toBe(false);
  });

  it('has its lock before it looks whether it may begin', async () => {
    const runner = world.dataSource.createQueryRunner();
    const lock = `${COMMIT_LOCK_SPACE}, ${commitLockKey(receivedAt)}`;
    await runner.query(`SELECT pg_advisory_lock(${lock})`);
    const openUntil = new Date(Date.now() + 300);
    const event = eventOf(SOLD, { messageId: 'M', occurredAt: receivedAt });
    const inserted = insertBatch(world.dataSource, { batchId: 'bat_late', openUntil }, [event]);
    const waits = "SELECT FROM pg_locks WHERE locktype = 'advisory' AND NOT granted";
    await until('it waits for the lock', () => world.holds(waits));
    await until('it may not begin any more', () => Promise.resolve(new Date() > openUntil));
    await runner.query(`SELECT pg_advisory_unlock(${lock})`);
    await runner.release();
    expect(await inserted).toBeNull();
    expect(await world.holds('SELECT FROM events')).toBe(false);
  });

  it('is known by its lock in all years that may be', async () => {
    const runner = world.dataSource.createQueryRunner();
    const years = fc.integer({ min: 0, max: Date.UTC(2200, 0, 1) - 1 });
    await fc.assert(
      fc.asyncProperty(years, years, async (...times) => {
        await runner.query('BEGIN');
        for (const time of times) {
          await runner.query(`SELECT pg_advisory_xact_lock_shared(${COMMIT_LOCK_SPACE}, $1)`, [commitLockKey(time)]);
        }
        const { receivedFrom } = await readCommitLocks(world.dataSource);
        await runner.query('COMMIT');
        const earliest = Math.min(...times);
        expect(receivedFrom).toBe(earliest - (earliest % COMMIT_LOCK_STEP_MS));
      }),
      {
        numRuns: 50,
        examples: [
          [0, 1],
          [Date.UTC(2199, 11, 31), Date.UTC(2106, 1, 8)],
        ],
      },
    );
    await runner.release();
  });

  it('is not taken for one of another database, nor for another lock', async () => {
    const elsewhere = new pg.Client({ connectionString: sharedServer(POSTGRES_URL) });
    await elsewhere.connect();
    const runner = world.dataSource.createQueryRunner();
    await elsewhere.query(`SELECT pg_advisory_lock_shared(${COMMIT_LOCK_SPACE}, 5)`);
    await runner.query('BEGIN');
    await runner.query(`SELECT pg_advisory_xact_lock(${COMMIT_LOCK_SPACE - 1}, 5)`);
    await runner.query(`SELECT pg_advisory_xact_lock((${COMMIT_LOCK_SPACE}::bigint << 32) + 5)`);
    expect((await readCommitLocks(world.dataSource)).receivedFrom).toBe(Infinity);
    await runner.query('COMMIT');
    await runner.release();
    await elsewhere.end();
  });
});
