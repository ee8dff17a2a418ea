import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { Clock } from '../../platform/clock.js';
import { LONGEST_QUERY_MS } from '../../platform/database/data-source.js';
import { Metrics } from '../../platform/metrics/metrics.js';
import { PollLoop } from '../../platform/poll-loop.js';

const PAUSE_MS = 250;

/** Events that have not begun to be committed so long after their request arrived are refused (see event-intake.ts). */
export const LONGEST_INTAKE_WAIT_MS = 5_000;

/**
 * An accepted event needs at most this long from the arrival of its request until its batch is visible in Postgres: the wait
 * that intake allows, and the longest that its statement can take, with a margin for clocks of API processes that differ.
 */
export const LONGEST_COMMIT_MS = LONGEST_INTAKE_WAIT_MS + LONGEST_QUERY_MS + 3_000;

/**
 * The time up to which every accepted event is settled. A hold that expired before it will never become an impression, and
 * only then is its place free: so a worker that lags behind delays the release of holds and never breaks a cap.
 */
@Injectable()
export class SettlementProgress implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly loop = new PollLoop('SettlementProgress', PAUSE_MS, () => this.poll());
  private settledTo = 0;
  private oldest: number | null = null;

  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly clock: Clock,
    metrics: Metrics,
  ) {
    metrics.gauge('matchum_settlement_lag_seconds', 'Age of the oldest event batch that is not settled', (gauge) =>
      gauge.set(this.oldest === null ? 0 : Math.max(0, this.clock.now() - this.oldest) / 1000),
    );
  }

  /** Epoch ms. */
  get settledUntil(): number {
    return this.settledTo;
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
    // The time is read before the batches are: one that is committed in between was received after it.
    const askedAt = this.clock.reached();
    const [row] = await this.dataSource.query<{ oldest: Date | null }[]>(
      'SELECT min(received_at) AS oldest FROM event_batches WHERE settled_at IS NULL',
    );
    this.oldest = row?.oldest?.getTime() ?? null;
    if (askedAt === null) return;
    // It may fall: where simulated time went back, events come that were not there before.
    this.settledTo = Math.min(askedAt - LONGEST_COMMIT_MS, this.oldest ?? Infinity);
  }
}
