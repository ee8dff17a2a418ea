import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type AcceptedClick, type ClickLimit, judgeClicks } from '../../src/core/traffic/judge-clicks.js';

const anyLimits: fc.Arbitrary<ClickLimit[]> = fc.array(
  fc.record({ clicks: fc.integer({ min: 1, max: 4 }), windowMs: fc.integer({ min: 1, max: 40 }) }),
  { minLength: 1, maxLength: 2 },
);

/** Clicks of one member, a few a batch, near each other. */
const anyClicks: fc.Arbitrary<AcceptedClick[]> = fc
  .array(fc.record({ batch: fc.nat(5), clickedAt: fc.nat(80) }), { maxLength: 25 })
  .map((clicks) =>
    clicks.map(({ batch, clickedAt }, i) => ({
      id: `m${i}`,
      batchId: `bat_${batch}`,
      ordinal: i,
      clickedAt,
      reactionMs: null,
    })),
  );

const isBefore = (a: AcceptedClick, b: AcceptedClick): boolean =>
  a.batchId < b.batchId || (a.batchId === b.batchId && a.ordinal < b.ordinal);

/** Tries every window, [start, start + length), that holds the click. */
function naiveFaults(clicks: readonly AcceptedClick[], limits: readonly ClickLimit[]): ReadonlySet<string> {
  const faulty = clicks.filter((click) =>
    limits.some(({ clicks: most, windowMs }) =>
      Array.from({ length: windowMs }, (_, back) => click.clickedAt - back).some((start) => {
        const inside = clicks.filter(({ clickedAt }) => clickedAt >= start && clickedAt < start + windowMs);
        return inside.filter((other) => isBefore(other, click)).length >= most;
      }),
    ),
  );
  return new Set(faulty.map(({ id }) => id));
}

describe('judgeClicks', () => {
  it('finds what trying every window finds', () => {
    let found = 0;
    fc.assert(
      fc.property(anyClicks, anyLimits, (clicks, limits) => {
        const faults = new Set(judgeClicks(clicks, clicks, limits).keys());
        found += faults.size;
        expect(faults).toEqual(naiveFaults(clicks, limits));
      }),
      { numRuns: 1_000 },
    );
    expect(found).toBeGreaterThan(1_000);
  });

  it('leaves no window with more valid clicks than the limit, however times and acceptance are mixed', () => {
    fc.assert(
      fc.property(anyClicks, anyLimits, (clicks, limits) => {
        const faults = judgeClicks(clicks, clicks, limits);
        const valid = clicks.filter(({ id }) => !faults.has(id));
        for (const { clicks: most, windowMs } of limits) {
          for (const { clickedAt: start } of valid) {
            const inside = valid.filter(({ clickedAt }) => clickedAt >= start && clickedAt < start + windowMs);
            expect(inside.length).toBeLessThanOrEqual(most);
          }
        }
      }),
      { numRuns: 1_000 },
    );
  });

  it('judges the same however the clicks are split, and in whatever order they are judged or known', () => {
    const split = fc.record({ clicks: anyClicks, limits: anyLimits }).chain((world) =>
      fc.record({
        ...{ clicks: fc.constant(world.clicks), limits: fc.constant(world.limits) },
        judged: fc.shuffledSubarray(world.clicks),
        known: fc.shuffledSubarray(world.clicks, { minLength: world.clicks.length }),
      }),
    );
    fc.assert(
      fc.property(split, ({ clicks, limits, judged, known }) => {
        const whole = judgeClicks(clicks, clicks, limits);
        const first = judgeClicks(judged, known, limits);
        const rest = judgeClicks(
          clicks.filter((click) => !judged.includes(click)),
          known,
          limits,
        );
        expect(new Map([...first, ...rest].sort())).toEqual(new Map([...whole].sort()));
      }),
    );
  });

  it('needs to know no clicks that are further away than the longest window', () => {
    fc.assert(
      fc.property(anyClicks, anyLimits, (clicks, limits) => {
        const reach = Math.max(...limits.map(({ windowMs }) => windowMs));
        for (const click of clicks) {
          const near = clicks.filter(({ clickedAt }) => Math.abs(clickedAt - click.clickedAt) <= reach);
          expect(judgeClicks([click], near, limits)).toEqual(judgeClicks([click], clicks, limits));
        }
      }),
    );
  });
});
