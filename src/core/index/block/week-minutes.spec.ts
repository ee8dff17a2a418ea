import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type DayParts, isWithinDayParts } from '../../calendar/day-parts.js';
import { WEEKDAYS } from '../../calendar/local-day.js';
import { isOpenAt, minuteOfWeek, weekMinutes } from './week-minutes.js';

const MINUTE_MS = 60_000;
/** A Monday. */
const MIDNIGHT = Date.parse('2026-11-23T00:00:00Z');

// Few bounds, so that windows often touch and overlap.
const bound = fc.oneof(fc.constantFrom(0, 1, 540, 541, 1_080, 1_439, 1_440), fc.nat(1_440));
const window = fc
  .tuple(fc.subarray([...WEEKDAYS], { minLength: 1 }), fc.uniqueArray(bound, { minLength: 2, maxLength: 2 }))
  .map(([days, bounds]) => ({ days, fromMinute: Math.min(...bounds), toMinute: Math.max(...bounds) }));

describe('week minutes', () => {
  it('are open when the day parts are, at every bound and around it, whatever the zone', () => {
    fc.assert(
      fc.property(
        fc.array(window, { maxLength: 8 }),
        fc.nat(10_079),
        fc.constantFrom('UTC', 'Asia/Seoul', 'Asia/Kathmandu', 'America/New_York'),
        (windows, other, zone) => {
          const dayParts: DayParts = { clock: 'advertiser', windows };
          const open = weekMinutes(dayParts);
          for (const minute of [other, 0, 10_079, ...[...open].flatMap((at) => [at - 1, at, at + 1])]) {
            const now = MIDNIGHT + minute * MINUTE_MS;
            expect(isOpenAt(open, minuteOfWeek(now, zone))).toBe(isWithinDayParts(dayParts, now, zone));
          }
        },
      ),
    );
  });

  it('make one interval of windows that touch or overlap', () => {
    const windows = [
      { days: ['tue'] as const, fromMinute: 0, toMinute: 60 },
      { days: ['mon'] as const, fromMinute: 600, toMinute: 1_440 },
      { days: ['mon'] as const, fromMinute: 630, toMinute: 660 },
    ];
    expect([...weekMinutes({ clock: 'advertiser', windows })]).toEqual([600, 1_500]);
  });
});
