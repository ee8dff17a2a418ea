import { setImmediate } from 'node:timers/promises';
import { type LocalDay, ZoneDays } from '../core/calendar/zone-days.js';
import type { ReportRequest } from './report-request.js';

/**
 * The hours and days of a report. Days are those of core/calendar, which budgets are kept by. An hour is a stretch of time
 * in which the local clock shows one hour of one date at one offset: an hour that the clock repeats is two periods, one that it
 * leaves out is none, and where it moves by half an hour (Australia/Lord_Howe), the pieces are periods of their own.
 */
export interface Period {
  /** Epoch ms; the period ends where the next one starts. */
  readonly start: number;
  /** The start as ISO 8601 with the zone's offset. */
  readonly time: string;
}

const HOUR_MS = 3_600_000;
const MINUTE_MS = 60_000;
/** A day costs some 75 µs, nearly all of it Intl's; other requests of the process must not wait for years of them. */
const DAYS_A_TURN = 20;

/**
 * The periods that share time with [from, to), in order: the first may start before `from`. They follow each other without a
 * gap. None for the granularity `total`.
 */
export async function periodsOf({ from, to, timeZone, granularity }: ReportRequest): Promise<readonly Period[]> {
  if (granularity === 'total') return [];
  const days = new ZoneDays(timeZone);
  const periods: Period[] = [];
  let seen = 0;
  for (let day = days.dayAt(from); day.start < to; day = days.dayAt(day.end)) {
    if (granularity === 'day') periods.push(period(day.start, day.offsetMs));
    else periods.push(...hoursOf(day));
    if (++seen % DAYS_A_TURN === 0) await setImmediate();
  }
  const first = periods.findLastIndex(({ start }) => start <= from);
  return periods.slice(first).filter(({ start }) => start < to);
}

function hoursOf(day: LocalDay): readonly Period[] {
  return [
    ...hoursAt(day.start, day.offsetChangesAt, day.offsetMs),
    ...hoursAt(day.offsetChangesAt, day.end, day.laterOffsetMs),
  ];
}

/** The hours of [start, end), in which the offset stays the same. */
function hoursAt(start: number, end: number, offsetMs: number): readonly Period[] {
  const hours: Period[] = [];
  for (let at = start; at < end; at = nextWholeHour(at + offsetMs) - offsetMs) hours.push(period(at, offsetMs));
  return hours;
}

function nextWholeHour(localMs: number): number {
  return (Math.floor(localMs / HOUR_MS) + 1) * HOUR_MS;
}

function period(start: number, offsetMs: number): Period {
  return { start, time: new Date(start + offsetMs).toISOString().slice(0, 19) + isoOffset(offsetMs) };
}

function isoOffset(offsetMs: number): string {
  if (offsetMs === 0) return 'Z';
  const minutes = Math.round(Math.abs(offsetMs) / MINUTE_MS);
  const two = (n: number): string => String(n).padStart(2, '0');
  return `${offsetMs < 0 ? '-' : '+'}${two(Math.floor(minutes / 60))}:${two(minutes % 60)}`;
}
