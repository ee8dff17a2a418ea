import { performance } from 'node:perf_hooks';
import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { Clock } from '../../platform/clock.js';
import { LONGEST_QUERY_MS } from '../../platform/database/data-source.js';
import { PollLoop } from '../../platform/poll-loop.js';
import { longestHoldSeconds } from '../longest-hold.js';
import { readCommitLocks } from '../settlement/commit-locks.js';
import { isBoundByParking } from '../settlement/parked-charges.js';
import { LONGEST_COMMIT_MS, SettlementProgress } from '../settlement/settlement-progress.js';
import { LIFETIME_MS } from './lease-holder.js';

const PAUSE_MS = 5_000;
/** While more events wait for their settlement, no claims are freed: to find out whose they are would take seconds. */
const MOST_WAITING = 200_000;
/** SQL: a holder with its last sign of life. */
const LAST_SIGN = `concat_ws(' ', id, alive_until)`;

/** Sees to it that the claims of processes that died are freed. */
@Injectable()
export class DeadHolders implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly loop = new PollLoop('DeadHolders', PAUSE_MS, () => this.free());
  /** Those that seem dead, by their `LAST_SIGN`: since when, by `performance.now()`. */
  private watched: ReadonlyMap<string, number> = new Map();

  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly progress: SettlementProgress,
    private readonly clock: Clock,
  ) {}

  onApplicationBootstrap(): void {
    this.loop.start();
  }

  async onApplicationShutdown(): Promise<void> {
    await this.loop.stop();
  }

  /**
   * Frees the claims of holders that died so long ago that none of their messages can be reported any more, and of whose
   * events none waits for its settlement, nor hangs in its COMMIT; parked ones bind their money by themselves. They were dead
   * when the locks were read: what is committed later without a lock then has no events of theirs. $1: now; $2: the longest
   * that a commit may take, in seconds; $3: when the locks were read; $4: who was watched for
   * long enough.
   */
  async free(): Promise<void> {
    const dead = await this.watch();
    if (dead.length === 0) return;
    const { settledUntil, counts } = this.progress;
    // Before the first poll, nobody knows how many wait.
    if (settledUntil === 0 || counts.events > MOST_WAITING) return;
    const now = this.clock.now();
    const locks = await readCommitLocks(this.dataSource);
    if (locks.receivedFrom < now - LONGEST_QUERY_MS) return;
    await this.dataSource.query(
      `WITH dead AS (
         SELECT id FROM lease_holders AS holder
         WHERE ${LAST_SIGN} = ANY($4)
           AND alive_until < $3::timestamptz - make_interval(secs => $2 + ${longestHoldSeconds('$1::timestamptz')})
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
      [new Date(now), LONGEST_COMMIT_MS / 1000, locks.readAt, dead],
    );
  }

  /**
   * Those that have given no sign of life for as long as they may promise without one: where the clock of Postgres has jumped
   * ahead, all seem dead at first.
   */
  private async watch(): Promise<readonly string[]> {
    const now = performance.now();
    const rows = await this.dataSource.query<{ last_sign: string }[]>(
      `SELECT ${LAST_SIGN} AS last_sign FROM lease_holders WHERE alive_until < clock_timestamp()`,
    );
    this.watched = new Map(rows.map((row) => [row.last_sign, this.watched.get(row.last_sign) ?? now]));
    return [...this.watched].filter(([, since]) => now - since >= LIFETIME_MS).map(([lastSign]) => lastSign);
  }
}
