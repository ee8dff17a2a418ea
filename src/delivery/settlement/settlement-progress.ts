import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { Clock } from '../../platform/clock.js';
import { LONGEST_QUERY_MS } from '../../platform/database/data-source.js';
import { RUNTIME_CONFIG, type RuntimeConfig } from '../../platform/platform.module.js';
import { PollLoop } from '../../platform/poll-loop.js';
import { type Backlog, mustRefuse, restShare } from './back-pressure.js';
import { readCommitLocks } from './commit-locks.js';

const PAUSE_MS = 250;

/** Most batches that a poll counts: some milliseconds, however far behind settlement is. The oldest is always found. */
const MOST_COUNTED = 50_000;

/** How far apart the clocks of API processes may be. */
export const CLOCK_MARGIN_MS = 3_000;

/**
 * Events that have not begun to be committed so long after their request arrived are refused (see event-intake.ts), and so
 * are those of a process that last told so long ago up to when all of its events are committed (see intake-mark.ts).
 */
export const LONGEST_INTAKE_WAIT_MS = 5_000;

/**
 * An accepted event needs at most this long from the arrival of its request, and from when its process last told of its
 * commits, until its batch is visible in Postgres: the wait that intake allows, and the longest that its statement can take.
 * Only its COMMIT may hang for longer, and is known by its lock (see commit-locks.ts).
 */
export const LONGEST_COMMIT_MS = LONGEST_INTAKE_WAIT_MS + LONGEST_QUERY_MS + CLOCK_MARGIN_MS;

/**
 * A poll that comes so long after its locks were read tells nothing: a process that told shortly before a statement took its
 * lock may not be waited for any more, and nobody has seen that lock.
 */
const LONGEST_POLL_MS = LONGEST_COMMIT_MS - LONGEST_INTAKE_WAIT_MS;

/**
 * SQL for the time up to which all that was accepted is committed, as the processes told that may still commit; null where
 * there are none, and then only locks count. By `now()`, which is not after the snapshot: whoever is left out begins no
 * commit any more, and what it began before is over or holds its lock.
 */
const COMMITTED_UNTIL = `(
  SELECT min(committed_until) FROM event_intakes
  WHERE told_at > now() - make_interval(secs => ${LONGEST_COMMIT_MS / 1000}))`;

/** How many batches and events wait for their settlement, and how many batches are parked. */
export interface WaitingCounts {
  readonly batches: number;
  readonly events: number;
  readonly parked: number;
}

/**
 * The time up to which every accepted event is settled, or its batch was parked with its impressions counted. A hold that
 * expired before it will never become another impression, and only then is its place free: so a worker that lags behind
 * delays the release of holds and never breaks a cap. A parked batch that is retried changes nothing of that. Also how far
 * settlement is behind, and whether intake has to wait for it.
 */
@Injectable()
export class SettlementProgress implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly loop = new PollLoop('SettlementProgress', PAUSE_MS, () => this.poll());
  private settledTo = 0;
  private oldest: number | null = null;
  private waiting: WaitingCounts = { batches: 0, events: 0, parked: 0 };
  private refusing = false;
  private behindSeconds = 0;

  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly clock: Clock,
    @Inject(RUNTIME_CONFIG) private readonly config: RuntimeConfig,
  ) {}

  /** Epoch ms. */
  get settledUntil(): number {
    return this.settledTo;
  }

  /** Of the oldest batch that waits, retried ones left out; 0 where none does. */
  get lagSeconds(): number {
    return this.oldest === null ? 0 : Math.max(0, this.clock.now() - this.oldest) / 1000;
  }

  /** As of the last poll; of more than 50,000 batches, only so many are counted. */
  get counts(): WaitingCounts {
    return this.waiting;
  }

  /** Settlement is so far behind that no more events are to be accepted. */
  get isFarBehind(): boolean {
    return this.refusing;
  }

  /** How much intake rests between commits, from 0 to 1; 0 while nobody knows how far settlement is behind. */
  get restShare(): number {
    return this.isStale ? 0 : restShare(this.behindSeconds);
  }

  /** Postgres did not answer when it was asked last. */
  get isStale(): boolean {
    return this.loop.isFailing;
  }

  onApplicationBootstrap(): void {
    this.loop.start();
  }

  async onApplicationShutdown(): Promise<void> {
    await this.loop.stop();
  }

  private async poll(): Promise<void> {
    // The time is read first, then the locks of what is being committed, then the batches and what was told, in one snapshot:
    // what is committed later was received later, or held its lock.
    const askedAt = this.clock.reached();
    const locks = await readCommitLocks(this.dataSource);
    const [row] = await this.dataSource.query<PollRow[]>(POLL, [MOST_COUNTED, locks.readAt]);
    if (row === undefined) return;
    this.oldest = row.oldest?.getTime() ?? null;
    this.behindSeconds = row.behind_seconds ?? 0;
    this.waiting = { batches: row.batches, events: row.events, parked: row.parked };
    this.refusing = mustRefuse(this.refusing, this.backlog(), {
      lagSeconds: this.config.maxSettlementLagSeconds,
      events: this.config.maxUnsettledEvents,
    });
    if (askedAt === null) return;
    // It may fall: where simulated time went back, events come that were not there before.
    this.settledTo = Math.min(
      this.committedUntil(askedAt, row.committed_until?.getTime() ?? Infinity),
      this.oldest ?? Infinity,
      locks.receivedFrom,
    );
  }

  /**
   * A process that starts after the poll accepts nothing from before it by its own clock, and those that run have told what
   * they may still commit, by theirs. Simulated times come in any order, so nobody can tell: there, the longest counts.
   */
  private committedUntil(askedAt: number, told: number): number {
    return this.clock.simulated ? askedAt - LONGEST_COMMIT_MS : Math.min(askedAt - CLOCK_MARGIN_MS, told);
  }

  /** Simulated time runs far ahead within one settlement: there, only the number of events tells. */
  private backlog(): Backlog {
    return { lagSeconds: this.clock.simulated ? 0 : this.lagSeconds, events: this.waiting.events };
  }
}

interface PollRow {
  readonly oldest: Date | null;
  readonly committed_until: Date | null;
  /** Batches that failed are tried again in their own time and say nothing of the pace. */
  readonly behind_seconds: number | null;
  readonly batches: number;
  readonly events: number;
  readonly parked: number;
}

// $1 most batches to count; $2 when the locks were read. No row where that was too long ago.
const POLL = `
  SELECT (SELECT min(received_at) FROM event_batches
          WHERE settled_at IS NULL AND parked_at IS NULL AND NOT is_retried) AS oldest,
         ${COMMITTED_UNTIL} AS committed_until,
         (SELECT extract(epoch FROM clock_timestamp() - committed_at)::float8 FROM event_batches
          WHERE settled_at IS NULL AND parked_at IS NULL AND attempts = 0 AND NOT is_retried
          ORDER BY received_at LIMIT 1) AS behind_seconds,
         counted.batches, counted.events,
         (SELECT count(*) FROM (SELECT FROM event_batches WHERE parked_at IS NOT NULL LIMIT $1) p) AS parked
  FROM (SELECT count(*) AS batches, coalesce(sum(event_count), 0)::bigint AS events
        FROM (SELECT event_count FROM event_batches WHERE settled_at IS NULL AND parked_at IS NULL LIMIT $1) b) counted
  WHERE now() <= $2::timestamptz + make_interval(secs => ${LONGEST_POLL_MS / 1000})`;
