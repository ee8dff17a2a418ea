import type { DayPartWindow } from '../calendar/day-parts.js';
import {
  localDayIndex,
  localDayStart,
  localWeekdayAndMinute,
  nextLocalDayStart,
  WEEKDAYS,
} from '../calendar/local-day.js';
import { type DayShape, QUARTER_MS } from './day-shape.js';

const MINUTES_A_QUARTER = 15;
/** 1970-01-01 was a Thursday, the fourth of the week. */
const WEEKDAY_OF_DAY_0 = 3;
/** A step looks at today and at the ends of schedules; finding a day takes some 0.1 ms. */
const MOST_DAYS = 32;

interface Day {
  /** Epoch ms, half-open. */
  readonly start: number;
  readonly end: number;
  /** Mass of all days before it. */
  readonly before: number;
  /** Its own mass passed by the start of each of its real quarters, and by its end. */
  readonly passed: Float64Array;
}

/**
 * How much traffic has passed by an instant, in days of traffic: the clock by which even pacing goes. Every local day of
 * one weekday holds the same mass, spread over it as its shape says, whether the day has 23, 24 or 25 hours: an hour that
 * the wall clock repeats has its weight twice, one that it leaves out never. With windows, only the time inside them counts.
 * Pure from outside; days are remembered. (A day that a zone skipped, as Pacific/Apia did in 2011, passes in no time.)
 */
export class TrafficCurve {
  /** By weekday and quarter, windows applied. */
  private readonly weights: readonly (readonly number[])[];
  /** Mass of a week before each of its days, and of the whole one. */
  private readonly massBefore: readonly number[];
  /** The latest first. */
  private readonly days: Day[] = [];

  /**
   * @param zone whose wall clock the shape and the windows are about, a valid IANA name
   * @param windows of day parts, overlapping at will; null: all hours
   */
  constructor(
    private readonly zone: string,
    shape: DayShape,
    windows: readonly DayPartWindow[] | null,
  ) {
    this.weights = WEEKDAYS.map((_, weekday) =>
      shape.map((weight, quarter) => weight * (windows === null ? 1 : openShare(windows, weekday, quarter))),
    );
    let mass = 0;
    this.massBefore = [
      0,
      ...this.weights.map((quarters) => (mass += quarters.reduce((sum, weight) => sum + weight, 0))),
    ];
  }

  /** Days of traffic since 1970-01-01 on the wall clock; never falls as time goes on. O(1) while its day is remembered. */
  massAt(ms: number): number {
    const { start, before, passed } = this.dayAt(ms);
    const place = (ms - start) / QUARTER_MS;
    const quarter = Math.min(Math.floor(place), passed.length - 2);
    const from = passed[quarter] ?? 0;
    const until = passed[quarter + 1] ?? from;
    return before + from + (until - from) * Math.min(place - quarter, 1);
  }

  private dayAt(ms: number): Day {
    for (const day of this.days) if (ms >= day.start && ms < day.end) return day;
    const found = this.findDay(ms);
    this.days.unshift(found);
    if (this.days.length > MOST_DAYS) this.days.pop();
    return found;
  }

  private findDay(ms: number): Day {
    const index = localDayIndex(ms, this.zone);
    const start = localDayStart(ms, this.zone);
    const end = nextLocalDayStart(ms, this.zone);
    const weekday = (((index + WEEKDAY_OF_DAY_0) % WEEKDAYS.length) + WEEKDAYS.length) % WEEKDAYS.length;
    const weeks = (index + WEEKDAY_OF_DAY_0 - weekday) / WEEKDAYS.length;
    const before = weeks * (this.massBefore[WEEKDAYS.length] ?? 0) + (this.massBefore[weekday] ?? 0);
    const quarters = Math.max(Math.ceil((end - start) / QUARTER_MS), 1);
    const passed = new Float64Array(quarters + 1);
    for (let quarter = 0; quarter < quarters; quarter++) {
      const { minute } = localWeekdayAndMinute(start + quarter * QUARTER_MS, this.zone);
      const weight = this.weights[weekday]?.[Math.floor(minute / MINUTES_A_QUARTER)] ?? 0;
      passed[quarter + 1] = (passed[quarter] ?? 0) + weight;
    }
    const total = passed[quarters] ?? 0;
    const mass = (this.massBefore[weekday + 1] ?? 0) - (this.massBefore[weekday] ?? 0);
    for (let quarter = 1; quarter <= quarters; quarter++) {
      // All of the windows may lie in an hour that the wall clock leaves out.
      passed[quarter] = mass * (total > 0 ? (passed[quarter] ?? 0) / total : quarter / quarters);
    }
    return { start, end, before, passed };
  }
}

/** The share of a quarter's minutes that lie in any of the windows. */
function openShare(windows: readonly DayPartWindow[], weekday: number, quarter: number): number {
  const name = WEEKDAYS[weekday];
  let open = 0;
  for (let i = 0; i < MINUTES_A_QUARTER; i++) {
    const minute = quarter * MINUTES_A_QUARTER + i;
    const isOpen = windows.some(
      ({ days, fromMinute, toMinute }) => minute >= fromMinute && minute < toMinute && days.some((day) => day === name),
    );
    if (isOpen) open++;
  }
  return open / MINUTES_A_QUARTER;
}
