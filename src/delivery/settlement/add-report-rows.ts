import type { EntityManager } from 'typeorm';
import type { SettlingEvent } from './batch-events.js';

/** Width of a report row's bucket; see the migration that creates `report_rows`. */
const BUCKET_MS = 15 * 60_000;

interface ReportRow {
  readonly bucketAt: Date;
  readonly event: SettlingEvent;
  impressions: number;
  clicks: number;
  hides: number;
  conversions: number;
  spend: bigint;
}

const COUNT_OF = { impression: 'impressions', click: 'clicks', hide: 'hides', conversion: 'conversions' } as const;

/** Adds settled events to the report rows; `isCharged` tells which ones cost what their price says. */
export async function addReportRows(
  tx: EntityManager,
  events: readonly SettlingEvent[],
  isCharged: (event: SettlingEvent) => boolean,
): Promise<void> {
  const rows = new Map<string, ReportRow>();
  for (const event of events) {
    const bucket = Math.floor(event.occurredAt / BUCKET_MS) * BUCKET_MS;
    const key = `${bucket} ${event.creativeId} ${event.placement}`;
    const row = rows.get(key) ?? {
      bucketAt: new Date(bucket),
      event,
      impressions: 0,
      clicks: 0,
      hides: 0,
      conversions: 0,
      spend: 0n,
    };
    row[COUNT_OF[event.type]] += 1;
    if (isCharged(event)) row.spend += BigInt(event.priceMicros);
    rows.set(key, row);
  }
  if (rows.size === 0) return;
  // In one order for all settlements, so that none waits for another in a circle.
  const sorted = [...rows].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row);
  await tx.query(
    `INSERT INTO report_rows (bucket_at, advertiser_id, campaign_id, ad_group_id, creative_id, placement,
                              impressions, clicks, hides, conversions, spend_micros)
     SELECT * FROM unnest($1::timestamptz[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[],
                          $7::bigint[], $8::bigint[], $9::bigint[], $10::bigint[], $11::bigint[])
     ON CONFLICT (bucket_at, creative_id, placement) DO UPDATE SET
       impressions = report_rows.impressions + excluded.impressions,
       clicks = report_rows.clicks + excluded.clicks,
       hides = report_rows.hides + excluded.hides,
       conversions = report_rows.conversions + excluded.conversions,
       spend_micros = report_rows.spend_micros + excluded.spend_micros`,
    [
      sorted.map((row) => row.bucketAt),
      sorted.map((row) => row.event.advertiserId),
      sorted.map((row) => row.event.campaignId),
      sorted.map((row) => row.event.adGroupId),
      sorted.map((row) => row.event.creativeId),
      sorted.map((row) => row.event.placement),
      sorted.map((row) => row.impressions),
      sorted.map((row) => row.clicks),
      sorted.map((row) => row.hides),
      sorted.map((row) => row.conversions),
      sorted.map((row) => row.spend.toString()),
    ],
  );
}
