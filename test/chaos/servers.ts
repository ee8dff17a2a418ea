import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { EmbeddedServers } from '../../src/platform/embedded/embedded-servers.js';
import { clusterDirectory, lockedBy } from '../../src/platform/embedded/postgres-cluster.js';
import { until } from '../servers/until.js';

const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined };

/** The run's own PostgreSQL and Redis, as safe as in production; they are started again by themselves when they are killed. */
export class ChaosServers {
  private constructor(
    private readonly dataDir: string,
    private readonly embedded: EmbeddedServers,
    readonly databaseUrl: string,
    readonly redisUrl: string,
  ) {}

  static async start(dataDir: string, signal: AbortSignal): Promise<ChaosServers> {
    const options = { dataDir, log: quiet, postgres: true, redis: true, signal };
    const embedded = await EmbeddedServers.start(options).catch((error: unknown) => {
      // Whatever a start that is given up complains about.
      signal.throwIfAborted();
      throw error;
    });
    return new ChaosServers(dataDir, embedded, embedded.databaseUrl ?? '', embedded.redisUrl ?? '');
  }

  async killPostgres(): Promise<void> {
    const pid = await lockedBy(clusterDirectory(this.dataDir));
    if (pid !== null) signal(pid, 'SIGKILL');
  }

  /** `losesFile`: it comes back without what it had. */
  async killRedis({ losesFile }: { losesFile: boolean }): Promise<void> {
    const pid = await this.redisPid();
    // While it still runs, since it is started again at once: what it writes from now on goes to files without a name.
    if (losesFile) await rm(join(this.dataDir, 'redis', 'appendonlydir'), { recursive: true, force: true });
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

  stop(): Promise<void> {
    return this.embedded.stop();
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
