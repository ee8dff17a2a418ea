import type { JobQueue } from '../../platform/queue/job-queue.js';

/** Asks for one step of pacing: all that it needs is in Postgres. */
export type PacingJob = Readonly<Record<string, never>>;

export const PACING_QUEUE = Symbol('PacingQueue');
export const PACING_QUEUE_NAME = 'pacing';

export type PacingQueue = JobQueue<PacingJob>;
