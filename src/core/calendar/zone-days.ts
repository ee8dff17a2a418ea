import { IANAZone } from 'luxon';
import { invariant } from '../invariant-violation.js';

/**
 * The local days of one IANA zone as a partition of time. The day with index n (days since 1970-01-01) starts at the first
 * instant whose local date is that day or later, and ends where day n + 1 starts. So:
 * - a day whose midnight does not exist starts at the first instant that does (America/Sao_Paulo, 2018-11-04 01:00);
 * - a day that the zone skipped is empty (Pacific/Apia, 2011-12-30);
 * - a clock set back over midnight does not bring the old day back (America/St_Johns until 2010, at 00:01): the hour
 *   that repeats belongs to the new day.
 * Results are remembered; from outside the class is a pure function of (zone, instant).
 *
 * Source: tzdata 2025c has, from 1970 on, no two changes of offset within three days in any zone, which is what lets one
 * bisection find the change near a midnight.
 */
export const DAY_MS = 86_400_000;
const MINUTE_MS = 60_000;
/** No zone has been further from UTC than 14 h since 1970 (15 h 14 min before); a midnight lies within this span. */
const SPAN_MS = 16 * 3_600_000;
/** More than the 90 days that the longest window reaches back; at the bound all are forgotten and found again. */
const MOST_STARTS = 256;

export interface LocalDay {
  /** Days since 1970-01-01. */
  readonly index: number;
  /** 'YYYY-MM-DD'. */
  readonly date: string;
  readonly start: number;
  /** The start of the next day that exists. */
  readonly end: number;
  readonly offsetMs: number;
  /** From this instant on `laterOffsetMs` holds; `end` when the offset does not change in the day. */
  readonly offsetChangesAt: number;
  readonly laterOffsetMs: number;
}

export class ZoneDays {
  private readonly zone: IANAZone;
  private readonly starts = new Map<number, number>();
  private latest: LocalDay | null = null;

  /** `name` must be a valid IANA name: see `isTimeZone`. */
  constructor(name: string) {
    this.zone = IANAZone.create(name);
  }

  /** The local day that contains `nowMs`. O(1), some 10 ns while the day stays the same as in the call before. */
  dayAt(nowMs: number): LocalDay {
    const latest = this.latest;
    if (latest !== null && nowMs >= latest.start && nowMs < latest.end) return latest;
    return (this.latest = this.findDay(nowMs));
  }

  /** The first instant of the day with this index, or for a skipped day of the one after it. */
  startOf(index: number): number {
    const known = this.starts.get(index);
    if (known !== undefined) return known;
    const start = this.firstInstantFrom(index * DAY_MS);
    if (this.starts.size >= MOST_STARTS) this.starts.clear();
    this.starts.set(index, start);
    return start;
  }

  private findDay(nowMs: number): LocalDay {
    let index = Math.floor((nowMs + this.offsetAt(nowMs)) / DAY_MS);
    // After a clock was set back over midnight, the local date names a day that is over.
    while (this.startOf(index + 1) <= nowMs) index += 1;
    const start = this.startOf(index);
    const end = this.startOf(index + 1);
    const offsetMs = this.offsetAt(start);
    const laterOffsetMs = this.offsetAt(end - 1);
    const offsetChangesAt = offsetMs === laterOffsetMs ? end : this.changeBetween(start, end - 1);
    const date = new Date(index * DAY_MS).toISOString().slice(0, 10);
    return { index, date, start, end, offsetMs, offsetChangesAt, laterOffsetMs };
  }

  /** The first instant at which the local clock shows `localMs` (as if it were UTC) or later. */
  private firstInstantFrom(localMs: number): number {
    const before = localMs - SPAN_MS;
    const after = localMs + SPAN_MS;
    const earlyOffset = this.offsetAt(before);
    const lateOffset = this.offsetAt(after);
    const early = localMs - earlyOffset;
    if (earlyOffset === lateOffset) return early;
    const change = this.changeBetween(before, after);
    return early < change ? early : Math.max(change, localMs - lateOffset);
  }

  /** The instant in (from, to] from which on the offset is that at `to`; the offset changes once in between. */
  private changeBetween(from: number, to: number): number {
    const lateOffset = this.offsetAt(to);
    let low = from;
    let high = to;
    while (high - low > 1) {
      const middle = Math.floor((low + high) / 2);
      if (this.offsetAt(middle) === lateOffset) high = middle;
      else low = middle;
    }
    return high;
  }

  private offsetAt(ms: number): number {
    const minutes = this.zone.offset(ms);
    invariant(Number.isFinite(minutes), 'an instant must be a number of epoch milliseconds that a date can hold');
    return Math.round(minutes * MINUTE_MS);
  }
}
