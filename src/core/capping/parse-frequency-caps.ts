import { type FieldError, isWireRecord, refuseUnknownKeys, type WireRecord } from '../field-error.js';
import { UNIT_MS, windowLengthMs } from './cap-window.js';
import { type CapWindow, type FrequencyCap, WINDOW_UNITS } from './frequency-cap.js';

/**
 * Reads frequency caps from the wire: a list of `{limit, window: {length, unit, kind}}` or `{limit, window: 'lifetime'}`.
 * A cap is held as it is written on the wire, so the parsed list is also what is answered.
 */
export type FrequencyCapsResult =
  | { readonly ok: true; readonly frequencyCaps: readonly FrequencyCap[] }
  | { readonly ok: false; readonly errors: readonly FieldError[] };

export const MAX_FREQUENCY_CAPS = 10;
export const MAX_CAP_LIMIT = 1_000_000;
/** What exposure state has to remember of a member, apart from lifetime caps. */
export const MAX_WINDOW_DAYS = 90;

/** Errors name every wrong place below `path`; an empty list is allowed and means no caps. */
export function parseFrequencyCaps(input: unknown, path = 'frequencyCaps'): FrequencyCapsResult {
  if (!Array.isArray(input) || input.length > MAX_FREQUENCY_CAPS) {
    return { ok: false, errors: [{ path, message: `must be a list of at most ${MAX_FREQUENCY_CAPS} frequency caps` }] };
  }
  const errors: FieldError[] = [];
  const frequencyCaps: FrequencyCap[] = [];
  input.forEach((item: unknown, i) => {
    const cap = parseCap(item, `${path}[${i}]`, errors);
    if (cap !== null) frequencyCaps.push(cap);
  });
  return errors.length > 0 ? { ok: false, errors } : { ok: true, frequencyCaps };
}

function parseCap(item: unknown, path: string, errors: FieldError[]): FrequencyCap | null {
  if (!isWireRecord(item)) {
    errors.push({ path, message: 'must be an object with limit and window' });
    return null;
  }
  refuseUnknownKeys(item, ['limit', 'window'], path, errors);
  const limit = item['limit'];
  const hasLimit = isIntegerUpTo(limit, MAX_CAP_LIMIT);
  if (!hasLimit) errors.push({ path: `${path}.limit`, message: 'must be an integer from 1 to 1,000,000 impressions' });
  const window = parseWindow(item['window'], `${path}.window`, errors);
  return hasLimit && window !== null ? { limit, window } : null;
}

function parseWindow(input: unknown, path: string, errors: FieldError[]): CapWindow | null {
  if (input === 'lifetime') return 'lifetime';
  if (!isWireRecord(input)) {
    errors.push({ path, message: "must be 'lifetime' or an object with length, unit and kind" });
    return null;
  }
  return parseTimedWindow(input, path, errors);
}

function parseTimedWindow(input: WireRecord, path: string, errors: FieldError[]): CapWindow | null {
  refuseUnknownKeys(input, ['length', 'unit', 'kind'], path, errors);
  const unit = WINDOW_UNITS.find((known) => known === input['unit']);
  if (unit === undefined) errors.push({ path: `${path}.unit`, message: `must be one of ${WINDOW_UNITS.join(', ')}` });
  const kind = (['rolling', 'calendar'] as const).find((known) => known === input['kind']);
  if (kind === undefined) errors.push({ path: `${path}.kind`, message: "must be 'rolling' or 'calendar'" });
  const length = input['length'];
  // An unknown unit is reported alone; its length is held against the smallest, so that only hopeless ones are named too.
  const longest = Math.floor((MAX_WINDOW_DAYS * UNIT_MS.day) / UNIT_MS[unit ?? 'minute']);
  if (!isIntegerUpTo(length, longest)) {
    const message = `must be an integer of at least 1, and the window at most ${MAX_WINDOW_DAYS} days`;
    errors.push({ path: `${path}.length`, message });
    return null;
  }
  if (unit === undefined || kind === undefined) return null;
  const window = { length, unit, kind };
  if (kind === 'calendar' && (unit === 'minute' || unit === 'hour') && windowLengthMs(window) > UNIT_MS.day) {
    const message = `calendar windows of ${unit}s restart at local midnight, so 24 hours is the most; use the unit 'day'`;
    errors.push({ path: `${path}.length`, message });
    return null;
  }
  return window;
}

function isIntegerUpTo(input: unknown, most: number): input is number {
  return typeof input === 'number' && Number.isInteger(input) && input >= 1 && input <= most;
}
