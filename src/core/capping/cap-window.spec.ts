import { describe, expect, it } from '@jest/globals';
import { UNIT_MS, windowEnd, windowLengthMs, windowStart } from './cap-window.js';
import type { TimedWindow, WindowUnit } from './frequency-cap.js';

const at = (iso: string): number => Date.parse(iso);
const iso = (ms: number): string => new Date(ms).toISOString();
const rolling = (length: number, unit: WindowUnit): TimedWindow => ({ length, unit, kind: 'rolling' });
const calendar = (length: number, unit: WindowUnit): TimedWindow => ({ length, unit, kind: 'calendar' });

function span(window: TimedWindow, now: string, zone: string): [string, string] {
  return [iso(windowStart(window, at(now), zone)), iso(windowEnd(window, at(now), zone) ?? Number.NaN)];
}

describe('windowStart', () => {
  const now = at('2026-11-22T12:34:56.789Z');

  it('counts (now − w, now] for a rolling window, in elapsed time', () => {
    expect(windowStart(rolling(3, 'hour'), now, 'Asia/Seoul')).toBe(now - 3 * 3_600_000 + 1);
    expect(windowStart(rolling(1, 'minute'), now, 'Asia/Seoul')).toBe(now - 59_999);
    const springForward = at('2026-03-29T20:00:00Z');
    expect(windowStart(rolling(1, 'day'), springForward, 'Europe/Berlin')).toBe(springForward - 86_400_000 + 1);
  });

  it('counts everything for a lifetime', () => {
    expect(windowStart('lifetime', now, 'Asia/Seoul')).toBe(0);
  });
});

describe('calendar windows', () => {
  it.each([
    [calendar(1, 'day'), 'Asia/Seoul', '2026-11-22T15:00:00Z', '2026-11-22T15:00:00.000Z', '2026-11-23T15:00:00.000Z'],
    [
      calendar(1, 'day'),
      'Asia/Seoul',
      '2026-11-22T14:59:59.999Z',
      '2026-11-21T15:00:00.000Z',
      '2026-11-22T15:00:00.000Z',
    ],
    [
      calendar(1, 'week'),
      'Asia/Seoul',
      '2026-11-22T14:59:59.999Z',
      '2026-11-15T15:00:00.000Z',
      '2026-11-22T15:00:00.000Z',
    ],
    [calendar(1, 'week'), 'UTC', '1970-01-04T23:59:59.999Z', '1969-12-29T00:00:00.000Z', '1970-01-05T00:00:00.000Z'],
    [calendar(2, 'week'), 'UTC', '1970-01-18T00:00:00Z', '1970-01-05T00:00:00.000Z', '1970-01-19T00:00:00.000Z'],
    [calendar(3, 'day'), 'UTC', '1970-01-06T00:00:00Z', '1970-01-04T00:00:00.000Z', '1970-01-07T00:00:00.000Z'],
    [
      calendar(1, 'day'),
      'Europe/Berlin',
      '2026-10-25T12:00:00Z',
      '2026-10-24T22:00:00.000Z',
      '2026-10-25T23:00:00.000Z',
    ],
    [calendar(90, 'day'), 'UTC', '1970-01-01T00:00:00Z', '1970-01-01T00:00:00.000Z', '1970-04-01T00:00:00.000Z'],
    [
      calendar(1, 'hour'),
      'Asia/Kolkata',
      '2026-11-22T12:45:00Z',
      '2026-11-22T12:30:00.000Z',
      '2026-11-22T13:30:00.000Z',
    ],
    [calendar(45, 'minute'), 'UTC', '2026-11-22T01:29:59.999Z', '2026-11-22T00:45:00.000Z', '2026-11-22T01:30:00.000Z'],
  ])('%j in %s at %s', (window, zone, now, start, end) => {
    expect(span(window, now, zone)).toEqual([start, end]);
  });

  it('of hours end with the day, on a day of 25 hours too', () => {
    const last = span(calendar(6, 'hour'), '2026-10-25T22:30:00Z', 'Europe/Berlin');
    expect(last).toEqual(['2026-10-25T22:00:00.000Z', '2026-10-25T23:00:00.000Z']);
    const unevenly = span(calendar(5, 'hour'), '2026-11-22T23:00:00Z', 'UTC');
    expect(unevenly).toEqual(['2026-11-22T20:00:00.000Z', '2026-11-23T00:00:00.000Z']);
  });

  it('of days pass over a day that the zone skipped', () => {
    const before = at('2011-12-30T09:59:59.999Z');
    expect(windowEnd(calendar(1, 'day'), before, 'Pacific/Apia')).toBe(before + 1);
    expect(windowStart(calendar(1, 'day'), before + 1, 'Pacific/Apia')).toBe(before + 1);
  });
});

describe('windowEnd', () => {
  it('is null where there is no common renewal', () => {
    expect(windowEnd('lifetime', 0, 'UTC')).toBeNull();
    expect(windowEnd(rolling(1, 'day'), 0, 'UTC')).toBeNull();
  });
});

describe('windowLengthMs', () => {
  it('is the nominal length', () => {
    expect(windowLengthMs(calendar(2, 'week'))).toBe(14 * UNIT_MS.day);
    expect(windowLengthMs(rolling(90, 'minute'))).toBe(5_400_000);
  });
});
