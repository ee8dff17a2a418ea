import type { EntityManager } from 'typeorm';
import type { InvalidTrafficRow } from './invalid-traffic-tally.js';

/** Adds to the rows of invalid traffic, by one statement; `rows` in the order of `InvalidTrafficTally.take`. */
export async function addInvalidTraffic(tx: EntityManager, rows: readonly InvalidTrafficRow[]): Promise<void> {
  if (rows.length === 0) return;
  await tx.query(ADD, [
    rows.map((row) => new Date(row.bucketAt)),
    rows.map((row) => row.where.advertiserId),
    rows.map((row) => row.where.campaignId),
    rows.map((row) => row.where.adGroupId),
    rows.map((row) => row.where.creativeId),
    rows.map((row) => row.where.placement),
    rows.map((row) => row.reason),
    rows.map((row) => row.impressions),
    rows.map((row) => row.clicks),
    rows.map((row) => row.hides),
    rows.map((row) => row.conversions),
  ]);
}

// $1 to $11: one list a column.
const ADD = `
  INSERT INTO invalid_traffic_rows (bucket_at, advertiser_id, campaign_id, ad_group_id, creative_id, placement, reason,
                                    impressions, clicks, hides, conversions)
  SELECT * FROM unnest($1::timestamptz[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::text[],
                       $8::bigint[], $9::bigint[], $10::bigint[], $11::bigint[])
  ON CONFLICT (bucket_at, creative_id, placement, reason) DO UPDATE SET
    impressions = invalid_traffic_rows.impressions + excluded.impressions,
    clicks = invalid_traffic_rows.clicks + excluded.clicks,
    hides = invalid_traffic_rows.hides + excluded.hides,
    conversions = invalid_traffic_rows.conversions + excluded.conversions`;
