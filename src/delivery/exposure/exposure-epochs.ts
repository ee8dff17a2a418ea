import { Inject, Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { Redis } from 'ioredis';
import { DataSource } from 'typeorm';
import { ulid } from 'ulid';
import { Clock } from '../../platform/clock.js';
import { REDIS } from '../../platform/platform.module.js';
import { untilReady } from '../../platform/redis/redis.js';
import { EPOCH_KEY } from './exposure-scripts.js';

/**
 * One life of the exposure state in Redis. Counted impressions are rebuilt from Postgres when a life is over (all data
 * lost, or a restart without an append-only file), but its open holds are not: until the last of them has expired, ad
 * groups with caps are not served (`quarantinedUntil`), so that no cap is broken meanwhile.
 */
export interface ExposureEpoch {
  readonly id: string;
  /** Epoch ms. */
  readonly quarantinedUntil: number;
}

const START_TIMEOUT_MS = 3_000;

@Injectable()
export class ExposureEpochs implements OnApplicationBootstrap {
  private readonly logger = new Logger(ExposureEpochs.name);
  private epoch: ExposureEpoch | null = null;
  private refreshing: Promise<void> | null = null;

  constructor(
    @Inject(REDIS) private readonly redis: Redis,
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly clock: Clock,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    this.redis.on('ready', () => this.forget());
    await untilReady(this.redis, START_TIMEOUT_MS);
    await this.refresh();
  }

  /** Null while it is being found out; then nothing can be held. */
  get current(): ExposureEpoch | null {
    return this.epoch;
  }

  /** The life that was thought to be current is not, or may not be. */
  forget(): void {
    this.epoch = null;
    void this.refresh();
  }

  refresh(): Promise<void> {
    this.refreshing ??= this.findOut()
      .catch((error: Error) => this.logger.warn({ msg: 'exposure epoch is unknown', reason: error.message }))
      .finally(() => {
        this.refreshing = null;
      });
    return this.refreshing;
  }

  private async findOut(): Promise<void> {
    const runId = /run_id:(\w+)/.exec(await this.redis.info('server'))?.[1] ?? '';
    const stored = await this.redis.hgetall(EPOCH_KEY);
    if (stored.id !== undefined && (stored.runId === runId || (await this.survivesRestarts()))) {
      this.epoch = { id: stored.id, quarantinedUntil: Number(stored.quarantinedUntil) };
      return;
    }
    const id = ulid();
    const quarantinedUntil = await this.record(id);
    const began = await this.redis.beginEpoch(EPOCH_KEY, stored.id ?? '', id, runId, quarantinedUntil);
    if (began === 1) this.logger.log({ msg: 'exposure state begins anew', quarantined: quarantinedUntil > 0 });
    const current = await this.redis.hgetall(EPOCH_KEY);
    if (current.id !== undefined) this.epoch = { id: current.id, quarantinedUntil: Number(current.quarantinedUntil) };
  }

  /** Redis writes its append-only file before it answers, so that a process that dies loses nothing it has answered. */
  private async survivesRestarts(): Promise<boolean> {
    try {
      const [, value] = (await this.redis.config('GET', 'appendonly')) as string[];
      return value === 'yes';
    } catch {
      // Hosted servers refuse CONFIG: not known to survive.
      return false;
    }
  }

  /** The first life ever has no holds before it to wait for. */
  private async record(id: string): Promise<number> {
    const now = this.clock.now();
    const [row] = await this.dataSource.query<{ earlier: boolean; longest_hold_seconds: number }[]>(
      `WITH added AS (INSERT INTO exposure_epochs (id, began_at) VALUES ($1, $2))
       SELECT EXISTS (SELECT FROM exposure_epochs) AS earlier,
              (SELECT max(hold_seconds) FROM placements) AS longest_hold_seconds`,
      [id, new Date(now)],
    );
    return row?.earlier === true ? now + row.longest_hold_seconds * 1000 : 0;
  }
}
