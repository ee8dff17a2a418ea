import { DateTime } from 'luxon';
import type { CapWindow, FrequencyCap } from '../../src/core/capping/frequency-cap.js';

/**
 * Caps counted the plainest way, without the code under test: by the calendar's own days, which luxon names one by one.
 * Good for impressions that are not in the future.
 */
const UNIT_MS = { minute: 60_000, hour: 3_600_000, day: 86_400_000, week: 604_800_000 } as const;

interface LocalDay {
  readonly startMs: number;
  /** Days since 1970-01-01 on the calendar. */
  readonly number: number;
}

export class NaiveCaps {
  private readonly daysOf = new Map<string, readonly LocalDay[]>();

  /** Times are from `fromMs` to `toMs`. */
  constructor(
    private readonly fromMs: number,
    private readonly toMs: number,
  ) {}

  isFull(
    { limit, window }: FrequencyCap,
    times: readonly number[],
    holds: number,
    instant: { now: number; zone: string },
  ): boolean {
    const { now, zone } = instant;
    return times.filter((at) => this.shareWindow(window, at, now, zone)).length + holds >= limit;
  }

  private shareWindow(window: CapWindow, at: number, now: number, zone: string): boolean {
    if (window === 'lifetime') return true;
    if (window.kind === 'rolling') return at > now - window.length * UNIT_MS[window.unit] && at <= now;
    return this.nameOf(window, at, zone) === this.nameOf(window, now, zone);
  }

  private nameOf({ unit, length }: Exclude<CapWindow, 'lifetime'>, at: number, zone: string): string {
    const day = this.dayOf(at, zone);
    if (unit === 'day') return String(Math.floor(day.number / length));
    // 1970-01-05 was a Monday.
    if (unit === 'week') return String(Math.floor((day.number - 4) / (7 * length)));
    return `${day.number} ${Math.floor((at - day.startMs) / (length * UNIT_MS[unit]))}`;
  }

  private dayOf(at: number, zone: string): LocalDay {
    const days = this.days(zone);
    let [from, to] = [0, days.length];
    while (to - from > 1) {
      const middle = (from + to) >> 1;
      if ((days[middle] as LocalDay).startMs <= at) from = middle;
      else to = middle;
    }
    return days[from] as LocalDay;
  }

  private days(zone: string): readonly LocalDay[] {
    const known = this.daysOf.get(zone);
    if (known !== undefined) return known;
    const days: LocalDay[] = [];
    const first = DateTime.fromMillis(this.fromMs, { zone }).startOf('day').minus({ days: 1 });
    for (let day = first; day.toMillis() <= this.toMs; day = day.plus({ days: 1 }).startOf('day')) {
      days.push({ startMs: day.toMillis(), number: Date.UTC(day.year, day.month - 1, day.day) / UNIT_MS.day });
    }
    this.daysOf.set(zone, days);
    return days;
  }
}
