import { Redis } from 'ioredis';
import { FREE_REDIS_DATABASES, REDIS_URL, sharedServer, withDatabase } from './addresses.js';

/** A numbered, empty Redis database of one test's own. */
export interface TestRedis {
  readonly url: string;
  release(): Promise<void>;
}

export async function createTestRedis(): Promise<TestRedis> {
  const number = await withRedis(sharedServer(REDIS_URL), (redis) => redis.spop(FREE_REDIS_DATABASES));
  if (number === null) throw new Error('All Redis databases of this test run are taken: release() those that are done');
  const url = withDatabase(sharedServer(REDIS_URL), number);
  await withRedis(url, (redis) => redis.flushdb());
  return {
    url,
    release: async () => {
      await withRedis(url, (redis) => redis.flushdb());
      await withRedis(sharedServer(REDIS_URL), (redis) => redis.sadd(FREE_REDIS_DATABASES, number));
    },
  };
}

async function withRedis<T>(url: string, use: (redis: Redis) => Promise<T>): Promise<T> {
  const redis = new Redis(url);
  try {
    return await use(redis);
  } finally {
    redis.disconnect();
  }
}
