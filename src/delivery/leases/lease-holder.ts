import { performance } from 'node:perf_hooks';
import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { Clock } from '../../platform/clock.js';
import { longestHoldSeconds } from '../longest-hold.js';
import { LONGEST_QUERY_MS } from '../../platform/database/data-source.js';
import { readCommitLocks } from '../settlement/commit-locks.js';
import { isBoundByParking } from '../settlement/parked-charges.js';
import { LONGEST_COMMIT_MS } from '../settlement/settlement-progress.js';

/** So long after its last sign of life a process may still promise money; it stops by itself before. */
const LIFETIME_MS = 30_000;
const RENEW_AFTER_MS = 5_000;

/**
 * This process as a holder of budget leases: a number in Postgres and the time until which it counts as alive. By its own
 * monotonic clock, which goes on while the process is frozen, it stops promising before others count it as dead.
 */
@Injectable()
export class LeaseHolder {
  private number: number | null = null;
  /** Of `performance.now()`, when the latest sign of life was sent. */
  private renewedTick = -Infinity;

  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly clock: Clock,
  ) {}

  /** Null: nothing may be promised now. */
  get id(): number | null {
    return performance.now() - this.renewedTick < LIFETIME_MS ? this.number : null;
  }

  /** Gives a sign of life if one is due. True where this process is another holder than before, without any claims. */
  async renew(): Promise<boolean> {
    const tick = performance.now();
    if (this.number !== null && tick - this.renewedTick < RENEW_AFTER_MS) return false;
    const [rows] =
      this.number === null
        ? [[]]
        : await this.dataSource.query<[{ id: number }[], number]>(
            `UPDATE lease_holders SET alive_until = clock_timestamp() + make_interval(secs => $2)
             WHERE id = $1 RETURNING id`,
            [this.number, LIFETIME_MS / 1000],
          );
    const isKnown = rows.length > 0;
    if (!isKnown) this.number = await this.register();
    this.renewedTick = tick;
    await this.reclaim();
    return !isKnown;
  }

  /** Promises nothing any more; what it has promised is kept until it is over. */
  async retire(): Promise<void> {
    this.renewedTick = -Infinity;
    if (this.number === null) return;
    await this.dataSource.query('UPDATE lease_holders SET alive_until = clock_timestamp() WHERE id = $1', [
      this.number,
    ]);
  }

  private async register(): Promise<number> {
    const [row] = await this.dataSource.query<{ id: number }[]>(
      `INSERT INTO lease_holders (alive_until) VALUES (clock_timestamp() + make_interval(secs => $1)) RETURNING id`,
      [LIFETIME_MS / 1000],
    );
    return row!.id;
  }

  /**
   * Frees the claims of holders that died so long ago that none of their messages can be reported any more, and of whose
   * events none waits for its settlement, nor hangs in its COMMIT; parked ones bind their money by themselves. They were dead
   * when the locks were read: what is committed later without a lock then has no events of theirs. $1: now; $2: the longest
   * that a commit may take, in seconds; $3: when the locks were read.
   */
  private async reclaim(): Promise<void> {
    const now = this.clock.now();
    const locks = await readCommitLocks(this.dataSource);
    if (locks.receivedFrom < now - LONGEST_QUERY_MS) return;
    await this.dataSource.query(
      `WITH dead AS (
         SELECT id FROM lease_holders AS holder
         WHERE alive_until < $3::timestamptz - make_interval(secs => $2 + ${longestHoldSeconds('$1::timestamptz')})
           AND NOT EXISTS (
             SELECT FROM event_batches AS batch JOIN events ON events.batch_id = batch.id
             WHERE batch.settled_at IS NULL AND batch.parked_at IS NULL AND events.lease_holder = holder.id
               AND NOT ${isBoundByParking('batch.id')}
           )
         FOR UPDATE SKIP LOCKED
       ), freed AS (
         DELETE FROM budget_leases WHERE holder IN (SELECT id FROM dead)
       )
       DELETE FROM lease_holders WHERE id IN (SELECT id FROM dead)`,
      [new Date(now), LONGEST_COMMIT_MS / 1000, locks.readAt],
    );
  }
}
