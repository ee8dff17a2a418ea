/**
 * A queue of jobs, as the features see it. A job may run twice and its data may be lost with Redis, so every handler is
 * idempotent and every job can be found again in Postgres.
 */
export abstract class JobQueue<T extends object> {
  /** A job whose id is queued already is not queued twice. Rejects when the queue can't be reached in time. */
  abstract add(jobId: string, data: T): Promise<void>;
  /**
   * Queues a job every `everyMs`, on the whole multiples of it, once for all processes that ask for the same. What asks
   * again now and then restores what was lost with Redis. Rejects as `add` does.
   */
  abstract repeat(everyMs: number, data: T): Promise<void>;
  /**
   * Runs `handler` on up to `concurrency` jobs at once; a rejection retries the job with growing pauses. `onStalled` is told
   * of jobs whose process died or hung over them, and which are run again.
   */
  abstract consume(
    concurrency: number,
    handler: (job: QueuedJob<T>) => Promise<void>,
    onStalled?: (data: T) => void,
  ): void;
  /** How many jobs are in which state. Rejects when the queue can't be reached in time. */
  abstract depth(): Promise<QueueDepth>;
  /** Lets running jobs end. */
  abstract close(): Promise<void>;
}

export interface QueuedJob<T> {
  readonly id: string;
  readonly data: T;
  /** 1 for the first try. */
  readonly attempt: number;
}

export const JOB_STATES = ['waiting', 'active', 'delayed', 'failed'] as const;
export type QueueDepth = Readonly<Record<(typeof JOB_STATES)[number], number>>;
