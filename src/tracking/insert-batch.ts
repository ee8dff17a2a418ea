import type { DataSource } from 'typeorm';
import { COMMIT_LOCK_SPACE, commitLockKey } from '../delivery/delivery.api.js';
import type { VerifiedEvent } from './verified-event.js';

/** `openUntil`: of the clock of Postgres; see intake-mark.ts. */
export interface BatchOrigin {
  readonly batchId: string;
  readonly openUntil: Date;
}

/**
 * Commits a batch and its events by one statement. An event that is there already is left out; a batch of nothing but such
 * is not written. Answers the indexes (into `events`) of those that are new. Null where the statement came to Postgres after
 * `openUntil`, because the process was frozen or the network slow: then nothing was written.
 */
export async function insertBatch(
  dataSource: DataSource,
  { batchId, openUntil }: BatchOrigin,
  events: readonly VerifiedEvent[],
): Promise<ReadonlySet<number> | null> {
  // In the order of the primary key: of two batches with the same events, one waits for the other and neither deadlocks.
  const rows = events
    .map((event, index) => ({ event, index }))
    .sort((a, b) => (orderKey(a.event) < orderKey(b.event) ? -1 : 1));
  const column = <T>(read: (event: VerifiedEvent) => T): T[] => rows.map(({ event }) => read(event));
  const receivedAt = events.reduce((earliest, event) => Math.min(earliest, event.receivedAt), Infinity);
  const inserted = await dataSource.query<{ ordinal: number | null }[]>(INSERT_BATCH, [
    batchId,
    new Date(receivedAt),
    column((e) => new Date(e.placed.decidedAt)),
    column((e) => e.placed.messageId),
    column((e) => e.type),
    column((e) => e.eventId),
    rows.map(({ index }) => index),
    column((e) => e.placed.memberId),
    column((e) => e.placed.advertiserId),
    column((e) => e.placed.campaignId),
    column((e) => e.placed.adGroupId),
    column((e) => e.placed.creativeId),
    column((e) => e.placed.placement),
    column((e) => e.placed.position),
    column((e) => (e.type === e.placed.chargedFor ? e.placed.priceMicros : 0)),
    column((e) => new Date(e.occurredAt)),
    column((e) => e.placed.leaseHolder),
    column((e) => e.isTimeStated),
    commitLockKey(receivedAt),
    openUntil,
  ]);
  const ordinals = inserted.map((row) => row.ordinal);
  return ordinals.includes(null) ? null : new Set(ordinals.filter((ordinal) => ordinal !== null));
}

function orderKey(event: VerifiedEvent): string {
  return `${event.placed.decidedAt} ${event.placed.messageId} ${event.type} ${event.eventId}`;
}

// $1 batch id, $2 when the first of its events was received; $3 to $18 one list a column of `events`; $19 the key of its lock;
// $20 the latest begin. One row, of no ordinal, where that is over. It looks at the time once it holds its lock, not before:
// whoever saw no lock waits for those who may still begin.
const INSERT_BATCH = `
  WITH open AS (
    SELECT WHERE CASE WHEN pg_advisory_xact_lock_shared(${COMMIT_LOCK_SPACE}, $19) IS NOT NULL
                      THEN clock_timestamp() < $20 END
  ), added AS (
    INSERT INTO events (batch_id, decided_at, message_id, type, event_id, ordinal, member_id, advertiser_id, campaign_id,
                        ad_group_id, creative_id, placement, position, price_micros, occurred_at, lease_holder, time_stated)
    SELECT $1, * FROM unnest($3::timestamptz[], $4::text[], $5::text[], $6::text[], $7::integer[], $8::text[], $9::text[],
                             $10::text[], $11::text[], $12::text[], $13::text[], $14::integer[], $15::bigint[],
                             $16::timestamptz[], $17::integer[], $18::boolean[])
    WHERE EXISTS (SELECT FROM open)
    ON CONFLICT DO NOTHING
    RETURNING ordinal
  ), batch AS (
    INSERT INTO event_batches (id, received_at, event_count)
    SELECT $1, $2, count(*) FROM added HAVING count(*) > 0
  )
  SELECT ordinal FROM added UNION ALL SELECT NULL WHERE NOT EXISTS (SELECT FROM open)`;
