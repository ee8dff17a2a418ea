import { localDayIndex, localDayStart, nextLocalDayStart, startOfLocalDay } from '../calendar/local-day.js';
import type { CapWindow, TimedWindow, WindowUnit } from './frequency-cap.js';

/**
 * Which impressions a cap counts at an instant: those from `windowStart` on.
 * - Rolling: (now − w, now]; w is elapsed time, so a rolling day is 24 hours on every day of the year.
 * - Calendar days and weeks: [start, next start), whole windows of `length` local days counted from 1970-01-01, or of
 *   `length` local weeks counted from Monday 1970-01-05, so that every member and every process agrees on them.
 * - Calendar minutes and hours: counted in elapsed time from local midnight, where they start anew; the last one of a day
 *   ends with the day even when it is not full. So they stay a partition on days of 23, 24.5 or 25 hours.
 * - Lifetime: everything.
 * Invariants: a window contains now; calendar windows are a partition of time; `windowStart` never falls as now rises,
 * on which the soundness of capping rests (see `exposure.ts`).
 */
export const UNIT_MS: Readonly<Record<WindowUnit, number>> = {
  minute: 60_000,
  hour: 3_600_000,
  day: 86_400_000,
  week: 604_800_000,
};

/** 1970-01-05, the first Monday: the day from which calendar weeks are counted. */
const FIRST_MONDAY = 4;

/** The nominal length in milliseconds; a calendar day or week is longer or shorter where clocks change. */
export function windowLengthMs(window: TimedWindow): number {
  return window.length * UNIT_MS[window.unit];
}

/**
 * The first epoch millisecond that counts at `nowMs`, at most `nowMs`. `zone` is the advertiser's IANA zone; only calendar
 * windows read it. O(1), under 0.2 µs while the local day of the zone stays the same.
 */
export function windowStart(window: CapWindow, nowMs: number, zone: string): number {
  if (window === 'lifetime') return 0;
  if (window.kind === 'rolling') return nowMs - windowLengthMs(window) + 1;
  switch (window.unit) {
    case 'minute':
    case 'hour': {
      const dayStart = localDayStart(nowMs, zone);
      const length = windowLengthMs(window);
      return dayStart + Math.floor((nowMs - dayStart) / length) * length;
    }
    case 'day':
    case 'week':
      return startOfLocalDay(firstDayOf(window, nowMs, zone), zone);
  }
}

/**
 * From when on a cap counts, told so that it stays true while time goes on, until `windowEnd`: the start of a calendar
 * window, epoch ms; minus the length of a rolling one; `LIFETIME`.
 */
export function countsFrom(window: CapWindow, nowMs: number, zone: string): number {
  if (window === 'lifetime') return LIFETIME;
  return window.kind === 'rolling' ? -windowLengthMs(window) : windowStart(window, nowMs, zone);
}

/** No window is as short as 1 ms. */
const LIFETIME = -1;

/**
 * When a calendar window renews: the first epoch millisecond of the next one, later than `nowMs`. Null for rolling and
 * lifetime windows, which have no common renewal.
 */
export function windowEnd(window: CapWindow, nowMs: number, zone: string): number | null {
  if (window === 'lifetime' || window.kind === 'rolling') return null;
  switch (window.unit) {
    case 'minute':
    case 'hour':
      return Math.min(windowStart(window, nowMs, zone) + windowLengthMs(window), nextLocalDayStart(nowMs, zone));
    case 'day':
    case 'week':
      return startOfLocalDay(firstDayOf(window, nowMs, zone) + daysOf(window), zone);
  }
}

/** The index of the first local day of a window of days or weeks. */
function firstDayOf(window: TimedWindow, nowMs: number, zone: string): number {
  const origin = window.unit === 'week' ? FIRST_MONDAY : 0;
  const days = daysOf(window);
  return origin + Math.floor((localDayIndex(nowMs, zone) - origin) / days) * days;
}

function daysOf(window: TimedWindow): number {
  return window.unit === 'week' ? window.length * 7 : window.length;
}
