import { setTimeout } from 'node:timers/promises';
import { Inject, Injectable, Logger, type OnApplicationBootstrap } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import type { Redis } from 'ioredis';
import { DataSource } from 'typeorm';
import { Clock } from '../../platform/clock.js';
import { REDIS } from '../../platform/platform.module.js';
import { untilReady } from '../../platform/redis/redis.js';
import { longestHoldSeconds } from '../longest-hold.js';
import { CLOCK_MARGIN_MS } from '../settlement/settlement-progress.js';
import { EPOCH_KEY } from './exposure-scripts.js';

/**
 * One life of the exposure state in Redis. Counted impressions are rebuilt from Postgres when a life is over (all data
 * lost, or a restart that may have lost some), but its open holds are not: until the last of them has expired and all
 * that was accepted before is settled, ad groups with caps, and placements with caps or load rules, are not served, so that
 * no cap is broken meanwhile.
 */
export interface ExposureEpoch {
  /** A number of ten digits: later ones sort after earlier ones. */
  readonly id: string;
  /** When the last hold of the life before expires, epoch ms. */
  readonly quarantinedUntil: number;
}

const START_TIMEOUT_MS = 3_000;
/** Who recorded a life first gets this long to begin it. */
const RIVAL_PAUSE_MS = 200;

/** A run of a Redis server, as the epoch's key keeps it. */
interface Server {
  readonly runId: string;
  /**
   * What it answers is in its append-only file: surely only by `appendfsync always`. By `everysec`, the write itself is put off for
   * up to two seconds while the file is being synced (`flushAppendOnlyFile` in Redis' aof.c), and lost if the server is killed then;
   * by `no-appendfsync-on-rewrite`, nothing is synced while the file is rewritten, and lost if its machine goes down then.
   */
  readonly isDurable: 'yes' | 'no';
}

const DURABLE = { appendonly: 'yes', appendfsync: 'always', 'no-appendfsync-on-rewrite': 'no' };

@Injectable()
export class ExposureEpochs implements OnApplicationBootstrap {
  private readonly logger = new Logger(ExposureEpochs.name);
  private epoch: ExposureEpoch | null = null;
  private refreshing: Promise<void> | null = null;
  /** How often the life was in doubt: what was asked before tells nothing of after. */
  private doubts = 0;

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
    this.doubts++;
    void this.refresh();
  }

  refresh(): Promise<void> {
    this.refreshing ??= this.findOutUndisturbed()
      .catch((error: Error) => this.logger.warn({ msg: 'exposure epoch is unknown', reason: error.message }))
      .finally(() => {
        this.refreshing = null;
      });
    return this.refreshing;
  }

  /** Anew as long as Redis was lost meanwhile, so that it may be another one that has answered. */
  private async findOutUndisturbed(): Promise<void> {
    const doubts = this.doubts;
    const epoch = await this.findOut();
    if (this.doubts !== doubts) return this.findOutUndisturbed();
    this.epoch = epoch;
  }

  private async findOut(hasWaited = false): Promise<ExposureEpoch> {
    const server = await this.readServer();
    const stored = await this.redis.hgetall(EPOCH_KEY);
    if (stored.id !== undefined && survives(stored, server)) {
      const isTold = stored.runId === server.runId && stored.isDurable === server.isDurable;
      if (!isTold) await this.redis.hset(EPOCH_KEY, server);
      return { id: stored.id, quarantinedUntil: Number(stored.quarantinedUntil) };
    }
    const next = await this.record(hasWaited);
    if (next === null) {
      await setTimeout(RIVAL_PAUSE_MS);
      return this.findOut(true);
    }
    const { id, quarantinedUntil } = next;
    const { runId, isDurable } = server;
    const began = await this.redis.beginEpoch(EPOCH_KEY, stored.id ?? '', id, quarantinedUntil, runId, isDurable);
    // Somebody else's, and perhaps over by now.
    if (began !== 1) return this.findOut(true);
    this.logger.log({ msg: 'exposure state begins anew', quarantined: quarantinedUntil > 0 });
    return next;
  }

  private async readServer(): Promise<Server> {
    const runId = /run_id:(\w+)/.exec(await this.redis.info('server'))?.[1] ?? '';
    return { runId, isDurable: (await this.isSetTo(DURABLE)) ? 'yes' : 'no' };
  }

  private async isSetTo(settings: Readonly<Record<string, string>>): Promise<boolean> {
    try {
      for (const [name, value] of Object.entries(settings)) {
        const [, actual] = (await this.redis.config('GET', name)) as string[];
        if (actual !== value) return false;
      }
      return true;
    } catch {
      // Hosted servers refuse CONFIG: not known to write.
      return false;
    }
  }

  /**
   * Gives the next life its number, by which scripts tell later lives from earlier ones. Null when another process was
   * quicker, or may have been: a life that is recorded and not in Redis is over, or about to begin. The first life ever
   * has no holds before it to wait for.
   */
  private async record(hasWaited: boolean): Promise<ExposureEpoch | null> {
    const now = this.clock.now();
    const [row] = await this.dataSource.query<{ id: string; longest_hold_seconds: number }[]>(
      `INSERT INTO exposure_epochs (id, began_at)
       SELECT lpad((count(*) + 1)::text, 10, '0'), $1 FROM exposure_epochs HAVING $2 OR count(*) = 0
       ON CONFLICT DO NOTHING
       RETURNING id, ${longestHoldSeconds('$1::timestamptz')} AS longest_hold_seconds`,
      [new Date(now), hasWaited],
    );
    if (row === undefined) return null;
    // What was held ends by the clocks of those who held it.
    const lastEnd = now + row.longest_hold_seconds * 1000 + CLOCK_MARGIN_MS;
    return { id: row.id, quarantinedUntil: Number(row.id) === 1 ? 0 : lastEnd };
  }
}

/**
 * What was held is still there: in the same run, or where the run that ended wrote before it answered and this one does, too.
 * Without an append-only file, this one has read nothing; that by `everysec` it has is not made use of.
 */
function survives(stored: Readonly<Record<string, string>>, server: Server): boolean {
  return stored.runId === server.runId || (stored.isDurable === 'yes' && server.isDurable === 'yes');
}
