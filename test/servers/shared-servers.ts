import { chmod, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import pg from 'pg';
import { migrateDatabase } from '../../src/platform/database/migrate.js';
import { EmbeddedServers } from '../../src/platform/embedded/embedded-servers.js';
import { FREE_REDIS_DATABASES, POSTGRES_URL, REDIS_URL, TEMPLATE_DATABASE, withDatabase } from './addresses.js';

/** The PostgreSQL and the Redis of one test run; a developer's own are used when TEST_DATABASE_URL, TEST_REDIS_URL name them. */
export interface SharedServers {
  stop(): Promise<void>;
}

declare global {
  /** Set by the global set-up for the global teardown, which Jest runs in the same process. */
  var matchumSharedServers: SharedServers | undefined;
}

const REDIS_DATABASES = 64;

export async function startSharedServers(): Promise<SharedServers> {
  const directory = await mkdtemp(join(tmpdir(), 'matchum-test-'));
  let servers: EmbeddedServers | null = null;
  const stop = async (): Promise<void> => {
    await servers?.stop();
    await rm(directory, { recursive: true, force: true });
  };
  try {
    // PostgreSQL's own account must get through when the tests are run by root.
    await chmod(directory, 0o711);
    const ownPostgres = process.env['TEST_DATABASE_URL'];
    const ownRedis = process.env['TEST_REDIS_URL'];
    servers = await EmbeddedServers.start({
      dataDir: directory,
      log: { info: () => undefined, warn: console.warn, error: console.error },
      postgres: !ownPostgres,
      redis: !ownRedis,
      durable: false,
      redisAppendOnly: false,
      redisDatabases: REDIS_DATABASES,
    });
    const postgresUrl = ownPostgres ?? servers.databaseUrl ?? '';
    const redisUrl = ownRedis ?? servers.redisUrl ?? '';
    await Promise.all([createTemplate(postgresUrl), offerRedisDatabases(redisUrl)]);
    process.env[POSTGRES_URL] = postgresUrl;
    process.env[REDIS_URL] = redisUrl;
    return { stop };
  } catch (error) {
    await stop();
    throw error;
  }
}

/** Migrated once; each test's database is a copy of it, which takes a fraction of the time. */
async function createTemplate(adminUrl: string): Promise<void> {
  const admin = new pg.Client({ connectionString: adminUrl });
  await admin.connect();
  try {
    // A server of the developer's own may still have that of an earlier run.
    await admin.query(`DROP DATABASE IF EXISTS ${TEMPLATE_DATABASE} WITH (FORCE)`);
    await admin.query(`CREATE DATABASE ${TEMPLATE_DATABASE}`);
  } finally {
    await admin.end();
  }
  await migrateDatabase(withDatabase(adminUrl, TEMPLATE_DATABASE));
}

/** Database 0 keeps the list of those that are free. */
async function offerRedisDatabases(url: string): Promise<void> {
  const redis = new Redis(url);
  try {
    const [, databases = '16'] = (await redis.config('GET', 'databases')) as string[];
    const numbers = Array.from({ length: Number(databases) - 1 }, (_, at) => at + 1);
    await redis.multi().del(FREE_REDIS_DATABASES).sadd(FREE_REDIS_DATABASES, numbers).exec();
  } finally {
    redis.disconnect();
  }
}
