import type { DataSource } from 'typeorm';

/** Counted impressions as the scripts hold them: [messageId, adGroupId, campaignId, at]. */
export type ImpressionEntry = readonly [string, string, string, number];

export interface RebuiltExposure {
  readonly impressions: readonly ImpressionEntry[];
  /** Impressions ever, by ad group and by campaign. */
  readonly totals: Readonly<Record<string, number>>;
}

interface Row {
  readonly ad_group_id: string;
  readonly campaign_id: string;
  readonly total: number;
  readonly message_ids: readonly string[] | null;
  readonly times: readonly number[] | null;
}

/**
 * What Postgres knows of a member's exposure: every accepted impression, settled or not. `keepFrom` (epoch ms) bounds the
 * single ones; older ones are in the totals only.
 */
export async function rebuildExposure(
  dataSource: DataSource,
  memberId: string,
  keepFrom: number,
): Promise<RebuiltExposure> {
  const rows = await dataSource.query<Row[]>(
    `SELECT ad_group_id, campaign_id, count(*) AS total,
            array_agg(message_id) FILTER (WHERE occurred_at >= $2) AS message_ids,
            array_agg((extract(epoch FROM occurred_at) * 1000)::float8) FILTER (WHERE occurred_at >= $2) AS times
     FROM events
     WHERE member_id = $1 AND type = 'impression'
     GROUP BY ad_group_id, campaign_id`,
    [memberId, new Date(Math.max(keepFrom, 0))],
  );
  const impressions: ImpressionEntry[] = [];
  const totals: Record<string, number> = {};
  for (const { ad_group_id: adGroupId, campaign_id: campaignId, total, message_ids, times } of rows) {
    totals[adGroupId] = total;
    totals[campaignId] = (totals[campaignId] ?? 0) + total;
    message_ids?.forEach((messageId, i) =>
      impressions.push([messageId, adGroupId, campaignId, Math.round(times?.[i] ?? 0)]),
    );
  }
  return { impressions, totals };
}
