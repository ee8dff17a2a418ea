import { DateTime } from 'luxon';

/** A naive reading of what a report means: row by row with luxon, without SQL. Sums below 2^53 only. */
export interface StoredRow {
  readonly bucketAt: number;
  readonly advertiser: string;
  readonly campaign: string;
  readonly adGroup: string;
  readonly creative: string;
  readonly placement: string;
  readonly impressions: number;
  readonly clicks: number;
  readonly hides: number;
  readonly conversions: number;
  readonly spend: number;
  readonly overBudgetImpressions: number;
  readonly overBudgetClicks: number;
  /** Of invalid traffic only. */
  readonly invalidReason?: string;
}

export type RowDimension = 'advertiser' | 'campaign' | 'adGroup' | 'creative' | 'placement';

export const INVALID_METRICS = ['invalidImpressions', 'invalidClicks', 'invalidHides', 'invalidConversions'];

export interface NaiveRequest {
  readonly from: number;
  readonly to: number;
  readonly timeZone: string;
  readonly granularity: 'hour' | 'day' | 'total';
  readonly dimensions: readonly (RowDimension | 'invalidReason')[];
  readonly metrics: readonly string[];
  readonly filters: Readonly<Partial<Record<RowDimension, readonly string[]>>>;
}

export type AnswerRow = Readonly<Record<string, string | number | null>>;

const QUARTER_MS = 15 * 60_000;

export function naiveReport(
  rows: readonly StoredRow[],
  request: NaiveRequest,
  currencyOf: (advertiser: string) => string,
): readonly AnswerRow[] {
  const { from, to, granularity, dimensions, metrics, filters } = request;
  const withMoney = metrics.includes('spendMicros') || metrics.includes('ecpmMicros');
  const groups = new Map<string, { start: number; keys: Record<string, string>; rows: StoredRow[] }>();
  for (const row of rows) {
    // A row counts where the report has a metric that it is made of.
    if (!metrics.some((name) => INVALID_METRICS.includes(name) === (row.invalidReason !== undefined))) continue;
    if (row.bucketAt < from || row.bucketAt >= to) continue;
    if (Object.entries(filters).some(([name, values]) => !values.includes(row[name as RowDimension]))) continue;
    const start = granularity === 'total' ? 0 : periodStart(row.bucketAt, granularity, request.timeZone);
    const keys: Record<string, string> = granularity === 'total' ? {} : { time: isoTime(start, request.timeZone) };
    for (const name of dimensions) keys[name] = row[name] ?? '';
    if (withMoney) keys['currency'] = currencyOf(row.advertiser);
    const key = JSON.stringify([start, keys]);
    const group = groups.get(key) ?? { start, keys, rows: [] };
    group.rows.push(row);
    groups.set(key, group);
  }
  return [...groups.values()]
    .sort((a, b) => a.start - b.start || compareTexts(orderOf(a.keys), orderOf(b.keys)))
    .map((group) => ({
      ...group.keys,
      ...Object.fromEntries(metrics.map((metric) => [metric, metricOf(metric, group.rows)])),
    }));
}

const starts = new Map<string, number>();

/** Walks back by quarters for as long as a clock on the wall shows the same day, or the same hour at the same offset. */
function periodStart(at: number, granularity: 'hour' | 'day', zone: string): number {
  const key = `${granularity} ${zone} ${at}`;
  const known = starts.get(key);
  if (known !== undefined) return known;
  const before = at - QUARTER_MS;
  const isFirst = shown(before, granularity, zone) !== shown(at, granularity, zone);
  const start = isFirst ? at : periodStart(before, granularity, zone);
  starts.set(key, start);
  return start;
}

function shown(at: number, granularity: 'hour' | 'day', zone: string): string {
  const { year, ordinal, hour, offset } = DateTime.fromMillis(at, { zone });
  return granularity === 'day' ? `${year} ${ordinal}` : `${year} ${ordinal} ${hour} ${offset}`;
}

function isoTime(ms: number, zone: string): string {
  const local = DateTime.fromMillis(ms, { zone });
  return local.toFormat("yyyy-MM-dd'T'HH:mm:ss") + (local.offset === 0 ? 'Z' : local.toFormat('ZZ'));
}

function metricOf(metric: string, all: readonly StoredRow[]): number | null {
  const sumOf = (some: readonly StoredRow[], read: (row: StoredRow) => number): number =>
    some.reduce((total, row) => total + read(row), 0);
  const invalid = all.filter((row) => row.invalidReason !== undefined);
  const sum = (read: (row: StoredRow) => number): number =>
    sumOf(
      all.filter((row) => row.invalidReason === undefined),
      read,
    );
  const impressions = sum((row) => row.impressions);
  switch (metric) {
    case 'impressions':
      return impressions;
    case 'clicks':
      return sum((row) => row.clicks);
    case 'hides':
      return sum((row) => row.hides);
    case 'conversions':
      return sum((row) => row.conversions);
    case 'spendMicros':
      return sum((row) => row.spend);
    case 'overBudgetImpressions':
      return sum((row) => row.overBudgetImpressions);
    case 'overBudgetClicks':
      return sum((row) => row.overBudgetClicks);
    case 'ctr':
      return impressions === 0 ? null : Math.round((sum((row) => row.clicks) * 1e6) / impressions) / 1e6;
    case 'ecpmMicros':
      return impressions === 0 ? null : Math.round((sum((row) => row.spend) * 1000) / impressions);
    case 'invalidImpressions':
      return sumOf(invalid, (row) => row.impressions);
    case 'invalidClicks':
      return sumOf(invalid, (row) => row.clicks);
    case 'invalidHides':
      return sumOf(invalid, (row) => row.hides);
    case 'invalidConversions':
      return sumOf(invalid, (row) => row.conversions);
    default:
      throw new Error(`The naive report knows no ${metric}`);
  }
}

function orderOf({ time: _time, ...keys }: Record<string, string>): readonly string[] {
  return Object.values(keys);
}

function compareTexts(a: readonly string[], b: readonly string[]): number {
  for (const [at, text] of a.entries()) {
    const order = Buffer.compare(Buffer.from(text), Buffer.from(b[at] ?? ''));
    if (order !== 0) return order;
  }
  return 0;
}

/** RFC 4180, as a spreadsheet reads it: quoted cells may hold commas, quotes and line ends. */
export function parseCsv(text: string): readonly (readonly string[])[] {
  const lines: string[][] = [];
  const cell = /(?:"((?:[^"]|"")*)"|([^",\r\n]*))(,|\r\n)/y;
  let line: string[] = [];
  while (cell.lastIndex < text.length) {
    const at = cell.lastIndex;
    const found = cell.exec(text);
    if (found === null) throw new Error(`No CSV at ${at}: ${text.slice(at, at + 40)}`);
    line.push(found[1]?.replaceAll('""', '"') ?? found[2] ?? '');
    if (found[3] === ',') continue;
    lines.push(line);
    line = [];
  }
  return lines;
}
