import { divideHalfUp } from '../core/money/divide-half-up.js';
import type { Period } from './report-periods.js';
import { isByCurrency, type Metric, type ReportRequest } from './report-request.js';

/** The sums that metrics are made of: columns of `report_rows`, and those that count invalid traffic. */
export const VALID_SUMS = [
  ...(['impressions', 'clicks', 'hides', 'conversions', 'spend_micros'] as const),
  ...(['over_budget_impressions', 'over_budget_clicks'] as const),
] as const;
export const INVALID_SUMS = ['invalid_impressions', 'invalid_clicks', 'invalid_hides', 'invalid_conversions'] as const;
export type SumColumn = (typeof VALID_SUMS)[number] | (typeof INVALID_SUMS)[number];

/** One row of the report's SQL: texts, but for the period's number (from 1). */
export type SqlRow = Readonly<Record<string, string | number>>;

/** A column of the answer. `read` gives a text, or the digits of a number as they are written; null where there is no value. */
export interface ReportColumn {
  readonly name: string;
  readonly kind: 'text' | 'number';
  readonly read: (row: SqlRow) => string | null;
}

interface MetricRule {
  readonly sums: readonly SumColumn[];
  readonly read: (row: SqlRow) => string | null;
}

const CTR_DECIMALS = 6;

/** Sums go from Postgres to the answer as digits: they may pass 2^53, where a float would round them. */
export const METRIC_RULES: Readonly<Record<Metric, MetricRule>> = {
  impressions: sumOf('impressions'),
  clicks: sumOf('clicks'),
  hides: sumOf('hides'),
  conversions: sumOf('conversions'),
  spendMicros: sumOf('spend_micros'),
  overBudgetImpressions: sumOf('over_budget_impressions'),
  overBudgetClicks: sumOf('over_budget_clicks'),
  invalidImpressions: sumOf('invalid_impressions'),
  invalidClicks: sumOf('invalid_clicks'),
  invalidHides: sumOf('invalid_hides'),
  invalidConversions: sumOf('invalid_conversions'),
  ctr: {
    sums: ['clicks', 'impressions'],
    read: (row) => ratio(BigInt(text(row, 'clicks')), BigInt(text(row, 'impressions'))),
  },
  ecpmMicros: {
    sums: ['spend_micros', 'impressions'],
    read: (row) => {
      const impressions = BigInt(text(row, 'impressions'));
      return impressions === 0n
        ? null
        : divideHalfUp(BigInt(text(row, 'spend_micros')) * 1_000n, impressions).toString();
    },
  },
};

/** The columns in the order of the answer: time, dimensions, currency, metrics. */
export function columnsOf(request: ReportRequest, periods: readonly Period[]): readonly ReportColumn[] {
  const textColumn = (name: string): ReportColumn => ({ name, kind: 'text', read: (row) => text(row, name) });
  const time: ReportColumn = {
    name: 'time',
    kind: 'text',
    read: (row) => periods[Number(row['period']) - 1]?.time ?? null,
  };
  return [
    ...(request.granularity === 'total' ? [] : [time]),
    ...request.dimensions.map(textColumn),
    ...(isByCurrency(request) ? [textColumn('currency')] : []),
    ...request.metrics.map((name): ReportColumn => ({ name, kind: 'number', read: METRIC_RULES[name].read })),
  ];
}

function sumOf(column: SumColumn): MetricRule {
  return { sums: [column], read: (row) => text(row, column) };
}

function text(row: SqlRow, column: string): string {
  return String(row[column]);
}

/** A decimal number, null where nothing is divided by. */
function ratio(dividend: bigint, divisor: bigint): string | null {
  if (divisor === 0n) return null;
  const scaled = divideHalfUp(dividend * 10n ** BigInt(CTR_DECIMALS), divisor)
    .toString()
    .padStart(CTR_DECIMALS + 1, '0');
  const decimals = scaled.slice(-CTR_DECIMALS).replace(/0+$/, '');
  return decimals === '' ? scaled.slice(0, -CTR_DECIMALS) : `${scaled.slice(0, -CTR_DECIMALS)}.${decimals}`;
}
