import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { DayPartWindow } from '../calendar/day-parts.js';
import { localDayStart, nextLocalDayStart, WEEKDAYS } from '../calendar/local-day.js';
import { START_SHAPE } from './day-shape.js';
import { TrafficCurve } from './traffic-curve.js';

const HOUR = 3_600_000;
const ZONES = ['Asia/Seoul', 'Asia/Kolkata', 'Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe'];
/** Days whose wall clock leaves out or repeats an hour (half of one on Lord Howe). */
const CHANGES = ['2026-03-29', '2026-10-25', '2026-03-08', '2026-11-01', '2026-04-04', '2026-10-03'];
const anyInstant = fc.oneof(
  fc.integer({ min: Date.parse('2026-01-01'), max: Date.parse('2027-12-31') }),
  fc
    .tuple(fc.constantFrom(...CHANGES), fc.integer({ min: -36, max: 60 }))
    .map(([day, h]) => Date.parse(day) + h * HOUR),
);
const anyZone = fc.constantFrom(...ZONES);
const flat = START_SHAPE.map(() => 1 / 96);

function between(curve: TrafficCurve, from: string, until: string): number {
  return curve.massAt(Date.parse(until)) - curve.massAt(Date.parse(from));
}

describe('TrafficCurve', () => {
  it('never falls, and any local day of 23, 24 or 25 hours holds the same', () => {
    fc.assert(
      fc.property(anyZone, anyInstant, fc.nat(3 * 24 * HOUR), (zone, ms, later) => {
        const curve = new TrafficCurve(zone, START_SHAPE, null);
        expect(curve.massAt(ms + later)).toBeGreaterThanOrEqual(curve.massAt(ms));
        const day = curve.massAt(nextLocalDayStart(ms, zone)) - curve.massAt(localDayStart(ms, zone));
        expect(day).toBeCloseTo(1, 9);
      }),
    );
  });

  it('has no steps: a minute holds little', () => {
    fc.assert(
      fc.property(anyZone, anyInstant, (zone, ms) => {
        const curve = new TrafficCurve(zone, START_SHAPE, null);
        expect(curve.massAt(ms + 60_000) - curve.massAt(ms)).toBeLessThan(2 / 1_440);
      }),
    );
  });

  it('follows the wall clock: night at night, whatever UTC says', () => {
    for (const [zone, night] of [
      ['Asia/Seoul', '2026-11-22T18:00:00Z'],
      ['America/New_York', '2026-11-22T08:00:00Z'],
      ['Asia/Kolkata', '2026-11-22T21:30:00Z'],
    ] as const) {
      const curve = new TrafficCurve(zone, START_SHAPE, null);
      const hour = curve.massAt(Date.parse(night) + 2 * HOUR) - curve.massAt(Date.parse(night));
      expect(hour).toBeLessThan((2 / 24) * 0.25);
    }
  });

  it('gives an hour that is repeated its weight twice, and one that is left out none', () => {
    const curve = new TrafficCurve('Europe/Berlin', flat, null);
    expect(between(curve, '2026-10-25T00:00:00Z', '2026-10-25T02:00:00Z')).toBeCloseTo(2 / 25, 9);
    expect(between(curve, '2026-03-29T00:00:00Z', '2026-03-29T02:00:00Z')).toBeCloseTo(2 / 23, 9);
  });

  it('counts only the time inside windows, overlapping or not', () => {
    const windows: DayPartWindow[] = [
      { days: ['mon', 'tue', 'wed', 'thu', 'fri'], fromMinute: 540, toMinute: 1_080 },
      { days: ['fri'], fromMinute: 600, toMinute: 1_140 },
    ];
    const curve = new TrafficCurve('Asia/Seoul', flat, windows);
    // Monday: nine hours; Friday: ten; the weekend: none.
    expect(between(curve, '2026-11-22T15:00:00Z', '2026-11-23T15:00:00Z')).toBeCloseTo(9 / 24, 9);
    expect(between(curve, '2026-11-26T15:00:00Z', '2026-11-27T15:00:00Z')).toBeCloseTo(10 / 24, 9);
    expect(between(curve, '2026-11-27T15:00:00Z', '2026-11-29T15:00:00Z')).toBeCloseTo(0, 9);
    expect(between(curve, '2026-11-23T00:00:00Z', '2026-11-23T01:00:00Z')).toBeCloseTo(1 / 24, 9);
    expect(between(curve, '2026-11-22T15:00:00Z', '2026-11-23T00:00:00Z')).toBeCloseTo(0, 9);
  });

  it('spreads a day whose windows all lie in an hour that is left out over its hours', () => {
    const windows = [{ days: WEEKDAYS, fromMinute: 120, toMinute: 180 }];
    const curve = new TrafficCurve('Europe/Berlin', flat, windows);
    expect(between(curve, '2026-03-28T23:00:00Z', '2026-03-29T22:00:00Z')).toBeCloseTo(1 / 24, 9);
  });
});
