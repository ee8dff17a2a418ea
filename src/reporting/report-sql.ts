import { METRIC_RULES, type SumColumn } from './report-columns.js';
import type { Period } from './report-periods.js';
import { reportSource } from './report-source.js';
import { DIMENSIONS, FILTERS, type FilterName, isByCurrency, MAX_ROWS, type ReportRequest } from './report-request.js';

export interface SqlQuery {
  readonly text: string;
  readonly parameters: readonly unknown[];
}

interface Key {
  readonly name: string;
  readonly expression: string;
  readonly order: string;
}

/**
 * The one statement of a report: rows in the order of time, dimensions as they were asked for, currency; one row more than
 * an answer may have, which tells that there are too many. Texts are compared by their bytes, the same on every server.
 *
 * Names come from the tables in report-request.ts, values are parameters: $1 from, $2 to, then as they are needed the starts of
 * the periods, the one advertiser that may be seen (`onlyAdvertiserId`), and a list for each filter. The interval and the
 * advertiser meet the primary key's and the second index's first columns.
 */
export function reportQuery(
  request: ReportRequest,
  periods: readonly Period[],
  onlyAdvertiserId: string | null,
): SqlQuery {
  const parameters: unknown[] = [];
  const bind = (value: unknown): string => `$${parameters.push(value)}`;
  const conditions = [`r.bucket_at >= ${bind(new Date(request.from))}`, `r.bucket_at < ${bind(new Date(request.to))}`];
  const keys = keysOf(request, periods, bind);
  if (onlyAdvertiserId !== null) conditions.push(`r.advertiser_id = ${bind(onlyAdvertiserId)}`);
  for (const [filter, values] of request.filters)
    conditions.push(`r.${columnOf(filter)} = ANY(${bind(values)}::text[])`);
  const selected = [
    ...keys.map(({ name, expression }) => `${expression} AS "${name}"`),
    ...sumsOf(request).map((column) => `sum(r.${column})::text AS ${column}`),
  ];
  const lines = [
    `SELECT ${selected.join(', ')}`,
    `FROM ${reportSource(request)} r`,
    // Left: a forged token has no advertiser, and so no currency.
    ...(isByCurrency(request) ? ['LEFT JOIN advertisers a ON a.id = r.advertiser_id'] : []),
    `WHERE ${conditions.join(' AND ')}`,
    ...(keys.length > 0 ? [`GROUP BY ${keys.map(({ expression }) => expression).join(', ')}`] : []),
    // Without keys, nothing would still make one row: of nulls.
    'HAVING count(*) > 0',
    ...(keys.length > 0 ? [`ORDER BY ${keys.map(({ order }) => order).join(', ')}`] : []),
    `LIMIT ${MAX_ROWS + 1}`,
  ];
  return { text: lines.join('\n'), parameters };
}

function keysOf(request: ReportRequest, periods: readonly Period[], bind: (value: unknown) => string): readonly Key[] {
  const keys: Key[] = [];
  if (request.granularity !== 'total') {
    const starts = bind(periods.map(({ start }) => new Date(start)));
    const expression = `width_bucket(r.bucket_at, ${starts}::timestamptz[])`;
    keys.push({ name: 'period', expression, order: expression });
  }
  for (const name of request.dimensions) keys.push(textKey(name, `r.${DIMENSIONS[name]}`));
  if (isByCurrency(request)) keys.push(textKey('currency', `coalesce(a.currency, '')`));
  return keys;
}

function textKey(name: string, expression: string): Key {
  return { name, expression, order: `${expression} COLLATE "C"` };
}

function columnOf(filter: FilterName): string {
  return FILTERS[filter];
}

function sumsOf({ metrics }: ReportRequest): readonly SumColumn[] {
  return [...new Set(metrics.flatMap((metric) => METRIC_RULES[metric].sums))];
}
