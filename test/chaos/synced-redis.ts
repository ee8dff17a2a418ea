import { rm } from 'node:fs/promises';
import { join } from 'node:path';
import { RedisServer } from '../../src/platform/embedded/redis-server.js';
import type { ServerLog } from '../../src/platform/embedded/server-log.js';
import { ServerRecords } from '../../src/platform/embedded/server-records.js';
import { type ServerPlan, SupervisedServer } from '../../src/platform/embedded/supervised-server.js';

/** Redis' `appendfsync`: with `everysec`, a kill may lose what was answered. */
export type RedisSync = 'always' | 'everysec';

const DATABASES = 16;

/** The product's own Redis, but for when it syncs its file. */
export class SyncedRedis {
  private constructor(
    private readonly dataDir: string,
    private readonly server: SupervisedServer,
    readonly sync: RedisSync,
    readonly url: string,
  ) {}

  static async start(dataDir: string, sync: RedisSync, log: ServerLog): Promise<SyncedRedis> {
    const redis = await RedisServer.prepare({ dataDir, appendOnly: true, databases: DATABASES });
    const server = new SupervisedServer(withSync(redis, sync), new ServerRecords(dataDir), log);
    await server.start();
    return new SyncedRedis(dataDir, server, sync, redis.url(server.port));
  }

  async removeFile(): Promise<void> {
    await rm(join(this.dataDir, 'redis', 'appendonlydir'), { recursive: true, force: true });
  }

  stop(): Promise<void> {
    return this.server.stop();
  }
}

/**
 * On the command line, which outdoes the file: so it holds from the first moment of every restart on. By CONFIG SET Redis would
 * be durable for a moment after each, and the product would take its word for it.
 */
function withSync(redis: RedisServer, sync: RedisSync): ServerPlan {
  const { name, logFile, stopSteps, passingFault } = redis;
  return {
    name,
    logFile,
    stopSteps,
    passingFault,
    command: async (port) => {
      const command = await redis.command(port);
      return { ...command, args: [...command.args, '--appendfsync', sync] };
    },
    answers: (port) => redis.answers(port),
  };
}
