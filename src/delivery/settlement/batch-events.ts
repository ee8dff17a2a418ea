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
 * The events of some batches that are no impressions, and those of others that waited for an impression in one of these: only
 * what is settled waits, so none of these batches' own.
 * `batchIds`: $1. OFFSET 0 and the subquery, which is no EXISTS, keep a young table's plan from reading all impressions.
 */
export function readOtherEvents(tx: EntityManager, batchIds: readonly string[]): Promise<readonly SettlingEvent[]> {
  return tx.query<SettlingEvent[]>(
    `SELECT ${COLUMNS}, false AS waited, coalesce((
       SELECT true FROM events i
       WHERE i.decided_at = e.decided_at AND i.message_id = e.message_id AND i.type = 'impression' LIMIT 1
     ), false) AS "isShown"
     FROM ${OF_BATCHES} e WHERE e.type <> 'impression'
     UNION ALL
     SELECT ${COLUMNS}, true, true
     FROM ${OF_BATCHES} i
     JOIN events e ON e.decided_at = i.decided_at AND e.message_id = i.message_id AND e.outcome = 'waiting'
     WHERE i.type = 'impression'`,
    [batchIds],
  );
}

/** The impressions of some batches that cost campaigns something. `batchIds`: $1, `campaignIds`: $2. */
export function readPaidImpressions(
  tx: EntityManager,
  batchIds: readonly string[],
  campaignIds: readonly string[],
): Promise<readonly SettlingEvent[]> {
  return tx.query<SettlingEvent[]>(
    `SELECT ${COLUMNS}, true AS "isShown", false AS waited FROM ${OF_BATCHES} e
     WHERE type = 'impression' AND campaign_id = ANY($2) AND price_micros > 0`,
    [batchIds, campaignIds],
  );
}

const OF_BATCHES = '(SELECT * FROM events WHERE batch_id = ANY($1) OFFSET 0)';

const COLUMNS = `
  e.batch_id AS "batchId", e.ordinal, e.decided_at AS "decidedAt", e.message_id AS "messageId", e.type,
  e.event_id AS "eventId", e.member_id AS "memberId", e.advertiser_id AS "advertiserId", e.campaign_id AS "campaignId",
  e.ad_group_id AS "adGroupId", e.creative_id AS "creativeId", e.placement, e.price_micros AS "priceMicros",
  e.lease_holder AS "leaseHolder", (extract(epoch FROM e.occurred_at) * 1000)::float8 AS "occurredAt"`;

/** Those of each batch in the order in which they were accepted, then those that waited. */
export function byAcceptance(a: SettlingEvent, b: SettlingEvent): number {
  if (a.waited !== b.waited) return a.waited ? 1 : -1;
  if (a.batchId !== b.batchId) return a.batchId < b.batchId ? -1 : 1;
  return a.ordinal - b.ordinal;
}

/** An event's key among those that are settled. */
export function eventKey(event: SettlingEvent): string {
  return `${event.messageId} ${event.type} ${event.eventId}`;
}
