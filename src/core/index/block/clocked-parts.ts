import type { DayParts } from '../../calendar/day-parts.js';
import { isOpenAt, minuteOfWeek, weekMinutes } from './week-minutes.js';

/**
 * Day parts on the advertiser's clock, each different one with its zone under a number from 0. All bounds lie in one array
 * one after the other, since all are read at each new minute, and what lies apart would be fetched apart.
 */
export class ClockedParts {
  private bounds = new Uint16Array(1_024);
  /** Of number n, the bounds are those from `ends[n]` to `ends[n + 1]`. */
  private readonly ends = [0];
  private readonly zoneOf: number[] = [];
  private readonly zones: string[] = [];
  private readonly numbers = new Map<string, number>();

  get bytes(): number {
    return this.bounds.byteLength;
  }

  numberOf(dayParts: DayParts, timeZone: string): number {
    const key = JSON.stringify([timeZone, dayParts.windows]);
    const known = this.numbers.get(key);
    if (known !== undefined) return known;
    const open = weekMinutes(dayParts);
    const used = this.ends[this.zoneOf.length]!;
    while (used + open.length > this.bounds.length) {
      const longer = new Uint16Array(this.bounds.length * 2);
      longer.set(this.bounds);
      this.bounds = longer;
    }
    this.bounds.set(open, used);
    this.ends.push(used + open.length);
    if (!this.zones.includes(timeZone)) this.zones.push(timeZone);
    const number = this.zoneOf.push(this.zones.indexOf(timeZone)) - 1;
    this.numbers.set(key, number);
    return number;
  }

  /** 1 for each number whose day parts are open at `now`. Some 20 ns each. */
  openAt(now: number): Uint8Array {
    const minutes = this.zones.map((zone) => minuteOfWeek(now, zone));
    const open = new Uint8Array(this.zoneOf.length);
    for (let number = 0; number < open.length; number++) {
      open[number] = this.isOpenIn(number, minutes[this.zoneOf[number]!]!) ? 1 : 0;
    }
    return open;
  }

  isOpen(number: number, now: number): boolean {
    return this.isOpenIn(number, minuteOfWeek(now, this.zones[this.zoneOf[number]!]!));
  }

  private isOpenIn(number: number, minute: number): boolean {
    return isOpenAt(this.bounds, minute, this.ends[number], this.ends[number + 1]);
  }
}
