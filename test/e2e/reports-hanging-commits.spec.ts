import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import type { DataSource, EntityManager } from 'typeorm';
import { COMMIT_LOCK_STEP_MS } from '../../src/delivery/settlement/commit-locks.js';
import { CLOCK_MARGIN_MS } from '../../src/delivery/settlement/settlement-progress.js';
import { parseReportRequest } from '../../src/reporting/parse-report-request.js';
import { ReportsService, type WrittenReport } from '../../src/reporting/reports.service.js';
import { IntakeMark } from '../../src/tracking/intake-mark.js';
import { createTestDatabase, type TestDatabase } from '../servers/test-database.js';
import { CommitWorld } from './commit-world.js';

const ANALYST = { keyId: 'key', role: 'analyst', advertiserId: null } as const;
const QUARTER_MS = 15 * 60_000;
const HOUR_MS = 4 * QUARTER_MS;
const DAY_MS = 24 * HOUR_MS;
/** When reports are asked for: holds of ten minutes and commits are long over. */
const LATER_MS = 2 * DAY_MS;

describe('a report while a COMMIT hangs', () => {
  let database: TestDatabase;
  let world: CommitWorld;
  let receivedAt: number;

  beforeAll(async () => {
    database = await createTestDatabase();
    world = await CommitWorld.before(database.url);
  });

  afterEach(async () => {
    await world.clear();
    await world.dataSource.query('UPDATE placements SET hold_seconds = 600');
    await world.dataSource.query('UPDATE placements SET earlier_hold_seconds = NULL, hold_changed_at = NULL');
  });

  afterAll(async () => {
    await world.close();
    await database.drop();
  });

  beforeEach(hangForLong);

  async function hangForLong(): Promise<void> {
    const mark = new IntakeMark(world.dataSource, world.clock);
    await mark.tell();
    receivedAt = mark.receivedAt(world.clock.now());
    await world.beginHanging(receivedAt, mark.current!.openUntil);
    await world.pass(LATER_MS);
  }

  /** Of a day up to the quarter of an hour that `until`, epoch ms, is in. */
  function report(until: number, dataSource: DataSource = world.dataSource): Promise<WrittenReport> {
    const to = until - (until % QUARTER_MS);
    const [from, end] = [to - DAY_MS, to].map((ms) => new Date(ms).toISOString());
    const request = parseReportRequest({ from, to: end });
    return new ReportsService(dataSource, world.clock).write(request, 'json', ANALYST, world.clock.now());
  }

  it('is as of when the events of it came, and not final, until they are settled', async () => {
    const withThem = receivedAt + QUARTER_MS;
    const lockedFrom = receivedAt - (receivedAt % COMMIT_LOCK_STEP_MS);
    expect(await report(withThem)).toMatchObject({ asOf: lockedFrom, isFinal: false });
    await world.goOn();
    expect(await report(withThem)).toMatchObject({ asOf: receivedAt, isFinal: false });
    await world.settle();
    const { asOf, isFinal } = await report(withThem);
    expect(isFinal).toBe(true);
    expect(asOf).toBeGreaterThan(receivedAt + LATER_MS - CLOCK_MARGIN_MS);
    expect(asOf).toBeLessThanOrEqual(world.clock.now() - CLOCK_MARGIN_MS);
  });

  it('is not final where the COMMIT ends after any of its statements', async () => {
    for (let ends = 1, statements = ends; ends <= statements; ends++) {
      const interrupted = new InterruptedReads(world, ends);
      const { asOf, isFinal } = await report(receivedAt + QUARTER_MS, interrupted as unknown as DataSource);
      expect({ ends, isFinal, isKnown: asOf <= receivedAt }).toEqual({ ends, isFinal: false, isKnown: true });
      statements = interrupted.statements;
      await world.clear();
      await hangForLong();
    }
  });

  it('allows for what a hold time was when the events of it came', async () => {
    const hold = (seconds: number, since: number): Promise<unknown> =>
      world.dataSource.query(`UPDATE placements SET hold_seconds = $1, updated_at = $2 WHERE id = 'chat_list'`, [
        seconds,
        new Date(since),
      ]);
    const before = receivedAt - 2 * HOUR_MS;
    // Whatever hangs came too late for it.
    expect(await report(before)).toMatchObject({ isFinal: true });
    await hold(3 * 3_600, receivedAt - DAY_MS);
    await hold(600, receivedAt + HOUR_MS);
    await hold(300, receivedAt + DAY_MS);
    expect(await report(before)).toMatchObject({ isFinal: false });
  });
});

/** What hangs goes on after the `endsAfter`-th statement. */
class InterruptedReads {
  statements = 0;

  constructor(
    private readonly world: CommitWorld,
    private readonly endsAfter: number,
  ) {}

  query = (sql: string, parameters?: unknown[]): Promise<unknown> =>
    this.interrupt(this.world.dataSource.query(sql, parameters));

  transaction<T>(isolation: 'REPEATABLE READ', run: (tx: EntityManager) => Promise<T>): Promise<T> {
    return this.world.dataSource.transaction(isolation, (tx) => {
      const query = (sql: string, parameters?: unknown[]): Promise<unknown> =>
        this.interrupt(tx.query(sql, parameters));
      return run({ query } as unknown as EntityManager);
    });
  }

  private async interrupt<T>(statement: Promise<T>): Promise<T> {
    const result = await statement;
    if (++this.statements === this.endsAfter) await this.world.goOn();
    return result;
  }
}
