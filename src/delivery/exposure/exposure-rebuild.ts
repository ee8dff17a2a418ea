import type { DataSource } from 'typeorm';
import { groupBy } from '../../platform/group-by.js';

/** Counted impressions as the scripts hold them: [messageId, adGroupId, campaignId, at, advertiserId]. */
export type ImpressionEntry = readonly [string, string, string, number, string];

export interface RebuiltExposure {
  readonly impressions: readonly ImpressionEntry[];
  /** Impressions ever, by ad group and by campaign. */
  readonly totals: Readonly<Record<string, number>>;
}

interface Row {
  readonly member_id: string;
  readonly ad_group_id: string;
  readonly campaign_id: string;
  readonly advertiser_id: string;
  readonly total: number;
  readonly message_ids: readonly string[] | null;
  readonly times: readonly number[] | null;
}

/**
 * What Postgres knows of members' exposure, in their order: every accepted impression, settled or not. `keepFrom` (epoch
 * ms) bounds the single ones; older ones are in the totals only.
 */
export async function rebuildExposures(
  dataSource: DataSource,
  memberIds: readonly string[],
  keepFrom: number,
): Promise<readonly RebuiltExposure[]> {
  // $1 member ids, $2 from when on impressions are told one by one. Read by the index on (member_id, type).
  const rows = await dataSource.query<Row[]>(
    `SELECT member_id, ad_group_id, campaign_id, advertiser_id, count(*) AS total,
            array_agg(message_id) FILTER (WHERE occurred_at >= $2) AS message_ids,
            array_agg((extract(epoch FROM occurred_at) * 1000)::float8) FILTER (WHERE occurred_at >= $2) AS times
     FROM events
     WHERE member_id = ANY($1::text[]) AND type = 'impression'
     GROUP BY member_id, ad_group_id, campaign_id, advertiser_id`,
    [[...new Set(memberIds)], new Date(Math.max(keepFrom, 0))],
  );
  const rowsOf = groupBy(rows, (row) => row.member_id);
  return memberIds.map((memberId) => toExposure(rowsOf.get(memberId) ?? []));
}

function toExposure(rows: readonly Row[]): RebuiltExposure {
  const impressions: ImpressionEntry[] = [];
  const totals: Record<string, number> = {};
  for (const { ad_group_id: adGroupId, campaign_id: campaignId, advertiser_id, total, message_ids, times } of rows) {
    totals[adGroupId] = total;
    totals[campaignId] = (totals[campaignId] ?? 0) + total;
    message_ids?.forEach((messageId, i) =>
      impressions.push([messageId, adGroupId, campaignId, Math.round(times?.[i] ?? 0), advertiser_id]),
    );
  }
  return { impressions, totals };
}
