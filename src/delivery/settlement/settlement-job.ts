import type { JobQueue } from '../../platform/queue/job-queue.js';

/** The queue that wakes the worker. The batch itself is in Postgres; the job's id is made of its id. */
export interface SettlementJob {
  readonly batchId: string;
}

export const SETTLEMENT_QUEUE = Symbol('SettlementQueue');
export const SETTLEMENT_QUEUE_NAME = 'settlement';

export type SettlementQueue = JobQueue<SettlementJob>;
