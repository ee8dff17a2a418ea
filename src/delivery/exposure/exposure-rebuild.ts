import type { DataSource } from 'typeorm';
import { capKey } from '../../core/capping/record-caps.js';
import { groupBy } from '../../platform/group-by.js';
import { messageKey } from './exposure-keys.js';

/** What messages count for, as keys, and the impressions ever: {creative, adGroup, campaign, advertiser, placement, total}. */
export type ExposureRow = readonly [number, number, number, number, number, number];

/** A member's exposure as the scripts take it: see hold.lua. */
export interface RebuiltExposure {
  /** Epoch ms from which on impressions are told one by one. */
  readonly from: number;
  /** The oldest were left out, as there are too many. */
  readonly bound: boolean;
  readonly rows: readonly ExposureRow[];
  /** {message key, row from 1, at}, by time. */
  readonly impressions: readonly (readonly [number, number, number])[];
}

/** As many as a state lists: see state.lua. */
export const MOST_IMPRESSIONS = 2_000;

interface Row {
  readonly member_id: string;
  readonly creative_id: string;
  readonly ad_group_id: string;
  readonly campaign_id: string;
  readonly advertiser_id: string;
  readonly placement: string;
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
  // $1 member ids, $2 from when on impressions are told one by one. Read by the index on (member_id) of impressions.
  const rows = await dataSource.query<Row[]>(
    `SELECT member_id, creative_id, ad_group_id, campaign_id, advertiser_id, placement, count(*) AS total,
            array_agg(message_id) FILTER (WHERE occurred_at >= $2) AS message_ids,
            array_agg((extract(epoch FROM occurred_at) * 1000)::float8) FILTER (WHERE occurred_at >= $2) AS times
     FROM events
     WHERE member_id = ANY($1::text[]) AND type = 'impression'
     GROUP BY member_id, creative_id, ad_group_id, campaign_id, advertiser_id, placement`,
    [[...new Set(memberIds)], new Date(Math.max(keepFrom, 0))],
  );
  const rowsOf = groupBy(rows, (row) => row.member_id);
  return memberIds.map((memberId) => toExposure(rowsOf.get(memberId) ?? [], keepFrom));
}

function toExposure(rows: readonly Row[], keepFrom: number): RebuiltExposure {
  const all = rows.flatMap(({ message_ids, times }, i) =>
    (message_ids ?? []).map((id, j): [number, number, number] => [messageKey(id), i + 1, Math.round(times?.[j] ?? 0)]),
  );
  all.sort((a, b) => a[2] - b[2]);
  // Of those seen in the same millisecond as the last that is left out, none is listed: from `from` on, all are.
  const lastLeftOut = all[all.length - MOST_IMPRESSIONS - 1];
  const from = lastLeftOut === undefined ? keepFrom : lastLeftOut[2] + 1;
  return {
    from,
    bound: lastLeftOut !== undefined,
    rows: rows.map((row) => [
      capKey(row.creative_id),
      capKey(row.ad_group_id),
      capKey(row.campaign_id),
      capKey(row.advertiser_id),
      capKey(row.placement),
      row.total,
    ]),
    impressions: all.filter(([, , at]) => at >= from),
  };
}
