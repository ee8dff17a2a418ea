import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { DateTime } from 'luxon';
import { InvariantViolation } from '../invariant-violation.js';
import {
  isTimeZone,
  localDate,
  localDayIndex,
  localDayStart,
  localWeekdayAndMinute,
  nextLocalDayStart,
  startOfLocalDay,
  WEEKDAYS,
} from './local-day.js';

const at = (iso: string): number => Date.parse(iso);
const iso = (ms: number): string => new Date(ms).toISOString();
const allZones = Intl.supportedValuesOf('timeZone');
const zoneAndTime = fc.record({
  zone: fc.constantFrom(...allZones),
  ms: fc.integer({ min: 0, max: at('2038-01-01T00:00:00Z') }),
});
/** What Intl's clock on the wall shows, by another way than the code under test. */
const wallClock = (ms: number, zone: string): DateTime => DateTime.fromMillis(ms, { zone });

describe('local days', () => {
  it('are half-open intervals that contain the instant and follow one another without a gap', () => {
    fc.assert(
      fc.property(zoneAndTime, ({ zone, ms }) => {
        const start = localDayStart(ms, zone);
        const end = nextLocalDayStart(ms, zone);
        expect(start).toBeLessThanOrEqual(ms);
        expect(end).toBeGreaterThan(ms);
        expect(localDayStart(start, zone)).toBe(start);
        expect(localDayStart(end - 1, zone)).toBe(start);
        expect(localDayStart(end, zone)).toBe(end);
        expect(nextLocalDayStart(start - 1, zone)).toBe(start);
        expect(localDate(start, zone)).toBe(localDate(end - 1, zone));
        expect(localDate(end, zone) > localDate(ms, zone)).toBe(true);
        expect(startOfLocalDay(localDayIndex(ms, zone), zone)).toBe(start);
      }),
      { numRuns: 400 },
    );
  });

  it('start at the first instant that shows their date', () => {
    fc.assert(
      fc.property(zoneAndTime, ({ zone, ms }) => {
        const start = localDayStart(ms, zone);
        expect(wallClock(start, zone).toISODate()).toBe(localDate(ms, zone));
        expect((wallClock(start - 1, zone).toISODate() ?? '') < localDate(ms, zone)).toBe(true);
      }),
      { numRuns: 400 },
    );
  });

  it.each([
    ['Asia/Seoul', '2026-11-22T14:59:59.999Z', '2026-11-21T15:00:00.000Z', '2026-11-22T15:00:00.000Z', '2026-11-22'],
    ['Asia/Seoul', '2026-11-22T15:00:00Z', '2026-11-22T15:00:00.000Z', '2026-11-23T15:00:00.000Z', '2026-11-23'],
    ['Europe/Berlin', '2026-03-29T10:00:00Z', '2026-03-28T23:00:00.000Z', '2026-03-29T22:00:00.000Z', '2026-03-29'],
    ['America/New_York', '2026-11-01T12:00:00Z', '2026-11-01T04:00:00.000Z', '2026-11-02T05:00:00.000Z', '2026-11-01'],
    [
      'Australia/Lord_Howe',
      '2026-04-05T00:00:00Z',
      '2026-04-04T13:00:00.000Z',
      '2026-04-05T13:30:00.000Z',
      '2026-04-05',
    ],
    ['UTC', '1970-01-01T00:00:00Z', '1970-01-01T00:00:00.000Z', '1970-01-02T00:00:00.000Z', '1970-01-01'],
    ['America/New_York', '1970-01-01T00:00:00Z', '1969-12-31T05:00:00.000Z', '1970-01-01T05:00:00.000Z', '1969-12-31'],
  ])('are known for %s at %s', (zone, now, start, end, date) => {
    expect(iso(localDayStart(at(now), zone))).toBe(start);
    expect(iso(nextLocalDayStart(at(now), zone))).toBe(end);
    expect(localDate(at(now), zone)).toBe(date);
  });

  it('start late where midnight does not exist', () => {
    const start = localDayStart(at('2018-11-04T12:00:00Z'), 'America/Sao_Paulo');
    expect(iso(start)).toBe('2018-11-04T03:00:00.000Z');
    expect(localWeekdayAndMinute(start, 'America/Sao_Paulo')).toEqual({ weekday: 'sun', minute: 60 });
    expect(localWeekdayAndMinute(start - 1, 'America/Sao_Paulo')).toEqual({ weekday: 'sat', minute: 1439 });
  });

  it('start when midnight is reached for good, where a clock is set back at midnight', () => {
    const change = at('2019-02-17T02:00:00Z');
    expect(localDate(change, 'America/Sao_Paulo')).toBe('2019-02-16');
    expect(iso(nextLocalDayStart(change, 'America/Sao_Paulo'))).toBe('2019-02-17T03:00:00.000Z');
  });

  it('leave out a day that the zone skipped', () => {
    const zone = 'Pacific/Apia';
    const change = at('2011-12-30T10:00:00Z');
    expect(nextLocalDayStart(change - 1, zone)).toBe(change);
    expect([localDate(change - 1, zone), localDate(change, zone)]).toEqual(['2011-12-29', '2011-12-31']);
    const skipped = localDayIndex(change, zone) - 1;
    expect(startOfLocalDay(skipped, zone)).toBe(startOfLocalDay(skipped + 1, zone));
  });

  it('are not reopened by a clock that is set back over midnight', () => {
    const zone = 'America/St_Johns';
    const afterTheChange = at('2010-11-07T02:45:00Z');
    expect(wallClock(afterTheChange, zone).toISODate()).toBe('2010-11-06');
    expect(localDate(afterTheChange, zone)).toBe('2010-11-07');
    expect(iso(localDayStart(afterTheChange, zone))).toBe('2010-11-07T02:30:00.000Z');
    expect(iso(nextLocalDayStart(afterTheChange, zone))).toBe('2010-11-08T03:30:00.000Z');
    expect(localWeekdayAndMinute(afterTheChange, zone)).toEqual({ weekday: 'sat', minute: 1395 });
  });

  it('do not depend on the calls before', () => {
    const days = Array.from({ length: 600 }, (_, i) => at('2025-01-01T12:00:00Z') + i * 86_400_000);
    const forwards = days.map((ms) => localDayStart(ms, 'Europe/Madrid'));
    const backwards = [...days].reverse().map((ms) => localDayStart(ms, 'Europe/Madrid'));
    expect(backwards.reverse()).toEqual(forwards);
    expect(new Set(forwards).size).toBe(600);
  });

  it('refuse a zone that is none, and a time that no date can hold', () => {
    expect(() => localDayStart(0, 'Moon/Tranquility')).toThrow(InvariantViolation);
    expect(() => localDate(0, '+09:00')).toThrow(InvariantViolation);
    expect(() => localDayStart(Number.NaN, 'Asia/Seoul')).toThrow(InvariantViolation);
    expect(() => localDayStart(1e300, 'Asia/Seoul')).toThrow(InvariantViolation);
  });
});

describe('localWeekdayAndMinute', () => {
  it('is what the clock on the wall shows', () => {
    fc.assert(
      fc.property(zoneAndTime, ({ zone, ms }) => {
        const wall = wallClock(ms, zone);
        const expected = { weekday: WEEKDAYS[wall.weekday - 1], minute: wall.hour * 60 + wall.minute };
        expect(localWeekdayAndMinute(ms, zone)).toEqual(expected);
      }),
      { numRuns: 400 },
    );
  });

  it.each(['Europe/Berlin', 'America/New_York', 'Australia/Lord_Howe', 'America/Sao_Paulo', 'Africa/Monrovia'])(
    'follows every change of the clock in %s',
    (zone) => {
      const spring = { from: '2018-03-01T00:00:00Z', to: '2018-11-10T00:00:00Z' };
      const span = zone === 'Africa/Monrovia' ? { from: '1971-12-01T00:00:00Z', to: '1972-02-01T00:00:00Z' } : spring;
      for (let ms = at(span.from); ms < at(span.to); ms += 47 * 60_000) {
        const wall = wallClock(ms, zone);
        const { weekday, minute } = localWeekdayAndMinute(ms, zone);
        if (weekday !== WEEKDAYS[wall.weekday - 1] || minute !== wall.hour * 60 + wall.minute) {
          throw new Error(`${zone} at ${iso(ms)}: ${weekday} ${minute}, not ${wall.toISO() ?? ''}`);
        }
      }
      expect(localWeekdayAndMinute(at(span.to), zone).weekday).toBe(WEEKDAYS[wallClock(at(span.to), zone).weekday - 1]);
    },
  );

  it.each([
    ['Europe/Berlin', '2026-03-29T01:00:00Z', 119, 180],
    ['Europe/Berlin', '2026-10-25T01:00:00Z', 179, 120],
    ['Australia/Lord_Howe', '2026-04-04T15:00:00Z', 119, 90],
    ['America/Sao_Paulo', '2019-02-17T02:00:00Z', 1439, 1380],
  ])('changes in %s at %s, and not a millisecond earlier or later', (zone, change, before, after) => {
    expect(localWeekdayAndMinute(at(change) - 1, zone).minute).toBe(before);
    expect(localWeekdayAndMinute(at(change), zone).minute).toBe(after);
  });

  it('shows the hour twice that a clock repeats', () => {
    const zone = 'Europe/Berlin';
    const first = localWeekdayAndMinute(at('2026-10-25T00:30:00Z'), zone);
    expect(first).toEqual({ weekday: 'sun', minute: 150 });
    expect(localWeekdayAndMinute(at('2026-10-25T01:30:00Z'), zone)).toEqual(first);
  });
});

describe('isTimeZone', () => {
  it.each(allZones)('accepts %s', (zone) => {
    expect(isTimeZone(zone)).toBe(true);
  });

  it.each([
    'Asia/Kolkata',
    'Europe/Kyiv',
    'America/Argentina/Ushuaia',
    'Etc/GMT+9',
    'GMT',
    'ROK',
    'US/Pacific',
    'EST5EDT',
  ])('accepts %s, a name that may be a link', (zone) => {
    expect(isTimeZone(zone)).toBe(true);
    expect(isTimeZone(zone)).toBe(true);
    expect(localDate(0, zone)).toMatch(/^19(69-12-31|70-01-01)$/);
    expect(isTimeZone(zone)).toBe(true);
  });

  it.each([
    '',
    '+09:00',
    '+09',
    '-0300',
    'GMT+9',
    'UTC+9',
    'asia/seoul',
    'Asia/seoul',
    'ASIA/SEOUL',
    'Asia/SEOUL',
    'utc',
  ])('refuses %j', (zone) => expect(isTimeZone(zone)).toBe(false));

  it.each(['IST', 'PST', 'JST', 'SystemV/PST8PDT', 'Asia/Atlantis', 'Etc/Unknown', ' Asia/Seoul', 'Asia/Seoul\n', 'Z'])(
    'refuses %j, which is not in the database',
    (zone) => expect(isTimeZone(zone)).toBe(false),
  );
});
