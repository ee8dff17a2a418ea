import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type DayParts, formatDayParts, isWithinDayParts, parseDayParts } from './day-parts.js';
import { localWeekdayAndMinute, WEEKDAYS } from './local-day.js';

const at = (iso: string): number => Date.parse(iso);
const anyWindow = fc
  .tuple(fc.uniqueArray(fc.constantFrom(...WEEKDAYS), { minLength: 1 }), fc.nat(1439), fc.nat(1439))
  .map(([days, a, b]) => ({ days, fromMinute: Math.min(a, b), toMinute: Math.max(a, b) + 1 }));
const anyDayParts: fc.Arbitrary<DayParts> = fc.record({
  clock: fc.constantFrom('advertiser' as const, 'member' as const),
  windows: fc.array(anyWindow, { minLength: 1, maxLength: 50 }),
});

function parsed(windows: unknown): DayParts {
  const result = parseDayParts({ clock: 'advertiser', windows });
  if (!result.ok) throw new Error(JSON.stringify(result.errors));
  return result.dayParts;
}

function pathsOf(input: unknown, path?: string): string[] {
  const result = parseDayParts(input, path);
  return result.ok ? [] : result.errors.map((error) => error.path);
}

describe('parseDayParts', () => {
  it('reads back what formatDayParts writes', () => {
    fc.assert(
      fc.property(anyDayParts, (dayParts) => {
        const wire: unknown = JSON.parse(JSON.stringify(formatDayParts(dayParts)));
        expect(parseDayParts(wire)).toEqual({ ok: true, dayParts });
      }),
    );
  });

  it('never throws, whatever it is given', () => {
    fc.assert(
      fc.property(fc.anything(), fc.anything(), (input, window) => {
        expect(parseDayParts(input).ok).toBe(false);
        expect(parseDayParts({ clock: 'member', windows: [window] }).ok).toBe(false);
      }),
    );
  });

  it('reads the wire form', () => {
    const result = parseDayParts({ clock: 'member', windows: [{ days: ['mon', 'sun'], from: '09:05', to: '24:00' }] });
    const windows = [{ days: ['mon', 'sun'], fromMinute: 545, toMinute: 1440 }];
    expect(result).toEqual({ ok: true, dayParts: { clock: 'member', windows } });
  });

  it('names every fault at once, by its path', () => {
    const windows = [
      { days: [], from: '9:00', to: '18:00' },
      { days: ['mon', 'monday'], from: '09:00', to: '24:01' },
      { days: ['mon', 'mon'], from: '10:00', to: '10:00', until: 1 },
      'mon',
    ];
    expect(pathsOf({ clock: 'utc', windows, zone: 'UTC' }, 'adGroups[1].dayParts')).toEqual([
      'adGroups[1].dayParts.zone',
      'adGroups[1].dayParts.clock',
      'adGroups[1].dayParts.windows[0].days',
      'adGroups[1].dayParts.windows[0].from',
      'adGroups[1].dayParts.windows[1].days[1]',
      'adGroups[1].dayParts.windows[1].to',
      'adGroups[1].dayParts.windows[2].until',
      'adGroups[1].dayParts.windows[2].days',
      'adGroups[1].dayParts.windows[2].to',
      'adGroups[1].dayParts.windows[3]',
    ]);
  });

  it('says that a window past midnight is to be split', () => {
    const result = parseDayParts({ clock: 'member', windows: [{ days: ['fri'], from: '22:00', to: '02:00' }] });
    const message = expect.stringContaining('split a window past midnight in two');
    expect(result).toMatchObject({ ok: false, errors: [{ path: 'dayParts.windows[0].to', message }] });
  });

  it.each([[undefined], [null], [[]], ['mon'], [{}], [{ clock: 'member' }], [{ clock: 'member', windows: [] }]])(
    'refuses %j',
    (input) => expect(pathsOf(input).length).toBeGreaterThan(0),
  );

  it('takes 50 windows and refuses 51', () => {
    const window = { days: ['mon'], from: '00:00', to: '00:01' };
    expect(pathsOf({ clock: 'member', windows: Array(50).fill(window) })).toEqual([]);
    expect(pathsOf({ clock: 'member', windows: Array(51).fill(window) })).toEqual(['dayParts.windows']);
  });

  it.each(['24:00', '23:60', '9:00', '09:0', '0900', ' 09:00', '09:00\n', '-1:00', 900, null])(
    'refuses %j as the start of a window',
    (from) => {
      const windows = [{ days: ['mon'], from, to: '24:00' }];
      expect(pathsOf({ clock: 'member', windows })[0]).toMatch(/^dayParts\.windows\[0\]\.(from|to)$/);
    },
  );
});

describe('isWithinDayParts', () => {
  it('is membership in any of the windows, by the wall clock of the zone', () => {
    const zone = fc.constantFrom('Asia/Seoul', 'Europe/Berlin', 'Australia/Lord_Howe', 'America/New_York');
    const time = fc.integer({ min: at('2026-01-01T00:00:00Z'), max: at('2027-01-01T00:00:00Z') });
    fc.assert(
      fc.property(anyDayParts, zone, time, (dayParts, inZone, ms) => {
        const { weekday, minute } = localWeekdayAndMinute(ms, inZone);
        const open = new Set<string>();
        for (const { days, fromMinute, toMinute } of dayParts.windows) {
          for (const day of days) for (let m = fromMinute; m < toMinute; m += 1) open.add(`${day} ${m}`);
        }
        expect(isWithinDayParts(dayParts, ms, inZone)).toBe(open.has(`${weekday} ${minute}`));
      }),
    );
  });

  it('includes the first instant of a window and excludes its end', () => {
    const office = parsed([{ days: ['mon'], from: '09:00', to: '18:00' }]);
    const within = (iso: string): boolean => isWithinDayParts(office, at(iso), 'Asia/Seoul');
    expect(within('2026-11-23T00:00:00.000Z')).toBe(true);
    expect(within('2026-11-22T23:59:59.999Z')).toBe(false);
    expect(within('2026-11-23T08:59:59.999Z')).toBe(true);
    expect(within('2026-11-23T09:00:00.000Z')).toBe(false);
    expect(within('2026-11-24T01:00:00.000Z')).toBe(false);
  });

  it('leaves no instant out when a window past midnight is split', () => {
    const night = parsed([
      { days: ['fri'], from: '22:00', to: '24:00' },
      { days: ['sat'], from: '00:00', to: '02:00' },
    ]);
    const midnight = at('2026-11-27T15:00:00Z');
    for (const ms of [midnight - 7_200_000, midnight - 1, midnight, midnight + 7_199_999]) {
      expect(isWithinDayParts(night, ms, 'Asia/Seoul')).toBe(true);
    }
    expect(isWithinDayParts(night, midnight + 7_200_000, 'Asia/Seoul')).toBe(false);
  });
});
