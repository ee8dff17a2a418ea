import { join } from 'node:path';
import { Redis } from 'ioredis';
import { EmbeddedServers } from '../../src/platform/embedded/embedded-servers.js';
import { clusterDirectory, lockedBy } from '../../src/platform/embedded/postgres-cluster.js';
import { until } from '../servers/until.js';
import type { Fault } from './fault-plan.js';
import { type RedisSync, SyncedRedis } from './synced-redis.js';

const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined };

/** The run's own PostgreSQL and Redis; they are started again by themselves when they are killed. */
export class ChaosServers {
  private constructor(
    private readonly dataDir: string,
    private readonly embedded: EmbeddedServers,
    private readonly redis: SyncedRedis,
  ) {}

  static async start(dataDir: string, redisSync: RedisSync, signal: AbortSignal): Promise<ChaosServers> {
    const options = { dataDir, log: quiet, postgres: true, redis: false, signal };
    const embedded = await EmbeddedServers.start(options).catch((error: unknown) => {
      // Whatever a start that is given up complains about.
      signal.throwIfAborted();
      throw error;
    });
    try {
      const redis = await SyncedRedis.start(join(dataDir, 'run'), redisSync, quiet);
      return new ChaosServers(dataDir, embedded, redis);
    } catch (error) {
      await embedded.stop();
      throw error;
    }
  }

  get databaseUrl(): string {
    return this.embedded.databaseUrl ?? '';
  }

  get redisUrl(): string {
    return this.redis.url;
  }

  /** Unless Redis syncs before it answers, a kill may lose them as well: the product must not trust what a restart finds. */
  losesHolds({ kind, target }: Fault): boolean {
    if (kind === 'forget' || kind === 'flush') return true;
    return kind === 'kill' && target === 'redis' && this.redis.sync === 'everysec';
  }

  async killPostgres(): Promise<void> {
    const pid = await lockedBy(clusterDirectory(this.dataDir));
    if (pid !== null) signal(pid, 'SIGKILL');
  }

  /** `losesFile`: it comes back without what it had. */
  async killRedis({ losesFile }: { losesFile: boolean }): Promise<void> {
    const pid = await this.redisPid();
    // While it still runs, since it is started again at once: what it writes from now on goes to files without a name.
    if (losesFile) await this.redis.removeFile();
    signal(pid, 'SIGKILL');
  }

  async flushRedis(): Promise<void> {
    await this.withRedis((redis) => redis.flushall());
  }

  /** Answers what lets it go on. */
  async freezeRedis(): Promise<() => void> {
    const pid = await this.redisPid();
    signal(pid, 'SIGSTOP');
    return () => signal(pid, 'SIGCONT');
  }

  async stop(): Promise<void> {
    await Promise.all([this.embedded.stop(), this.redis.stop()]);
  }

  private redisPid(): Promise<number> {
    return this.withRedis(async (redis) => Number(/process_id:(\d+)/.exec(await redis.info('server'))?.[1]));
  }

  /** It may be on its way back from an earlier fault, or frozen. */
  private withRedis<T>(work: (redis: Redis) => Promise<T>): Promise<T> {
    return until('Redis answers', async () => {
      const redis = new Redis(this.redisUrl, {
        lazyConnect: true,
        retryStrategy: () => null,
        maxRetriesPerRequest: 0,
        connectTimeout: 1_000,
        commandTimeout: 1_000,
      });
      redis.on('error', () => undefined);
      try {
        await redis.connect();
        return await work(redis);
      } catch {
        return null;
      } finally {
        redis.disconnect();
      }
    });
  }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code !== 'ESRCH') throw error;
  }
}
