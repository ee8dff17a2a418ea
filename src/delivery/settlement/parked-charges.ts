import type { EntityManager } from 'typeorm';
import { isTimeZone, localDate } from '../../core/calendar/local-day.js';
import { BUCKET_MS } from './event-tally.js';

/**
 * What the events of parked batches will cost. From the parking of a batch until its settlement, this binds the money that
 * their holders had claimed: a holder is told of it as of a charge (see settled-charges.ts), lowers its claim, and is not told
 * again when the batch is retried and charged. Without it, a promise would be over, and its money lent anew, while its charge
 * is still to come.
 */
export async function addParkedCharges(tx: EntityManager, batchId: string, now: number): Promise<void> {
  const costs = await tx.query<CostRow[]>(READ_COSTS, [batchId]);
  const charges = costs.map(({ time_zone, bucket_at, ...cost }) => ({ ...cost, day: dayOf(bucket_at, time_zone) }));
  await tx.query(ADD_PARKED, [batchId, new Date(now), JSON.stringify(charges)]);
}

interface CostRow {
  readonly advertiser_id: string;
  readonly campaign_id: string;
  readonly ad_group_id: string;
  readonly lease_holder: number;
  readonly decided_minute: number;
  /** When the bucket begins in which they happened; it lies on one local day. */
  readonly bucket_at: Date;
  readonly time_zone: string | null;
  readonly amount_micros: string;
}

/** Null where nobody knows the zone: it may be any day. Not asked of Postgres, which may not know each zone that is known here. */
function dayOf(bucketAt: Date, timeZone: string | null): string | null {
  return timeZone !== null && isTimeZone(timeZone) ? localDate(bucketAt.getTime(), timeZone) : null;
}

/** In the transaction that charges the batches: what they cost counts as spent now, and what could not be charged is free. */
export async function endParkedCharges(tx: EntityManager, batchIds: readonly string[], now: number): Promise<void> {
  await tx.query('UPDATE parked_charges SET settled_at = $2 WHERE batch_id = ANY($1) AND settled_at IS NULL', [
    batchIds,
    new Date(now),
  ]);
}

/** SQL: whether the batch of this id (SQL) has been parked with events that cost something. */
export function isBoundByParking(batchId: string): string {
  return `EXISTS (SELECT FROM parked_charges WHERE parked_charges.batch_id = ${batchId})`;
}

// $1 batch. Also the clicks that wait for an impression of the batch, which are charged with it; but no click whose impression
// nobody has reported: it will wait, and be charged with that. A batch that is parked for a second time binds its money
// already.
const READ_COSTS = `
  WITH of_batch AS MATERIALIZED (SELECT * FROM events WHERE batch_id = $1),
  costly AS (
    SELECT * FROM of_batch AS own
    WHERE price_micros > 0 AND (type <> 'click' OR EXISTS (
      SELECT FROM events AS shown
      WHERE shown.decided_at = own.decided_at AND shown.message_id = own.message_id AND shown.type = 'impression'
    ))
    UNION ALL
    SELECT waiting.* FROM of_batch AS shown
    JOIN events AS waiting ON waiting.decided_at = shown.decided_at AND waiting.message_id = shown.message_id
    WHERE shown.type = 'impression' AND waiting.outcome = 'waiting' AND waiting.price_micros > 0
  )
  SELECT e.advertiser_id, e.campaign_id, e.ad_group_id, e.lease_holder,
         floor(date_part('epoch', e.decided_at) / 60)::integer AS decided_minute,
         date_bin('${BUCKET_MS} milliseconds', e.occurred_at, 'epoch') AS bucket_at, a.time_zone,
         sum(e.price_micros)::text AS amount_micros
  FROM costly AS e LEFT JOIN advertisers AS a ON a.id = e.advertiser_id
  WHERE NOT ${isBoundByParking('$1')}
  GROUP BY e.advertiser_id, e.campaign_id, e.ad_group_id, e.lease_holder, decided_minute, bucket_at, a.time_zone`;

// $1 batch, $2 now, $3 what its events cost.
const ADD_PARKED = `
  INSERT INTO parked_charges (batch_id, advertiser_id, campaign_id, ad_group_id, lease_holder, decided_minute, day,
                              amount_micros, parked_at)
  SELECT $1, advertiser_id, campaign_id, ad_group_id, lease_holder, decided_minute, day, amount_micros, $2
  FROM jsonb_to_recordset($3) AS cost (advertiser_id text, campaign_id text, ad_group_id text, lease_holder integer,
                                       decided_minute integer, day date, amount_micros bigint)`;
