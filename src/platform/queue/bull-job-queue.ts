import { Logger } from '@nestjs/common';
import Bull from 'bull';
import { Redis, type RedisOptions } from 'ioredis';
import { withinTime } from '../within-time.js';
import { JobQueue, type QueueDepth, type QueuedJob } from './job-queue.js';

// The prefix is a hash tag: all keys of a queue share one slot of a Redis Cluster.
const PREFIX = '{matchum:bull}';
const ADD_TIMEOUT_MS = 2_000;
/** Whoever reads the metrics does not wait for a Redis that is away. */
const DEPTH_TIMEOUT_MS = 1_000;
/** Far more than are under way while Redis answers. */
const MOST_UNANSWERED = 256;
/** Longer than a settlement takes, shorter than those who stop a process wait before they kill it. */
const CLOSE_TIMEOUT_MS = 5_000;
const JOB_TIMEOUT_MS = 60_000;
const ATTEMPTS = 8;
const FIRST_PAUSE_MS = 200;

/** `JobQueue` on Bull. */
export class BullJobQueue<T extends object> extends JobQueue<T> {
  private readonly logger: Logger;
  private readonly queue: Bull.Queue<T>;
  private readonly connections: Redis[] = [];
  private unanswered = 0;
  private closing = false;

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
    // Bull names its connection and lets nobody wait for it: a stop just then would end the process by an unhandled
    // rejection. Nobody reads these names.
    Object.assign(this.queue, { setWorkerName: () => Promise.resolve() });
  }

  async add(jobId: string, data: T): Promise<void> {
    await this.send(() => this.queue.add(data, { jobId }));
  }

  async repeat(everyMs: number, data: T): Promise<void> {
    // A process that has just started may not be connected yet.
    await withinTime<unknown>(this.queue.isReady(), ADD_TIMEOUT_MS, late('The job queue is not connected'));
    await this.send(() => this.queue.add(data, { repeat: { every: everyMs } }));
  }

  async depth(): Promise<QueueDepth> {
    if (this.queue.client.status !== 'ready') throw new Error('The job queue is not connected');
    const { waiting, active, delayed, failed } = await withinTime(
      this.queue.getJobCounts(),
      DEPTH_TIMEOUT_MS,
      late('The job queue did not answer in time'),
    );
    return { waiting, active, delayed, failed };
  }

  consume(
    concurrency: number,
    handler: (job: QueuedJob<T>) => Promise<void>,
    onStalled: (data: T) => void = () => undefined,
  ): void {
    this.queue.on('stalled', (job) => onStalled(job.data));
    const run = this.queue.process(concurrency, (job) =>
      handler({ id: String(job.id), data: job.data, attempt: job.attemptsMade + 1 }),
    );
    run.catch((error: unknown) => {
      // It may be closed before it has begun.
      if (!this.closing) throw error;
    });
  }

  async close(): Promise<void> {
    this.closing = true;
    // Without Redis, Bull would wait for it; a job that is cut off here is run again.
    await withinTime(this.queue.close(), CLOSE_TIMEOUT_MS, late('The job queue did not close in time')).catch(
      (error: Error) => this.logger.warn({ msg: 'jobs may run again', reason: error.message }),
    );
    // Bull leaves connections open that it did not make itself.
    for (const connection of this.connections) connection.disconnect();
  }

  private async send(add: () => Promise<unknown>): Promise<void> {
    // The client would keep commands for a Redis that is away, or that says nothing, in memory without bound.
    if (this.queue.client.status !== 'ready') throw new Error('The job queue is not connected');
    if (this.unanswered >= MOST_UNANSWERED) throw new Error('The job queue does not answer');
    this.unanswered++;
    const added = add().finally(() => this.unanswered--);
    await withinTime<unknown>(added, ADD_TIMEOUT_MS, late('The job queue did not answer in time'));
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
    if (type === 'bclient') this.endQuietly(redis);
    this.connections.push(redis);
    return redis;
  }

  /**
   * When it closes, Bull takes leave of its blocking connection (`redisClientDisconnect` in its queue.js), which hears
   * nothing while it waits for a job: half a second would pass. Then it opens it once more to break off that wait, and hears
   * of a refusal only after the last job has ended: until then the rejection would be nobody's, and end the process.
   */
  private endQuietly(redis: Redis): void {
    redis.quit = () => {
      redis.disconnect();
      return Promise.resolve('OK');
    };
    const connect = redis.connect.bind(redis);
    redis.connect = () =>
      connect().catch((error: unknown) => {
        if (!this.closing) throw error;
      });
  }
}

function late(message: string): () => never {
  return () => {
    throw new Error(message);
  };
}
