import { InvariantViolation } from '../invariant-violation.js';
import { DAY_MS, ZoneDays } from './zone-days.js';

/**
 * The local day of an instant in an IANA time zone: what daily budgets, calendar caps and day parts mean by "a day".
 * All functions are pure from outside (results are cached per zone), take epoch milliseconds, answer in epoch milliseconds,
 * and throw `InvariantViolation` for a zone that `isTimeZone` refuses. What is a day is defined in `zone-days.ts`.
 */
export const WEEKDAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;
export type Weekday = (typeof WEEKDAYS)[number];

const MINUTE_MS = 60_000;
/** 1970-01-01 was a Thursday, the fourth of the week. */
const WEEKDAY_OF_DAY_0 = 3;

const PLACE_NAME = new RegExp(
  '^(?:Africa|America|Antarctica|Arctic|Asia|Atlantic|Australia|Brazil|Canada|Chile|Etc|Europe|Indian|Mexico|Pacific|US)' +
    '(?:/[A-Z][A-Za-z0-9+_-]{1,30}){1,2}$',
);

/**
 * The names without an area in the IANA database, a closed list there. Intl would also take ICU's own abbreviations, of
 * which several mean different places to different programs (IST: India, Ireland, Israel).
 */
const NAMES_WITHOUT_AREA: ReadonlySet<string> = new Set(
  (
    'CET CST6CDT Cuba EET EST EST5EDT Egypt Eire GB GB-Eire GMT GMT+0 GMT-0 GMT0 Greenwich HST Hongkong Iceland Iran Israel ' +
    'Jamaica Japan Kwajalein Libya MET MST MST7MDT NZ NZ-CHAT Navajo PRC PST8PDT Poland Portugal ROC ROK Singapore Turkey ' +
    'UCT UTC Universal W-SU WET Zulu'
  ).split(' '),
);

/** There are some 600 names in all, so the bound is never met in earnest. */
const MOST_ZONES = 1_024;
const zones = new Map<string, ZoneDays>();

/**
 * True for a name of the IANA time zone database as it is written there ('Asia/Seoul', 'UTC'). False for offsets
 * ('+09:00'), abbreviations that are not in the database, other spellings ('asia/seoul'), and unknown places. The last
 * word of a link, like Asia/Kolkata, is the one place where odd capitals go unnoticed; they mean the same zone.
 */
export function isTimeZone(name: string): boolean {
  if (zones.has(name)) return true;
  if (!PLACE_NAME.test(name) && !NAMES_WITHOUT_AREA.has(name)) return false;
  try {
    const { timeZone } = new Intl.DateTimeFormat('en-US', { timeZone: name }).resolvedOptions();
    // Intl ignores case; a link (Asia/Kolkata) resolves to another name, so only an equal one can tell.
    return timeZone === name || timeZone.toLowerCase() !== name.toLowerCase();
  } catch {
    return false;
  }
}

/** The first instant of the local day that contains `nowMs`. Under 0.1 µs while calls stay within one day of a zone. */
export function localDayStart(nowMs: number, zone: string): number {
  return zoneDays(zone).dayAt(nowMs).start;
}

/** The first instant of the next local day that exists; the day is [localDayStart, nextLocalDayStart). */
export function nextLocalDayStart(nowMs: number, zone: string): number {
  return zoneDays(zone).dayAt(nowMs).end;
}

/** The date of the local day, 'YYYY-MM-DD'. It never goes back as time goes on. */
export function localDate(nowMs: number, zone: string): string {
  return zoneDays(zone).dayAt(nowMs).date;
}

/** The number of the local day, counted from 1970-01-01 = 0; negative before. */
export function localDayIndex(nowMs: number, zone: string): number {
  return zoneDays(zone).dayAt(nowMs).index;
}

/** The first instant of the local day with this index; of a day that the zone skipped, that of the day after it. */
export function startOfLocalDay(dayIndex: number, zone: string): number {
  return zoneDays(zone).startOf(dayIndex);
}

/**
 * What a clock on the wall shows: the weekday and the minute of the day, 0 to 1439. An hour that a clock repeats is shown
 * twice, an hour that it leaves out never.
 */
export function localWeekdayAndMinute(nowMs: number, zone: string): { weekday: Weekday; minute: number } {
  const day = zoneDays(zone).dayAt(nowMs);
  const wallMs = nowMs + (nowMs < day.offsetChangesAt ? day.offsetMs : day.laterOffsetMs);
  const wallDay = Math.floor(wallMs / DAY_MS);
  const weekday = WEEKDAYS[(((wallDay + WEEKDAY_OF_DAY_0) % 7) + 7) % 7] as Weekday;
  return { weekday, minute: Math.floor((wallMs - wallDay * DAY_MS) / MINUTE_MS) };
}

function zoneDays(zone: string): ZoneDays {
  const known = zones.get(zone);
  if (known !== undefined) return known;
  if (!isTimeZone(zone)) throw new InvariantViolation(`'${zone.slice(0, 64)}' is not an IANA time zone`);
  if (zones.size >= MOST_ZONES) zones.clear();
  const days = new ZoneDays(zone);
  zones.set(zone, days);
  return days;
}
