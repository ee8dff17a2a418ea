import type { EntityManager } from 'typeorm';
import type { SeenMessages } from '../exposure/exposure-writer.js';
import { BUCKET_MS, type EventTally } from './event-tally.js';

/** Impressions of one tally, with what is confirmed of each. */
export type ImpressionTally = EventTally & SeenMessages;

/**
 * The impressions of some batches. Nearly all events are impressions, and none of them waits for another event or is
 * invalid: so Postgres counts them, and their money is looked at one by one only where it does not cover all (see
 * settle-charges.ts).
 */
export async function readImpressions(
  tx: EntityManager,
  batchIds: readonly string[],
): Promise<readonly ImpressionTally[]> {
  const rows = await tx.query<(Omit<ImpressionTally, 'micros'> & { readonly micros: string })[]>(READ_IMPRESSIONS, [
    batchIds,
    BUCKET_MS / 1000,
  ]);
  return rows.map((row) => ({ ...row, micros: BigInt(row.micros) }));
}

// $1 batches, $2 seconds of a bucket. One JSON list a column, since reading one row an impression costs the worker several
// times as much. What differs most comes first among what is sorted by. OFFSET 0: read by the batch alone; a young table, of
// which Postgres has no statistics, would be read by its index of all impressions.
const READ_IMPRESSIONS = `
  SELECT 'impression' AS type, advertiser_id AS "advertiserId", campaign_id AS "campaignId", ad_group_id AS "adGroupId",
         creative_id AS "creativeId", placement, lease_holder AS "leaseHolder",
         floor(date_part('epoch', decided_at) / 60)::integer AS minute,
         floor(date_part('epoch', occurred_at) / $2::integer) * $2::integer * 1000 AS "bucketAt",
         count(*)::integer AS count, sum(price_micros)::text AS micros,
         json_agg(member_id) AS "memberIds", json_agg(message_id) AS "messageIds",
         json_agg(round(date_part('epoch', occurred_at) * 1000)) AS "seenAt"
  FROM (SELECT * FROM events WHERE batch_id = ANY($1) OFFSET 0) e WHERE type = 'impression'
  GROUP BY creative_id, minute, "bucketAt", lease_holder, placement, ad_group_id, campaign_id, advertiser_id`;
