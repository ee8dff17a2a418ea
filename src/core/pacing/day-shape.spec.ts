import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { learnDayShape, QUARTERS_A_DAY, START_SHAPE } from './day-shape.js';

const sum = (values: readonly number[]): number => values.reduce((total, value) => total + value, 0);
const anyTraffic = fc.array(fc.record({ impressions: fc.nat(1_000_000), days: fc.integer({ min: 1, max: 7 }) }), {
  minLength: QUARTERS_A_DAY,
  maxLength: QUARTERS_A_DAY,
});

describe('learnDayShape', () => {
  it('gives every quarter some weight, and all of them 1', () => {
    fc.assert(
      fc.property(anyTraffic, (traffic) => {
        const shape = learnDayShape(traffic);
        expect(shape).toHaveLength(QUARTERS_A_DAY);
        expect(sum(shape)).toBeCloseTo(1, 9);
        for (const weight of shape) expect(weight).toBeGreaterThan(0);
      }),
    );
  });

  it('is the start shape where nothing was seen', () => {
    expect(learnDayShape([])).toBe(START_SHAPE);
    const nothing = Array.from({ length: QUARTERS_A_DAY }, () => ({ impressions: 0, days: 3 }));
    expect(learnDayShape(nothing)).toBe(START_SHAPE);
  });

  it('follows what was seen, the more closely the more that was', () => {
    // One peak at 06:00, smooth as traffic is.
    const real = START_SHAPE.map((_, quarter) => 1.2 + Math.cos(((quarter - 24) / QUARTERS_A_DAY) * 2 * Math.PI));
    const errorWith = (impressions: number): number => {
      const traffic = real.map((weight) => ({ impressions: Math.round(weight * impressions), days: 2 }));
      const shape = learnDayShape(traffic);
      return sum(shape.map((weight, quarter) => Math.abs(weight - (real[quarter] ?? 0) / sum(real))));
    };
    expect(errorWith(100_000)).toBeLessThan(0.01);
    expect(errorWith(100)).toBeLessThan(errorWith(10));
    expect(errorWith(10)).toBeLessThan(errorWith(1));
  });

  it('does not take quarters that were never seen for quarters without traffic', () => {
    const traffic = START_SHAPE.map((weight, quarter) =>
      quarter < 48 ? { impressions: 0, days: 0 } : { impressions: Math.round(weight * 10_000_000), days: 5 },
    );
    const shape = learnDayShape(traffic);
    for (const [quarter, weight] of shape.entries()) {
      expect(weight / (START_SHAPE[quarter] ?? 0)).toBeGreaterThan(0.85);
      expect(weight / (START_SHAPE[quarter] ?? 0)).toBeLessThan(1.15);
    }
  });
});
