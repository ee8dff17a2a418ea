import { Logger } from '@nestjs/common';
import Bull from 'bull';
import { Redis, type RedisOptions } from 'ioredis';
import { JobQueue, type QueuedJob } from './job-queue.js';

// The prefix is a hash tag: all keys of a queue share one slot of a Redis Cluster.
const PREFIX = '{matchum:bull}';
const ADD_TIMEOUT_MS = 2_000;
/** Longer than a settlement takes, shorter than those who stop a process wait before they kill it. */
const CLOSE_TIMEOUT_MS = 8_000;
const JOB_TIMEOUT_MS = 60_000;
const ATTEMPTS = 8;
const FIRST_PAUSE_MS = 200;

/** `JobQueue` on Bull. */
export class BullJobQueue<T extends object> extends JobQueue<T> {
  private readonly logger: Logger;
  private readonly queue: Bull.Queue<T>;
  private readonly connections: Redis[] = [];

  constructor(name: string, redisUrl: string) {
    super();
    this.logger = new Logger(`Queue ${name}`);
    this.queue = new Bull<T>(name, {
      prefix: PREFIX,
      createClient: (type, options) => this.connect(type, redisUrl, options),
      defaultJobOptions: {
        attempts: ATTEMPTS,
        backoff: { type: 'exponential', delay: FIRST_PAUSE_MS },
        timeout: JOB_TIMEOUT_MS,
        removeOnComplete: true,
        // Its id must be free to be queued again; what failed stays visible with the batch in Postgres.
        removeOnFail: true,
      },
      settings: { stalledInterval: 5_000, lockDuration: JOB_TIMEOUT_MS, maxStalledCount: ATTEMPTS },
    });
    this.queue.on('failed', (job, error) => {
      this.logger.warn({ msg: 'job failed', job: job.id, attempt: job.attemptsMade, reason: error.message });
    });
    this.queue.on('stalled', (job) => this.logger.warn({ msg: 'job stalled; another worker takes it', job: job.id }));
    // Connection errors are told once by the connection itself.
    this.queue.on('error', () => undefined);
  }

  async add(jobId: string, data: T): Promise<void> {
    await withinTime(this.queue.add(data, { jobId }), ADD_TIMEOUT_MS, 'The job queue did not answer in time');
  }

  consume(concurrency: number, handler: (job: QueuedJob<T>) => Promise<void>): void {
    void this.queue.process(concurrency, (job) =>
      handler({ id: String(job.id), data: job.data, attempt: job.attemptsMade + 1 }),
    );
  }

  async close(): Promise<void> {
    // Without Redis, Bull would wait for it; a job that is cut off here is run again.
    await withinTime(this.queue.close(), CLOSE_TIMEOUT_MS, 'The job queue did not close in time').catch(
      (error: Error) => this.logger.warn({ msg: 'jobs may run again', reason: error.message }),
    );
    // Bull leaves connections open that it did not make itself.
    for (const connection of this.connections) connection.disconnect();
  }

  private connect(type: 'client' | 'subscriber' | 'bclient', url: string, options?: RedisOptions): Redis {
    const redis = new Redis(url, {
      ...options,
      // Bull asks for both on its blocking connections: https://github.com/OptimalBits/bull (createClient).
      maxRetriesPerRequest: null,
      enableReadyCheck: type === 'client',
      retryStrategy: (attempt) => Math.min(attempt * 50, 500),
    });
    redis.on('error', () => undefined);
    this.connections.push(redis);
    return redis;
  }
}

async function withinTime(work: Promise<unknown>, timeoutMs: number, message: string): Promise<void> {
  let timer: NodeJS.Timeout | undefined;
  const timeout = new Promise<never>((_resolve, reject) => {
    timer = setTimeout(() => reject(new Error(message)), timeoutMs);
  });
  // Where the timeout wins, a late failure of the work must not go unhandled.
  work.catch(() => undefined);
  try {
    await Promise.race([work, timeout]);
  } finally {
    clearTimeout(timer);
  }
}
