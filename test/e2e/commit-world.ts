import { performance } from 'node:perf_hooks';
import { jest } from '@jest/globals';
import { DataSource, type QueryRunner } from 'typeorm';
import { SettlementProgress } from '../../src/delivery/delivery.api.js';
import { SystemClock } from '../../src/platform/clock.js';
import { dataSourceOptions } from '../../src/platform/database/data-source.js';
import type { RuntimeConfig } from '../../src/platform/platform.module.js';
import { insertBatch } from '../../src/tracking/insert-batch.js';
import { until } from '../servers/until.js';
import { eventOf } from './settlement-world.js';

const SOLD = { advertiserId: 'adv', campaignId: 'cmp', adGroupId: 'adg', creativeId: 'crv' };
const CONFIG = { maxSettlementLagSeconds: 300, maxUnsettledEvents: 1_000_000 } as RuntimeConfig;
/** For commits alone. */
const STATEMENT_TIMEOUT_MS = 500;
const HANG = '7, 7';

/** Time goes on for the product, and for Postgres where that is said. */
class PassingClock extends SystemClock {
  passedMs = 0;

  override now = (): number => Date.now() + this.passedMs;
  override reached = this.now;
}

/** A Postgres whose commits of batches hang when the test says so, as with a disk that stalls. */
export class CommitWorld {
  readonly clock = new PassingClock();
  private hanging: QueryRunner | null = null;
  private commit: Promise<unknown> = Promise.resolve();
  private batches = 0;

  private constructor(readonly dataSource: DataSource) {}

  static async before(databaseUrl: string): Promise<CommitWorld> {
    const dataSource = await new DataSource(dataSourceOptions(databaseUrl, 8)).initialize();
    await dataSource.query(`
      CREATE FUNCTION hang() RETURNS trigger LANGUAGE plpgsql AS $$
        BEGIN PERFORM pg_advisory_xact_lock_shared(${HANG}); RETURN NULL; END $$;
      CREATE CONSTRAINT TRIGGER hang AFTER INSERT ON event_batches
        DEFERRABLE INITIALLY DEFERRED FOR EACH ROW EXECUTE FUNCTION hang();`);
    const world = new CommitWorld(dataSource);
    const read = performance.now.bind(performance);
    jest.spyOn(performance, 'now').mockImplementation(() => read() + world.clock.passedMs);
    return world;
  }

  /** Begins to commit an event, and answers once that has hung for longer than a statement may take. */
  async beginHanging(receivedAt: number, openUntil: Date): Promise<void> {
    this.hanging = this.dataSource.createQueryRunner();
    await this.hanging.query(`SELECT pg_advisory_lock(${HANG})`);
    const runner = this.dataSource.createQueryRunner();
    await runner.query(`SET statement_timeout = ${STATEMENT_TIMEOUT_MS}`);
    const event = eventOf(SOLD, { messageId: `M${this.batches}`, occurredAt: receivedAt });
    const origin = { batchId: `bat_${this.batches++}`, openUntil };
    this.commit = insertBatch(runner as unknown as DataSource, origin, [event])
      .finally(() => runner.query('RESET statement_timeout'))
      .finally(() => runner.release());
    await until('a commit hangs for longer than its statement may take', () =>
      this.holds(`SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event = 'advisory'
                    AND clock_timestamp() > query_start + make_interval(secs => ${(1.5 * STATEMENT_TIMEOUT_MS) / 1000})`),
    );
  }

  /** True where the query has a row. */
  async holds(sql: string): Promise<boolean> {
    return (await this.dataSource.query<unknown[]>(sql)).length > 0;
  }

  /** What hung is committed, and seen. */
  async goOn(): Promise<void> {
    const { hanging } = this;
    this.hanging = null;
    await hanging?.query(`SELECT pg_advisory_unlock(${HANG})`);
    await hanging?.release();
    await this.commit;
  }

  async settle(): Promise<void> {
    await this.dataSource.query('UPDATE event_batches SET settled_at = now()');
  }

  /** By the time of Postgres as well. */
  async pass(ms: number): Promise<void> {
    this.clock.passedMs += ms;
    await this.dataSource.query('UPDATE event_intakes SET told_at = told_at - make_interval(secs => $1)', [ms / 1000]);
  }

  /** Up to when a process takes everything for settled; 0 while it can't tell. */
  async settledUntil(dataSource = this.dataSource): Promise<number> {
    const progress = new SettlementProgress(dataSource, this.clock, CONFIG);
    progress.onApplicationBootstrap();
    await progress.onApplicationShutdown();
    return progress.settledUntil;
  }

  /** Between the first statement of a poll and the next, something happens; `pausedMs`: of Postgres' time. */
  async settledUntilAround(happens: () => Promise<unknown>, pausedMs = 0): Promise<number> {
    let statements = 0;
    const query = async (sql: string, parameters: unknown[] = []): Promise<unknown> => {
      const earlier = parameters.map((p) => (p instanceof Date ? new Date(p.getTime() - pausedMs) : p));
      const rows = await this.dataSource.query<unknown>(sql, earlier);
      if (statements++ === 0) await happens();
      return rows;
    };
    const result = await this.settledUntil({ query } as unknown as DataSource);
    // Of one statement, all would be in its snapshot but the locks.
    if (statements < 2) throw new Error('The locks are read within the snapshot of the batches');
    return result;
  }

  async clear(): Promise<void> {
    await this.goOn();
    await this.dataSource.query('TRUNCATE event_intakes, event_batches, events');
  }

  async close(): Promise<void> {
    jest.restoreAllMocks();
    await this.dataSource.destroy();
  }
}
