import type { DataSource } from 'typeorm';

/**
 * The statement of each batch of events holds a shared advisory lock, whose key tells when the batch was received, from before
 * it looks whether it may begin until all see what it wrote, or nobody ever will: Postgres frees it only then. No timeout
 * holds for a COMMIT: where the disk stalls or a standby is waited for, it may hang for hours after its process died.
 */

/** Keeps these advisory locks apart from others of the product (see lease-exchange.ts). */
export const COMMIT_LOCK_SPACE = 7_302;

/** A key has 32 bits: in such steps they reach from 1970 to 2242, past all times that the API takes. */
export const COMMIT_LOCK_STEP_MS = 2_000;

/** The second key of the lock of a batch that was received at `receivedAt`, epoch ms: an int4, negative from 2106 on. */
export function commitLockKey(receivedAt: number): number {
  return Math.floor(receivedAt / COMMIT_LOCK_STEP_MS) | 0;
}

/** As of one moment. */
export interface CommitLocks {
  /** By the clock of Postgres: not after the moment. */
  readonly readAt: Date;
  /** Epoch ms: no batch under way was received before it; Infinity where none is under way. */
  readonly receivedFrom: number;
}

/**
 * Locks are of the moment and not of any snapshot. So they are read by a statement of their own, before the one that reads
 * what is committed: a batch without a lock here is in the snapshot of whatever is asked next, or looks after `readAt` whether
 * it may begin. Read later, or within that statement, a batch could be over by then, and not in the snapshot either.
 */
export async function readCommitLocks(dataSource: DataSource): Promise<CommitLocks> {
  const [row] = await dataSource.query<{ read_at: Date; oldest_key: number | null }[]>(LOCKS);
  const oldestKey = row!.oldest_key ?? Infinity;
  return { readAt: row!.read_at, receivedFrom: oldestKey * COMMIT_LOCK_STEP_MS };
}

const LOCKS = `
  SELECT now() AS read_at, min(objid::bigint) AS oldest_key FROM pg_locks
  WHERE locktype = 'advisory' AND classid = ${COMMIT_LOCK_SPACE} AND objsubid = 2 AND granted
    AND database = (SELECT oid FROM pg_database WHERE datname = current_database())`;
