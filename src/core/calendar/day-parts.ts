import { type FieldError, isWireRecord, refuseUnknownKeys, type WireRecord } from '../field-error.js';
import { localWeekdayAndMinute, type Weekday, WEEKDAYS } from './local-day.js';

/**
 * Day parts: the hours of the week in which an ad group may serve, by the advertiser's clock or by the member's. Windows
 * are half-open, [from, to), within one day, in minutes of the wall clock; they may overlap, and an instant is within day
 * parts when it is within any of them.
 */
export interface DayParts {
  readonly clock: DayPartsClock;
  readonly windows: readonly DayPartWindow[];
}

export const DAY_PARTS_CLOCKS = ['advertiser', 'member'] as const;
export type DayPartsClock = (typeof DAY_PARTS_CLOCKS)[number];

export interface DayPartWindow {
  readonly days: readonly Weekday[];
  /** 0 to 1439. */
  readonly fromMinute: number;
  /** `fromMinute` + 1 to 1440. */
  readonly toMinute: number;
}

/** The wire form: `{clock, windows: [{days: ['mon'], from: '09:00', to: '18:00'}]}`. */
export interface DayPartsWire {
  readonly clock: DayPartsClock;
  readonly windows: readonly { readonly days: readonly Weekday[]; readonly from: string; readonly to: string }[];
}

export type DayPartsResult =
  { readonly ok: true; readonly dayParts: DayParts } | { readonly ok: false; readonly errors: readonly FieldError[] };

export const MAX_DAY_PART_WINDOWS = 50;
const MINUTES_A_DAY = 1_440;
const CLOCK_TIME = /^(?:([01][0-9]|2[0-3]):([0-5][0-9])|24:00)$/;

/** Reads the wire form; errors name every wrong place below `path`. `formatDayParts` is its inverse. */
export function parseDayParts(input: unknown, path = 'dayParts'): DayPartsResult {
  if (!isWireRecord(input))
    return { ok: false, errors: [{ path, message: 'must be an object with clock and windows' }] };
  const errors: FieldError[] = [];
  refuseUnknownKeys(input, ['clock', 'windows'], path, errors);
  const clock = DAY_PARTS_CLOCKS.find((known) => known === input['clock']);
  if (clock === undefined) errors.push({ path: `${path}.clock`, message: "must be 'advertiser' or 'member'" });
  const windows = parseWindows(input['windows'], `${path}.windows`, errors);
  if (clock === undefined || errors.length > 0) return { ok: false, errors };
  return { ok: true, dayParts: { clock, windows } };
}

export function formatDayParts(dayParts: DayParts): DayPartsWire {
  return {
    clock: dayParts.clock,
    windows: dayParts.windows.map(({ days, fromMinute, toMinute }) => ({
      days: [...days],
      from: formatClockTime(fromMinute),
      to: formatClockTime(toMinute),
    })),
  };
}

/**
 * True when the wall clock of `zone` (the advertiser's or the member's, as `dayParts.clock` says; the caller picks) is
 * inside one of the windows at `nowMs`. O(windows).
 */
export function isWithinDayParts(dayParts: DayParts, nowMs: number, zone: string): boolean {
  const { weekday, minute } = localWeekdayAndMinute(nowMs, zone);
  return dayParts.windows.some(
    ({ days, fromMinute, toMinute }) => minute >= fromMinute && minute < toMinute && days.includes(weekday),
  );
}

function parseWindows(input: unknown, path: string, errors: FieldError[]): DayPartWindow[] {
  if (!Array.isArray(input) || input.length < 1 || input.length > MAX_DAY_PART_WINDOWS) {
    const message = `must be a list of 1 to ${MAX_DAY_PART_WINDOWS} windows; leave dayParts out to serve at all hours`;
    errors.push({ path, message });
    return [];
  }
  const windows: DayPartWindow[] = [];
  input.forEach((item: unknown, i) => {
    const at = `${path}[${i}]`;
    if (isWireRecord(item)) windows.push(parseWindow(item, at, errors));
    else errors.push({ path: at, message: 'must be an object with days, from and to' });
  });
  return windows;
}

function parseWindow(item: WireRecord, path: string, errors: FieldError[]): DayPartWindow {
  refuseUnknownKeys(item, ['days', 'from', 'to'], path, errors);
  const days = parseDays(item['days'], `${path}.days`, errors);
  const fromMinute = parseClockTime(item['from'], `${path}.from`, errors);
  const toMinute = parseClockTime(item['to'], `${path}.to`, errors);
  if (fromMinute !== null && toMinute !== null && fromMinute >= toMinute) {
    const message = 'must be later than from; split a window past midnight in two: one to "24:00", one from "00:00"';
    errors.push({ path: `${path}.to`, message });
  }
  return { days, fromMinute: fromMinute ?? 0, toMinute: toMinute ?? MINUTES_A_DAY };
}

function parseDays(input: unknown, path: string, errors: FieldError[]): Weekday[] {
  const given: unknown[] = Array.isArray(input) ? input : [];
  if (given.length < 1 || given.length > WEEKDAYS.length || new Set(given).size < given.length) {
    errors.push({ path, message: `must be a list of 1 to 7 different days of ${WEEKDAYS.join(', ')}` });
    return [];
  }
  const days: Weekday[] = [];
  given.forEach((name, i) => {
    const day = WEEKDAYS.find((known) => known === name);
    if (day !== undefined) days.push(day);
    else errors.push({ path: `${path}[${i}]`, message: `must be one of ${WEEKDAYS.join(', ')}` });
  });
  return days;
}

function parseClockTime(input: unknown, path: string, errors: FieldError[]): number | null {
  const match = typeof input === 'string' ? CLOCK_TIME.exec(input) : null;
  if (match === null) {
    errors.push({ path, message: 'must be a time of day like "09:00", from "00:00" to "24:00"' });
    return null;
  }
  const [, hour, minute] = match;
  return hour === undefined ? MINUTES_A_DAY : Number(hour) * 60 + Number(minute);
}

function formatClockTime(minuteOfDay: number): string {
  const hour = Math.floor(minuteOfDay / 60);
  return `${String(hour).padStart(2, '0')}:${String(minuteOfDay % 60).padStart(2, '0')}`;
}
