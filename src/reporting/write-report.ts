import { setImmediate } from 'node:timers/promises';
import type { ReportColumn, SqlRow } from './report-columns.js';

/** A report that is read: what its rows mean, and how complete they are. `asOf` in epoch ms. */
export interface Report {
  readonly columns: readonly ReportColumn[];
  readonly rows: readonly SqlRow[];
  readonly asOf: number;
  readonly isFinal: boolean;
}

export type ReportForm = 'json' | 'csv';

export const MEDIA_TYPES: Readonly<Record<ReportForm, string>> = {
  json: 'application/json; charset=utf-8',
  csv: 'text/csv; charset=utf-8; header=present',
};

/** The writing of so many rows holds up other requests of the process for a millisecond or two, not longer. */
const ROWS_A_TURN = 500;
/** What a spreadsheet takes for the start of a formula, full-width forms included (OWASP, "CSV Injection"). */
const FORMULA_START = /^[=+\-@\t\r\n\uff1d\uff0b\uff0d\uff20]/;

/** The text of a report in pieces, UTF-8. Numbers are written digit by digit as Postgres summed them, never as floats. */
export async function writeReport(report: Report, form: ReportForm): Promise<readonly Buffer[]> {
  return form === 'csv' ? writeCsv(report) : writeJson(report);
}

async function writeJson({ columns, rows, asOf, isFinal }: Report): Promise<readonly Buffer[]> {
  const names = columns.map(({ name }) => `${JSON.stringify(name)}:`);
  const row = (source: SqlRow): string =>
    `{${columns.map((column, at) => `${names[at]}${jsonValue(column, source)}`).join(',')}}`;
  const pieces = await writeRows(rows, (chunk, start) => (start === 0 ? '' : ',') + chunk.map(row).join(','));
  const end = `],"asOf":"${new Date(asOf).toISOString()}","isFinal":${isFinal}}`;
  return [Buffer.from('{"rows":['), ...pieces, Buffer.from(end)];
}

function jsonValue({ kind, read }: ReportColumn, row: SqlRow): string {
  const value = read(row);
  return value !== null && kind === 'text' ? JSON.stringify(value) : String(value);
}

/** RFC 4180 with a header line; an empty cell where there is no value. */
async function writeCsv({ columns, rows }: Report): Promise<readonly Buffer[]> {
  const header = `${columns.map(({ name }) => csvText(name)).join(',')}\r\n`;
  const row = (source: SqlRow): string => `${columns.map((column) => csvValue(column, source)).join(',')}\r\n`;
  return [Buffer.from(header), ...(await writeRows(rows, (chunk) => chunk.map(row).join('')))];
}

function csvValue({ kind, read }: ReportColumn, row: SqlRow): string {
  const value = read(row) ?? '';
  return kind === 'text' ? csvText(value) : value;
}

function csvText(value: string): string {
  const harmless = FORMULA_START.test(value) ? `'${value}` : value;
  return /[",\r\n]/.test(harmless) ? `"${harmless.replaceAll('"', '""')}"` : harmless;
}

async function writeRows(
  rows: readonly SqlRow[],
  write: (chunk: readonly SqlRow[], start: number) => string,
): Promise<readonly Buffer[]> {
  const pieces: Buffer[] = [];
  for (let start = 0; start < rows.length; start += ROWS_A_TURN) {
    if (start > 0) await setImmediate();
    pieces.push(Buffer.from(write(rows.slice(start, start + ROWS_A_TURN), start)));
  }
  return pieces;
}
