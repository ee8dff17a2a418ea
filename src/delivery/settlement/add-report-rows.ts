import type { EntityManager } from 'typeorm';
import type { SettlingEvent } from './batch-events.js';
import { type EventTally, tallyOf } from './event-tally.js';

interface ReportRow {
  readonly of: EventTally;
  impressions: number;
  clicks: number;
  hides: number;
  conversions: number;
  overBudgetImpressions: number;
  overBudgetClicks: number;
  spend: bigint;
}

const NONE = {
  impressions: 0,
  clicks: 0,
  hides: 0,
  conversions: 0,
  spend: 0n,
  overBudgetImpressions: 0,
  overBudgetClicks: 0,
};

const COUNT_OF = { impression: 'impressions', click: 'clicks', hide: 'hides', conversion: 'conversions' } as const;

/**
 * Adds settled events to the report rows. Of all in `tallies`, those in `charged` cost what their price says, and those in
 * `refused` found their budget gone: only impressions and clicks have a price.
 */
export async function addReportRows(
  tx: EntityManager,
  tallies: readonly EventTally[],
  charged: readonly EventTally[],
  refused: Iterable<SettlingEvent>,
): Promise<void> {
  const rows = new Map<string, ReportRow>();
  const rowOf = (of: EventTally): ReportRow => {
    const key = `${of.bucketAt} ${of.creativeId} ${of.placement}`;
    const row = rows.get(key) ?? { of, ...NONE };
    rows.set(key, row);
    return row;
  };
  for (const tally of tallies) rowOf(tally)[COUNT_OF[tally.type]] += tally.count;
  for (const tally of charged) rowOf(tally).spend += tally.micros;
  for (const event of refused) {
    rowOf(tallyOf(event))[event.type === 'impression' ? 'overBudgetImpressions' : 'overBudgetClicks'] += 1;
  }
  if (rows.size === 0) return;
  // In one order for all settlements, so that none waits for another in a circle.
  const sorted = [...rows].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, row]) => row);
  await tx.query(
    `INSERT INTO report_rows (bucket_at, advertiser_id, campaign_id, ad_group_id, creative_id, placement,
                              impressions, clicks, hides, conversions, spend_micros,
                              over_budget_impressions, over_budget_clicks)
     SELECT * FROM unnest($1::timestamptz[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[],
                          $7::bigint[], $8::bigint[], $9::bigint[], $10::bigint[], $11::bigint[], $12::bigint[], $13::bigint[])
     ON CONFLICT (bucket_at, creative_id, placement) DO UPDATE SET
       impressions = report_rows.impressions + excluded.impressions,
       clicks = report_rows.clicks + excluded.clicks,
       hides = report_rows.hides + excluded.hides,
       conversions = report_rows.conversions + excluded.conversions,
       spend_micros = report_rows.spend_micros + excluded.spend_micros,
       over_budget_impressions = report_rows.over_budget_impressions + excluded.over_budget_impressions,
       over_budget_clicks = report_rows.over_budget_clicks + excluded.over_budget_clicks`,
    [
      sorted.map(({ of }) => new Date(of.bucketAt)),
      sorted.map(({ of }) => of.advertiserId),
      sorted.map(({ of }) => of.campaignId),
      sorted.map(({ of }) => of.adGroupId),
      sorted.map(({ of }) => of.creativeId),
      sorted.map(({ of }) => of.placement),
      sorted.map((row) => row.impressions),
      sorted.map((row) => row.clicks),
      sorted.map((row) => row.hides),
      sorted.map((row) => row.conversions),
      sorted.map((row) => row.spend.toString()),
      sorted.map((row) => row.overBudgetImpressions),
      sorted.map((row) => row.overBudgetClicks),
    ],
  );
}
