import type { EntityManager } from 'typeorm';

/**
 * What the events of parked batches will cost. From the parking of a batch until its settlement, this binds the money that
 * their holders had claimed: a holder is told of it as of a charge (see settled-charges.ts), lowers its claim, and is not told
 * again when the batch is retried and charged. Without it, a promise would be over, and its money lent anew, while its charge
 * is still to come.
 */
export async function addParkedCharges(tx: EntityManager, batchId: string, now: number): Promise<void> {
  await tx.query(ADD_PARKED, [batchId, new Date(now)]);
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

// $1 batch, $2 now. Also the clicks that wait for an impression of the batch, which are charged with it; but no click whose
// impression nobody has reported: it will wait, and be charged with that. A batch that is parked for a second time binds its
// money already.
const ADD_PARKED = `
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
  INSERT INTO parked_charges (batch_id, advertiser_id, campaign_id, ad_group_id, lease_holder, decided_minute, day,
                              amount_micros, parked_at)
  SELECT $1, e.advertiser_id, e.campaign_id, e.ad_group_id, e.lease_holder,
         floor(date_part('epoch', e.decided_at) / 60)::integer AS minute,
         (e.occurred_at AT TIME ZONE a.time_zone)::date AS day, sum(e.price_micros), $2
  FROM costly AS e LEFT JOIN advertisers AS a ON a.id = e.advertiser_id
  WHERE NOT ${isBoundByParking('$1')}
  GROUP BY e.advertiser_id, e.campaign_id, e.ad_group_id, e.lease_holder, minute, day`;
