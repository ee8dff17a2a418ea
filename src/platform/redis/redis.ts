import { Logger } from '@nestjs/common';
import { Redis } from 'ioredis';

/** A command that takes longer has failed: the match path answers empty well before a person would wait for it. */
const COMMAND_TIMEOUT_MS = 2_000;
const LONGEST_RECONNECT_PAUSE_MS = 500;

/**
 * A connection for commands that must fail at once when Redis is away: nothing is queued while it is, and it reconnects
 * by itself for as long as the process lives.
 */
export function connectRedis(url: string): Redis {
  const logger = new Logger('Redis');
  let away = false;
  const redis = new Redis(url, {
    enableOfflineQueue: false,
    enableAutoPipelining: true,
    maxRetriesPerRequest: 0,
    commandTimeout: COMMAND_TIMEOUT_MS,
    connectTimeout: COMMAND_TIMEOUT_MS,
    retryStrategy: (attempt) => Math.min(attempt * 50, LONGEST_RECONNECT_PAUSE_MS),
  });
  // One line when it goes and one when it is back, not one for each attempt.
  redis.on('error', (error: Error) => {
    if (!away) logger.warn({ msg: 'Redis is not reachable; reconnecting', reason: error.message });
    away = true;
  });
  redis.on('ready', () => {
    if (away) logger.log({ msg: 'Redis is back' });
    away = false;
  });
  return redis;
}

/** Waits until the connection is usable or `timeoutMs` has passed; the product starts without Redis, too. */
export async function untilReady(redis: Redis, timeoutMs: number): Promise<void> {
  if (redis.status === 'ready') return;
  await new Promise<void>((resolve) => {
    const timer = setTimeout(done, timeoutMs);
    function done(): void {
      clearTimeout(timer);
      redis.off('ready', done);
      resolve();
    }
    redis.once('ready', done);
  });
}
