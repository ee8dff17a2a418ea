import type { EntityManager } from 'typeorm';

/** One event to settle, with what its charge depends on. Times are epoch ms, money micros of the advertiser's currency. */
export interface SettlingEvent {
  readonly batchId: string;
  /** Its place among the events of its batch, as they were accepted. */
  readonly ordinal: number;
  readonly decidedAt: Date;
  readonly messageId: string;
  readonly type: 'impression' | 'click' | 'hide' | 'conversion';
  readonly eventId: string;
  readonly memberId: string;
  readonly advertiserId: string;
  readonly campaignId: string;
  readonly adGroupId: string;
  readonly creativeId: string;
  readonly placement: string;
  readonly priceMicros: number;
  /** The process that promised the price. */
  readonly leaseHolder: number;
  readonly occurredAt: number;
  /** The member has seen the message: nothing else counts before its impression. */
  readonly isShown: boolean;
  /** It waited for its impression, which is in one of these batches. */
  readonly waited: boolean;
}

/**
 * The events of some batches, those of each in the order in which they were accepted, then those of others that waited for an impression
 * in one of these. `batchIds`: $1.
 */
export async function readBatchEvents(
  tx: EntityManager,
  batchIds: readonly string[],
): Promise<readonly SettlingEvent[]> {
  return tx.query<SettlingEvent[]>(
    `SELECT e.batch_id AS "batchId", e.ordinal, e.decided_at AS "decidedAt", e.message_id AS "messageId", e.type,
            e.event_id AS "eventId", e.member_id AS "memberId", e.advertiser_id AS "advertiserId",
            e.campaign_id AS "campaignId", e.ad_group_id AS "adGroupId", e.creative_id AS "creativeId", e.placement,
            e.price_micros AS "priceMicros", e.lease_holder AS "leaseHolder", (extract(epoch FROM e.occurred_at) * 1000)::float8 AS "occurredAt",
            e.type = 'impression' OR EXISTS (
              SELECT FROM events i
              WHERE i.decided_at = e.decided_at AND i.message_id = e.message_id AND i.type = 'impression'
            ) AS "isShown",
            false AS waited
     FROM events e WHERE e.batch_id = ANY($1)
     UNION ALL
     SELECT w.batch_id, w.ordinal, w.decided_at, w.message_id, w.type,
            w.event_id, w.member_id, w.advertiser_id,
            w.campaign_id, w.ad_group_id, w.creative_id, w.placement,
            w.price_micros, w.lease_holder, (extract(epoch FROM w.occurred_at) * 1000)::float8, true, true
     FROM events i JOIN events w ON w.decided_at = i.decided_at AND w.message_id = i.message_id AND w.outcome = 'waiting'
     WHERE i.batch_id = ANY($1) AND i.type = 'impression' AND w.batch_id <> ALL($1)
     ORDER BY waited, "batchId", ordinal`,
    [batchIds],
  );
}
