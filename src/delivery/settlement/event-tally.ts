import { decidedMinute } from '../../core/pacing/promise-book.js';
import type { SettlingEvent } from './batch-events.js';

/**
 * Width of a report row's bucket; see the migration that creates `report_rows`. A bucket lies on one local day in every zone: all
 * offsets since 1972 are whole quarters of an hour.
 */
export const BUCKET_MS = 15 * 60_000;

/** Settled events that neither the ledger nor a report tells apart, counted. */
export interface EventTally {
  readonly type: SettlingEvent['type'];
  readonly advertiserId: string;
  readonly campaignId: string;
  readonly adGroupId: string;
  readonly creativeId: string;
  readonly placement: string;
  /** The process that promised their prices; null where it has nothing to know of them. */
  readonly leaseHolder: number | null;
  /** See `decidedMinute`. */
  readonly minute: number;
  /** Epoch ms at which the bucket begins in which they happened. */
  readonly bucketAt: number;
  readonly count: number;
  /** Of all of them. */
  readonly micros: bigint;
}

/** Of a single event. */
export function tallyOf(event: SettlingEvent): EventTally {
  const { type, advertiserId, campaignId, adGroupId, creativeId, placement, leaseHolder } = event;
  return {
    ...{ type, advertiserId, campaignId, adGroupId, creativeId, placement, leaseHolder },
    minute: decidedMinute(event.decidedAt.getTime()),
    bucketAt: Math.floor(event.occurredAt / BUCKET_MS) * BUCKET_MS,
    count: 1,
    micros: BigInt(event.priceMicros),
  };
}
