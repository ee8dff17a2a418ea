import type { DayParts } from '../../calendar/day-parts.js';
import { localWeekdayAndMinute, WEEKDAYS } from '../../calendar/local-day.js';

const MINUTES_A_DAY = 1_440;

/**
 * Minutes of the week, from Monday 00:00 = 0, as intervals [from, to) one after the other: ascending, none touching the
 * next, so that the number of bounds up to a minute is odd where the minute is within one.
 */
export type WeekMinutes = Uint16Array;

/** The minutes in which the windows are open. O(windows × days × log of both). */
export function weekMinutes({ windows }: DayParts): WeekMinutes {
  const intervals = windows
    .flatMap(({ days, fromMinute, toMinute }) =>
      days.map((day) => {
        const midnight = WEEKDAYS.indexOf(day) * MINUTES_A_DAY;
        return [midnight + fromMinute, midnight + toMinute] as const;
      }),
    )
    .sort(([a], [b]) => a - b);
  const bounds: number[] = [];
  for (const [from, to] of intervals) {
    const last = bounds.length - 1;
    if (last < 0 || from > bounds[last]!) bounds.push(from, to);
    else bounds[last] = Math.max(bounds[last]!, to);
  }
  return Uint16Array.from(bounds);
}

/** The minute of the week that a clock in this zone shows. */
export function minuteOfWeek(now: number, timeZone: string): number {
  const { weekday, minute } = localWeekdayAndMinute(now, timeZone);
  return WEEKDAYS.indexOf(weekday) * MINUTES_A_DAY + minute;
}

/** By the bounds from `from` to `to` of `open`, where there are those of others as well. O(log intervals). */
export function isOpenAt(open: WeekMinutes, minute: number, from = 0, to = open.length): boolean {
  let low = from;
  let high = to;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (open[middle]! <= minute) low = middle + 1;
    else high = middle;
  }
  return (low - from) % 2 === 1;
}
