import { AppError } from '../platform/app-error.js';
import { parseJsonLine } from '../platform/http/json-body.js';
import type { EntryLimits } from '../platform/http/read-json.js';
import type { NdjsonLine } from '../platform/http/ndjson.js';
import { toAppError } from '../platform/http/problem.filter.js';

/** What an NDJSON upload answers: how many lines were taken, and for each other one why it was not. */
export interface UploadResult {
  readonly accepted: number;
  readonly rejected: readonly RejectedLine[];
}

export interface RejectedLine {
  /** From 1, blank lines included. */
  readonly line: number;
  readonly code: string;
  readonly message: string;
}

/** An upload with more wrong lines than this was made wrongly: reading on would help nobody. */
export const MAX_REJECTED_LINES = 1_000;

const MAX_MESSAGE_LENGTH = 500;

/** The JSON of one line. Throws AppError. */
export function readJsonLine(line: NdjsonLine, maxLineBytes: number, entryLimits?: EntryLimits): unknown {
  if (line.tooLong) throw new AppError(413, 'line_too_long', `The line has more than ${maxLineBytes} bytes.`);
  return parseJsonLine(line.bytes, entryLimits);
}

/** The verdict on a line whose fault was thrown; what is not the line's own fault is thrown on. */
export function rejectLine(line: number, error: unknown): RejectedLine {
  const fault = toAppError(error);
  if (fault.status >= 500) throw error;
  const places = fault.errors.map(({ path, message }) => (path === '' ? message : `${path}: ${message}`));
  const message = places.length === 0 ? fault.detail : places.join('; ');
  return { line, code: fault.code, message: message.slice(0, MAX_MESSAGE_LENGTH) };
}

/** The last entry of an answer to an upload that was not read to its end. */
export function stoppedAt(line: number): RejectedLine {
  const message = `${MAX_REJECTED_LINES} lines were rejected before this one; it and all after it were left unread. Correct them, then send the rest.`;
  return { line, code: 'too_many_rejected_lines', message };
}
