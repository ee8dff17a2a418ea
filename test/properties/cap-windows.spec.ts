import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { DateTime } from 'luxon';
import { localDayStart } from '../../src/core/calendar/local-day.js';
import { windowEnd, windowLengthMs, windowStart } from '../../src/core/capping/cap-window.js';
import type { TimedWindow } from '../../src/core/capping/frequency-cap.js';

/**
 * Window arithmetic against a naive count: walk through time minute by minute, ask luxon for the local date, and begin a
 * new window where the count of days, or of elapsed minutes of the day, says so.
 */
const MINUTE = 60_000;
const DAY = 86_400_000;

/** Zones with the days around which their clocks do something odd. */
const SCENES: readonly (readonly [zone: string, from: string, days: number])[] = [
  ['Europe/Berlin', '2026-03-26', 6],
  ['Europe/Berlin', '2026-10-22', 6],
  ['America/New_York', '2026-03-05', 6],
  ['America/New_York', '2026-10-29', 6],
  ['Asia/Seoul', '2026-12-29', 6],
  ['Asia/Kolkata', '2024-02-27', 6],
  ['Australia/Lord_Howe', '2026-04-02', 6],
  ['Australia/Lord_Howe', '2026-10-01', 6],
  ['America/Sao_Paulo', '2018-11-01', 6],
  ['America/Sao_Paulo', '2019-02-14', 6],
  ['Pacific/Apia', '2011-12-27', 6],
  ['UTC', '1970-01-01', 9],
];

interface Scene {
  readonly zone: string;
  readonly from: number;
  readonly until: number;
  /** Per minute from `from` on: days since 1970-01-01 and minutes elapsed since the day began. */
  readonly days: Int32Array;
  readonly elapsed: Int32Array;
}

/** Starts three days before the scene, so that the first windows are met from their beginning. */
function walk(zone: string, fromDate: string, days: number): Scene {
  const from = Date.parse(fromDate) - 3 * DAY;
  const minutes = (days + 6) * 1_440;
  const scene = {
    zone,
    from,
    until: from + minutes * MINUTE,
    days: new Int32Array(minutes),
    elapsed: new Int32Array(minutes),
  };
  let dayBegan = -1;
  for (let i = 0; i < minutes; i += 1) {
    const local = DateTime.fromMillis(from + i * MINUTE, { zone });
    const day = Date.UTC(local.year, local.month - 1, local.day) / DAY;
    if (i > 0 && day !== scene.days[i - 1]) dayBegan = i;
    scene.days[i] = day;
    scene.elapsed[i] = dayBegan < 0 ? -1 : i - dayBegan;
  }
  return scene;
}

const scenes = SCENES.map(([zone, from, days]) => walk(zone, from, days));

/** A number for the window that a minute lies in, the same exactly for minutes that share it; null before the first day. */
function naiveWindow({ length, unit }: TimedWindow, scene: Scene, i: number): number | null {
  const day = scene.days[i] ?? 0;
  const elapsed = scene.elapsed[i] ?? -1;
  switch (unit) {
    case 'minute':
      return elapsed < 0 ? null : day * 10_000 + Math.floor(elapsed / length);
    case 'hour':
      return elapsed < 0 ? null : day * 10_000 + Math.floor(elapsed / (60 * length));
    case 'day':
      return Math.floor(day / length);
    case 'week':
      // 1970-01-05 was a Monday.
      return Math.floor((day - 4) / (7 * length));
  }
}

/** Walks through the scene and describes the first minute whose window is not the naive one; null when there is none. */
function firstDifference(window: TimedWindow, scene: Scene): string | null {
  const { from, until, zone } = scene;
  const names = Array.from(scene.days, (_, i) => naiveWindow(window, scene, i));
  for (let first = 0, past = 0; first < names.length; first = past) {
    const name = names[first];
    for (past = first; past < names.length && names[past] === name;) past += 1;
    if (name === null) continue;
    for (let i = first; i < past; i += 1) {
      const now = from + i * MINUTE + (i % 2) * 59_999;
      const start = windowStart(window, now, zone);
      const end = windowEnd(window, now, zone) ?? Number.NaN;
      // A window that runs over an end of the walk is only known to reach that far.
      const isStart = first > 0 ? start === from + first * MINUTE : start <= from;
      const isEnd = past < names.length ? end === from + past * MINUTE : end >= until;
      if (!isStart || !isEnd) {
        const found = [now, start, end].map((ms) => new Date(ms).toISOString()).join(', ');
        return `${zone}: now, start, end are ${found}; the naive window is minutes ${first} to ${past}`;
      }
    }
  }
  return null;
}

const anyScene = fc.constantFrom(...scenes);
const smallWindow: fc.Arbitrary<TimedWindow> = fc
  .oneof(
    fc.record({ length: fc.integer({ min: 1, max: 1_440 }), unit: fc.constant('minute' as const) }),
    fc.record({ length: fc.integer({ min: 1, max: 24 }), unit: fc.constant('hour' as const) }),
    fc.record({ length: fc.integer({ min: 1, max: 4 }), unit: fc.constant('day' as const) }),
    fc.record({ length: fc.constant(1), unit: fc.constant('week' as const) }),
  )
  .map((window) => ({ ...window, kind: 'calendar' as const }));

describe('calendar windows', () => {
  const common: readonly TimedWindow[] = [
    { length: 1, unit: 'day', kind: 'calendar' },
    { length: 2, unit: 'day', kind: 'calendar' },
    { length: 3, unit: 'day', kind: 'calendar' },
    { length: 1, unit: 'hour', kind: 'calendar' },
    { length: 5, unit: 'hour', kind: 'calendar' },
    { length: 24, unit: 'hour', kind: 'calendar' },
    { length: 1, unit: 'week', kind: 'calendar' },
  ];

  it.each(SCENES.map(([zone, from], i) => ({ zone, from, scene: scenes[i] })))(
    'are what a walk through every minute finds, in $zone around $from',
    ({ scene }) => {
      const differences = scene === undefined ? ['no scene'] : common.map((window) => firstDifference(window, scene));
      expect(differences.filter((difference) => difference !== null)).toEqual([]);
    },
  );

  it('are what a walk finds for every length', () => {
    fc.assert(
      fc.property(anyScene, smallWindow, (scene, window) => {
        expect(firstDifference(window, scene)).toBeNull();
      }),
      { numRuns: 20 },
    );
  });

  const zones = [...new Set(SCENES.map(([zone]) => zone)), 'America/St_Johns', 'Asia/Kathmandu', 'Africa/Cairo'];
  const anyWindow: fc.Arbitrary<TimedWindow> = fc.record({
    length: fc.integer({ min: 1, max: 90 }),
    unit: fc.constantFrom('minute' as const, 'hour' as const, 'day' as const, 'week' as const),
    kind: fc.constant('calendar' as const),
  });
  const anyTime = fc.integer({ min: 0, max: Date.parse('2040-01-01T00:00:00Z') });

  it('are a partition: each contains now, and the next begins where one ends', () => {
    fc.assert(
      fc.property(fc.constantFrom(...zones), anyWindow, anyTime, (zone, window, now) => {
        const start = windowStart(window, now, zone);
        const end = windowEnd(window, now, zone) ?? Number.NaN;
        expect(start).toBeLessThanOrEqual(now);
        expect(end).toBeGreaterThan(now);
        for (const inside of [start, end - 1]) {
          expect([windowStart(window, inside, zone), windowEnd(window, inside, zone)]).toEqual([start, end]);
        }
        expect(windowStart(window, end, zone)).toBe(end);
        expect(windowEnd(window, start - 1, zone)).toBe(start);
      }),
      { numRuns: 400 },
    );
  });

  it('never start earlier as time goes on', () => {
    const step = fc.integer({ min: 0, max: 3 * DAY });
    fc.assert(
      fc.property(fc.constantFrom(...zones), anyWindow, anyTime, step, (zone, window, now, later) => {
        expect(windowStart(window, now + later, zone)).toBeGreaterThanOrEqual(windowStart(window, now, zone));
      }),
    );
  });
});

describe('rolling windows', () => {
  it('count exactly the instants in (now − w, now]', () => {
    const unit = fc.constantFrom('minute' as const, 'hour' as const, 'day' as const, 'week' as const);
    const now = fc.integer({ min: 90 * DAY, max: Date.parse('2040-01-01T00:00:00Z') });
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 12 }),
        unit,
        now,
        fc.integer({ min: -2, max: 2 }),
        (length, inUnits, ms, near) => {
          const window: TimedWindow = { length, unit: inUnits, kind: 'rolling' };
          const age = windowLengthMs(window) + near;
          expect(ms - age >= windowStart(window, ms, 'Asia/Seoul')).toBe(age < windowLengthMs(window));
          expect(ms >= windowStart(window, ms, 'Asia/Seoul')).toBe(true);
        },
      ),
    );
  });
});

describe('a local day and a calendar window', () => {
  it('cost less than a microsecond each while the day stays the same', () => {
    const zone = 'Asia/Seoul';
    const week: TimedWindow = { length: 1, unit: 'week', kind: 'calendar' };
    const noon = Date.parse('2026-11-22T03:00:00Z');
    const calls = 50_000;
    let best = Infinity;
    // The best of several rounds, since one round may share the core with something else.
    for (let round = 0; round < 10; round += 1) {
      const began = process.hrtime.bigint();
      let sum = 0;
      for (let i = 0; i < calls; i += 1) sum += localDayStart(noon + i, zone) - windowStart(week, noon + i, zone);
      best = Math.min(best, Number(process.hrtime.bigint() - began) / calls);
      expect(sum).toBe(calls * 6 * DAY);
    }
    expect(best).toBeLessThan(2_000);
  });
});
