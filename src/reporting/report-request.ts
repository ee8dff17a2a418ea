/**
 * What a report can be asked for. Every name here is also the only way into the report's SQL: columns come from these
 * tables, values go as parameters.
 */
export const DIMENSIONS = {
  advertiser: 'advertiser_id',
  campaign: 'campaign_id',
  adGroup: 'ad_group_id',
  creative: 'creative_id',
  placement: 'placement',
  invalidReason: 'reason',
} as const;
export type Dimension = keyof typeof DIMENSIONS;

export const FILTERS = {
  advertiserId: 'advertiser_id',
  campaignId: 'campaign_id',
  adGroupId: 'ad_group_id',
  creativeId: 'creative_id',
  placement: 'placement',
} as const;
export type FilterName = keyof typeof FILTERS;

export const GRANULARITIES = ['hour', 'day', 'total'] as const;
export type Granularity = (typeof GRANULARITIES)[number];

/** Counts of events that are invalid traffic: no other metric has them in it, and only they have a reason. */
export const INVALID_METRICS = ['invalidImpressions', 'invalidClicks', 'invalidHides', 'invalidConversions'] as const;

const VALID_METRICS = [
  ...(['impressions', 'clicks', 'hides', 'conversions', 'ctr', 'spendMicros', 'ecpmMicros'] as const),
  ...(['overBudgetImpressions', 'overBudgetClicks'] as const),
] as const;

export const METRICS = [...VALID_METRICS, ...INVALID_METRICS] as const;
export type Metric = (typeof METRICS)[number];

export function isInvalidMetric(metric: Metric): boolean {
  return INVALID_METRICS.some((name) => name === metric);
}

export const DEFAULT_METRICS: readonly Metric[] = ['impressions', 'clicks', 'ctr', 'spendMicros'];

/** Settled events are counted by quarters of an hour; an interval must not cut one. */
export const BUCKET_MS = 15 * 60_000;

/** The longest interval, in days, so that an answer and the work for it stay bounded. */
export const MOST_DAYS: Readonly<Record<Granularity, number>> = { hour: 93, day: 5 * 366, total: 10 * 366 };

export const MAX_ROWS = 100_000;

/** A checked request: `from` and `to` in epoch ms, whole quarters, `from` before `to`. */
export interface ReportRequest {
  readonly from: number;
  readonly to: number;
  /** IANA name. */
  readonly timeZone: string;
  readonly granularity: Granularity;
  readonly dimensions: readonly Dimension[];
  readonly metrics: readonly Metric[];
  readonly filters: ReadonlyMap<FilterName, readonly string[]>;
}

/** Money of different currencies is never added up: where a report shows money, each row has one currency. */
export function isByCurrency({ metrics }: Pick<ReportRequest, 'metrics'>): boolean {
  return metrics.includes('spendMicros') || metrics.includes('ecpmMicros');
}
