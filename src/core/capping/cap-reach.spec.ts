import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { capReachMs, ReachTally } from './cap-reach.js';
import { windowStart } from './cap-window.js';
import type { TimedWindow } from './frequency-cap.js';

const anyWindow: fc.Arbitrary<TimedWindow> = fc.record({
  length: fc.integer({ min: 1, max: 12 }),
  unit: fc.constantFrom('minute' as const, 'hour' as const, 'day' as const, 'week' as const),
  kind: fc.constantFrom('rolling' as const, 'calendar' as const),
});
const zones = [
  'Asia/Seoul',
  'Europe/Berlin',
  'America/New_York',
  'Asia/Kolkata',
  'Australia/Lord_Howe',
  'Pacific/Apia',
];

describe('capReachMs', () => {
  it('is no less than any window reaches back, at any time in any zone', () => {
    fc.assert(
      fc.property(
        fc.array(anyWindow, { minLength: 1 }),
        fc.integer({ min: Date.parse('2011-01-01'), max: Date.parse('2027-01-01') }),
        fc.constantFrom(...zones),
        (windows, now, zone) => {
          const from = now - capReachMs(windows.map((window) => ({ limit: 1, window })));
          for (const window of windows) expect(windowStart(window, now, zone)).toBeGreaterThan(from);
        },
      ),
    );
  });

  it('is nothing for a lifetime, which single impressions are not counted for', () => {
    expect(capReachMs([{ limit: 1, window: 'lifetime' }])).toBe(0);
    expect(capReachMs([])).toBe(0);
  });
});

describe('ReachTally', () => {
  it('knows the longest of those that were added and not removed', () => {
    fc.assert(
      fc.property(fc.array(fc.record({ reach: fc.nat(5), isAdded: fc.boolean() })), (steps) => {
        const tally = new ReachTally();
        const present: number[] = [];
        for (const { reach, isAdded } of steps) {
          const at = present.indexOf(reach);
          if (isAdded) {
            tally.add(reach);
            present.push(reach);
          } else if (at >= 0) {
            tally.remove(reach);
            present.splice(at, 1);
          }
          expect(tally.longestMs).toBe(Math.max(0, ...present));
        }
      }),
    );
  });
});
