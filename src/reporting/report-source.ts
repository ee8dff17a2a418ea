import { INVALID_SUMS, VALID_SUMS } from './report-columns.js';
import { isInvalidMetric, type ReportRequest } from './report-request.js';

const KEYS = 'bucket_at, advertiser_id, campaign_id, ad_group_id, creative_id, placement';

const zeros = (columns: readonly string[]): string => columns.map((column) => `0::bigint AS ${column}`).join(', ');
const invalidSums = INVALID_SUMS.map((column) => `${column.replace('invalid_', '')} AS ${column}`).join(', ');

const BOTH = `(
  SELECT ${KEYS}, ${VALID_SUMS.join(', ')}, ${zeros(INVALID_SUMS)} FROM report_rows
  UNION ALL
  SELECT ${KEYS}, ${zeros(VALID_SUMS)}, ${invalidSums} FROM invalid_traffic_rows)`;

const INVALID = `(SELECT ${KEYS}, reason, ${invalidSums} FROM invalid_traffic_rows)`;

/**
 * What a report's metrics are summed from: rows of settled events, of invalid traffic, or of both one after the other.
 * Postgres takes the report's conditions into each part, where they meet the table's indexes.
 */
export function reportSource({ metrics }: ReportRequest): string {
  if (!metrics.some(isInvalidMetric)) return 'report_rows';
  return metrics.every(isInvalidMetric) ? INVALID : BOTH;
}
