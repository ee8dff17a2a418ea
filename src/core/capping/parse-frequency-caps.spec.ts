import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { FrequencyCap, TimedWindow } from './frequency-cap.js';
import { parseFrequencyCaps } from './parse-frequency-caps.js';

const daily: TimedWindow = { length: 1, unit: 'day', kind: 'calendar' };
const timed = (kind: TimedWindow['kind'], unit: TimedWindow['unit'], most: number): fc.Arbitrary<TimedWindow> =>
  fc.record({ length: fc.integer({ min: 1, max: most }), unit: fc.constant(unit), kind: fc.constant(kind) });
const anyCap: fc.Arbitrary<FrequencyCap> = fc.record({
  limit: fc.integer({ min: 1, max: 1_000_000 }),
  window: fc.oneof(
    fc.constant('lifetime' as const),
    timed('rolling', 'minute', 90 * 1_440),
    timed('rolling', 'hour', 90 * 24),
    timed('rolling', 'day', 90),
    timed('rolling', 'week', 12),
    timed('calendar', 'minute', 1_440),
    timed('calendar', 'hour', 24),
    timed('calendar', 'day', 90),
    timed('calendar', 'week', 12),
  ),
});

function pathsOf(input: unknown, path?: string): string[] {
  const result = parseFrequencyCaps(input, path);
  return result.ok ? [] : result.errors.map((error) => error.path);
}

const windowPaths = (window: unknown): string[] => pathsOf([{ limit: 1, window }]);

describe('parseFrequencyCaps', () => {
  it('reads back every cap as it stands on the wire', () => {
    fc.assert(
      fc.property(fc.array(anyCap, { maxLength: 10 }), (frequencyCaps) => {
        const wire: unknown = JSON.parse(JSON.stringify(frequencyCaps));
        expect(parseFrequencyCaps(wire)).toEqual({ ok: true, frequencyCaps });
      }),
    );
  });

  it('never throws, whatever it is given', () => {
    fc.assert(
      fc.property(fc.anything(), (junk) => {
        expect(parseFrequencyCaps([junk]).ok).toBe(false);
        expect(parseFrequencyCaps([{ limit: junk, window: junk }]).ok).toBe(false);
      }),
    );
  });

  it('names every fault at once, by its path', () => {
    const caps = [
      { limit: 0, window: 'forever' },
      { limit: 1, window: { length: 0, unit: 'year', kind: 'fixed' }, per: 'member' },
      { limit: 1.5, window: { ...daily, zone: 'UTC' } },
      null,
    ];
    expect(pathsOf(caps, 'adGroups[2].frequencyCaps')).toEqual([
      'adGroups[2].frequencyCaps[0].limit',
      'adGroups[2].frequencyCaps[0].window',
      'adGroups[2].frequencyCaps[1].per',
      'adGroups[2].frequencyCaps[1].window.unit',
      'adGroups[2].frequencyCaps[1].window.kind',
      'adGroups[2].frequencyCaps[1].window.length',
      'adGroups[2].frequencyCaps[2].limit',
      'adGroups[2].frequencyCaps[2].window.zone',
      'adGroups[2].frequencyCaps[3]',
    ]);
  });

  it('takes an empty list and ten caps, and refuses eleven and what is no list', () => {
    const cap = { limit: 1, window: 'lifetime' };
    expect(pathsOf([])).toEqual([]);
    expect(pathsOf(Array(10).fill(cap))).toEqual([]);
    for (const input of [Array(11).fill(cap), cap, null, undefined, 'lifetime']) {
      expect(pathsOf(input)).toEqual(['frequencyCaps']);
    }
  });

  it.each([0, -1, 1_000_001, 1.5, '3', null, Number.NaN, Infinity])('refuses the limit %p', (limit) => {
    expect(pathsOf([{ limit, window: daily }])).toEqual(['frequencyCaps[0].limit']);
  });

  it.each([
    ['minute', 129_600],
    ['hour', 2_160],
    ['day', 90],
    ['week', 12],
  ])('takes rolling windows of at most 90 days, counted in units of a %s', (unit, most) => {
    expect(windowPaths({ length: most, unit, kind: 'rolling' })).toEqual([]);
    expect(windowPaths({ length: most + 1, unit, kind: 'rolling' })).toEqual(['frequencyCaps[0].window.length']);
    expect(windowPaths({ length: 0, unit, kind: 'rolling' })).toEqual(['frequencyCaps[0].window.length']);
  });

  it('refuses calendar windows of hours or minutes that do not fit into a day, and says what to use', () => {
    expect(windowPaths({ length: 24, unit: 'hour', kind: 'calendar' })).toEqual([]);
    expect(windowPaths({ length: 1_441, unit: 'minute', kind: 'calendar' })).toEqual([
      'frequencyCaps[0].window.length',
    ]);
    const result = parseFrequencyCaps([{ limit: 1, window: { length: 48, unit: 'hour', kind: 'calendar' } }]);
    expect(result).toMatchObject({ ok: false, errors: [{ message: expect.stringContaining("use the unit 'day'") }] });
  });

  it('refuses a field that a crafted body smuggles in as a prototype', () => {
    const body: unknown = JSON.parse('[{"limit":1,"window":"lifetime","__proto__":{"limit":2}}]');
    expect(pathsOf(body)).toEqual(['frequencyCaps[0].__proto__']);
  });
});
