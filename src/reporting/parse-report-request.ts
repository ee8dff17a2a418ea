import { isTimeZone, startOfLocalDay } from '../core/calendar/local-day.js';
import { type FieldError, invalid } from '../platform/app-error.js';
import { parseInstant } from '../platform/http/fields.js';
import {
  BUCKET_MS,
  DEFAULT_METRICS,
  type Dimension,
  DIMENSIONS,
  type FilterName,
  FILTERS,
  GRANULARITIES,
  type Granularity,
  INVALID_METRICS,
  isInvalidMetric,
  type Metric,
  METRICS,
  MOST_DAYS,
  type ReportRequest,
} from './report-request.js';

/**
 * Reads the query of a report. Nothing is ignored: unknown parameters, repeated ones, and names that are not (yet)
 * supported are refused, all faults at once.
 */
export const PARAMETER_NAMES: readonly string[] = [
  ...['from', 'to', 'timeZone', 'granularity', 'dimensions', 'metrics'],
  ...Object.keys(FILTERS),
];

export const MAX_FILTER_VALUES = 100;

const DAY_MS = 86_400_000;
const DATE_FORM = /^\d{4}-\d\d-\d\d$/;
/** Ids are opaque, but short and printable; Postgres can't even be asked for some other texts. */
const FILTER_VALUE_FORM = /^[\x21-\x2b\x2d-\x7e]{1,64}$/;
/** A person mends a few at a time, and a hostile query must not be answered by a larger text. */
const MAX_ERRORS = 50;
const MAX_QUOTED = 64;

const TIME_MESSAGE =
  'must be an ISO 8601 time with a zone, such as 2026-11-22T09:00:00Z, or a date of the time zone, such as 2026-11-22';

export function parseReportRequest(query: Readonly<Record<string, unknown>>): ReportRequest {
  const faults: FieldError[] = [];
  const texts = readTexts(query, faults);
  const timeZone = readTimeZone(texts, faults);
  const granularity = readGranularity(texts, faults);
  const from = readTime('from', texts, timeZone, faults);
  const to = readTime('to', texts, timeZone, faults);
  if (from !== null && to !== null) checkInterval(from, to, granularity ?? 'total', faults);
  const dimensions = readNames('dimensions', Object.keys(DIMENSIONS) as (keyof typeof DIMENSIONS)[], texts, faults);
  const metrics = readNames('metrics', METRICS, texts, faults);
  checkReason(dimensions ?? [], metrics ?? DEFAULT_METRICS, faults);
  const filters = readFilters(texts, faults);
  if (faults.length > 0 || from === null || to === null || timeZone === null || granularity === null) {
    throw invalid(faults.slice(0, MAX_ERRORS), 'The report has invalid parameters; see errors.');
  }
  return {
    from,
    to,
    timeZone,
    granularity,
    dimensions: dimensions ?? [],
    metrics: metrics ?? DEFAULT_METRICS,
    filters,
  };
}

/** Null for a parameter that is at fault already. */
type Texts = ReadonlyMap<string, string | null>;

/** The known parameters that were given. */
function readTexts(query: Readonly<Record<string, unknown>>, faults: FieldError[]): Texts {
  const texts = new Map<string, string | null>();
  for (const [name, value] of Object.entries(query)) {
    const fault = (message: string): unknown => faults.push({ path: name.slice(0, MAX_QUOTED), message });
    if (!PARAMETER_NAMES.includes(name)) {
      fault(`is not a parameter of a report; those are ${PARAMETER_NAMES.join(', ')}`);
      continue;
    }
    if (typeof value !== 'string') fault('must be given once');
    texts.set(name, typeof value === 'string' ? value : null);
  }
  return texts;
}

function readTimeZone(texts: Texts, faults: FieldError[]): string | null {
  const timeZone = texts.get('timeZone') ?? 'UTC';
  if (isTimeZone(timeZone)) return timeZone;
  faults.push({ path: 'timeZone', message: 'must be a name of the IANA time zone database, such as Asia/Seoul' });
  return null;
}

function readGranularity(texts: Texts, faults: FieldError[]): Granularity | null {
  const text = texts.get('granularity') ?? 'total';
  const found = GRANULARITIES.find((granularity) => granularity === text);
  if (found === undefined) faults.push({ path: 'granularity', message: `must be one of ${GRANULARITIES.join(', ')}` });
  return found ?? null;
}

/** Epoch ms of an instant, or of the start of a local date. */
function readTime(path: 'from' | 'to', texts: Texts, timeZone: string | null, faults: FieldError[]): number | null {
  const fault = (message: string): null => {
    faults.push({ path, message });
    return null;
  };
  const text = texts.get(path);
  if (text === undefined) return fault('is required');
  if (text === null) return null;
  // In a query a plus is a space: the usual slip with +09:00.
  if (/^\S+ \d\d:\d\d$/.test(text)) return fault(`${TIME_MESSAGE}; write the + of an offset as %2B`);
  const isDate = DATE_FORM.test(text);
  const instant = parseInstant(isDate ? `${text}T00:00:00Z` : text);
  if (instant === null) return fault(`${TIME_MESSAGE}, from 1970 to 2199`);
  if (isDate && timeZone === null) return null;
  const time = isDate ? startOfLocalDay(instant / DAY_MS, timeZone ?? 'UTC') : instant;
  if (time % BUCKET_MS !== 0) return fault('must be a whole quarter of an hour: :00, :15, :30 or :45');
  return time;
}

function checkInterval(from: number, to: number, granularity: Granularity, faults: FieldError[]): void {
  const mostDays = MOST_DAYS[granularity];
  if (to <= from) faults.push({ path: 'to', message: 'must be after from' });
  if (to - from > mostDays * DAY_MS) {
    faults.push({
      path: 'to',
      message: `must be at most ${mostDays} days after from with the granularity ${granularity}`,
    });
  }
}

/** Undefined where the parameter is absent. */
function readNames<Name extends string>(
  path: 'dimensions' | 'metrics',
  supported: readonly Name[],
  texts: Texts,
  faults: FieldError[],
): readonly Name[] | undefined {
  const given = texts.get(path)?.split(',');
  if (given === undefined) return undefined;
  const names = new Set<Name>();
  for (const text of given) {
    const name = supported.find((candidate) => candidate === text);
    if (name === undefined) {
      faults.push({
        path,
        message: `'${text.slice(0, MAX_QUOTED)}' is not supported; supported are ${supported.join(', ')}`,
      });
    } else if (names.has(name)) faults.push({ path, message: `names ${name} twice` });
    else names.add(name);
  }
  return [...names];
}

/** Valid events have no reason: their metrics can't be broken down by it. */
function checkReason(dimensions: readonly Dimension[], metrics: readonly Metric[], faults: FieldError[]): void {
  if (!dimensions.includes('invalidReason') || metrics.every(isInvalidMetric)) return;
  faults.push({
    path: 'dimensions',
    message: `'invalidReason' goes with the metrics ${INVALID_METRICS.join(', ')} only; name them in metrics`,
  });
}

function readFilters(texts: Texts, faults: FieldError[]): ReadonlyMap<FilterName, readonly string[]> {
  const filters = new Map<FilterName, readonly string[]>();
  for (const path of Object.keys(FILTERS) as FilterName[]) {
    const values = texts.get(path)?.split(',');
    if (values === undefined) continue;
    if (values.length > MAX_FILTER_VALUES || !values.every((value) => FILTER_VALUE_FORM.test(value))) {
      const message = `must be 1 to ${MAX_FILTER_VALUES} ids, separated by commas, each of 1 to 64 printable ASCII characters`;
      faults.push({ path, message });
    }
    filters.set(path, values);
  }
  return filters;
}
