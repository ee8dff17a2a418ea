import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { learnDayShape, START_SHAPE } from '../../src/core/pacing/day-shape.js';
import { pacedDays, type PacedWorld, type Sample, type TwoPeaks, twoPeaks } from './paced-days.js';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const MIDNIGHT = Date.parse('2026-11-22T15:00:00Z');
const WON = 1_000_000;

/** A day takes a second: what fails is told by its seed, not shrunk. */
const runs = (numRuns: number) => ({ numRuns, endOnFailure: true });

const fraction = (min: number, max: number) => fc.double({ min, max, noNaN: true });
const anyPeaks: fc.Arbitrary<TwoPeaks> = fc.record({
  trough: fraction(0.15, 0.5),
  noon: fraction(11, 14),
  noonHeight: fraction(0.6, 1.6),
  evening: fraction(19, 22),
  eveningHeight: fraction(0.8, 1.8),
  width: fraction(2.2, 3.8),
});

interface Case {
  readonly seed: number;
  readonly peaks: TwoPeaks;
  /** Charges that the budget of a mean day pays for. */
  readonly charges: number;
  /** How often the supply at its scarcest hour covers the plan there. */
  readonly plenty: number;
  readonly delayMs: number;
}

const anyCase: fc.Arbitrary<Case> = fc.record({
  seed: fc.nat(),
  peaks: anyPeaks,
  charges: fraction(Math.log(2_000), Math.log(100_000)).map(Math.exp),
  plenty: fraction(Math.log(2), Math.log(200)).map(Math.exp),
  delayMs: fc.nat(60_000),
});

/** Enough supply at every hour: the plan never asks for more than a `plenty`-th of the traffic. */
function worldOf({ seed, peaks, charges, plenty, delayMs }: Case, fields: Partial<PacedWorld> = {}): PacedWorld {
  const traffic = twoPeaks(peaks);
  const planned = fields.planned ?? START_SHAPE;
  const scarcest = Math.max(...planned.map((weight, quarter) => weight / (traffic[quarter] ?? 0)));
  const dailyMicros = Math.round(charges) * WON;
  return {
    seed,
    timeZone: 'Asia/Seoul',
    fromMs: MIDNIGHT,
    untilMs: MIDNIGHT + DAY_MS,
    startsAt: MIDNIGHT - DAY_MS,
    endsAt: null,
    dailyMicros,
    totalMicros: null,
    priceMicros: WON,
    traffic,
    planned,
    supplyMicros: scarcest * plenty * dailyMicros,
    noise: 0.15,
    delayMs,
    clicks: null,
    outages: [],
    stepMs: 5_000,
    wrongClock: null,
    ...fields,
  };
}

/** The largest distance from the plan, in shares of the budget. */
function farthest(samples: readonly Sample[], dailyMicros: number): number {
  return Math.max(
    ...samples.map(({ spentMicros, plannedMicros }) => Math.abs(spentMicros - plannedMicros) / dailyMicros),
  );
}

function expectEven(world: PacedWorld): void {
  const daily = world.dailyMicros ?? NaN;
  const samples = pacedDays(world);
  expect(farthest(samples, daily)).toBeLessThan(0.03);
  expect(samples.at(-1)?.spentMicros).toBeGreaterThanOrEqual(0.99 * daily);
  expect(samples.at(-1)?.spentMicros).toBeLessThanOrEqual(daily);
}

describe('even pacing over a day', () => {
  it('keeps within 3 % of the plan and spends 99 %, on traffic that it has never seen', () => {
    fc.assert(
      fc.property(anyCase, (some) => expectEven(worldOf(some))),
      runs(9),
    );
  });

  it('does so, mostly, with so few charges that chance alone would leave five of them behind', () => {
    const peaks = { trough: 0.3, noon: 12.5, noonHeight: 1, evening: 20.5, eveningHeight: 1.3, width: 3 };
    const farthestBySeed = Array.from({ length: 16 }, (_, seed) => {
      const some = { seed, peaks, charges: 120, plenty: 10, delayMs: 60_000 };
      const samples = pacedDays(worldOf(some, { planned: twoPeaks(peaks), stepMs: 15_000 }));
      expect(samples.at(-1)?.spentMicros).toBeGreaterThanOrEqual(0.99 * 120 * WON);
      return farthest(samples, 120 * WON);
    });
    expect(farthestBySeed.filter((distance) => distance < 0.03).length).toBeGreaterThanOrEqual(13);
    expect(Math.max(...farthestBySeed)).toBeLessThan(0.05);
  });

  it.each([100, 170])('spends 99 % where %i clicks are paid for, although few messages are clicked', (charges) => {
    const peaks = { trough: 0.3, noon: 12.5, noonHeight: 1, evening: 20.5, eveningHeight: 1.3, width: 3 };
    const clicks = { rate: 0.01, meanDelayMs: 20_000, holdMs: 11 * 60_000 };
    const spentBySeed = Array.from({ length: 16 }, (_, seed) => {
      const some = { seed, peaks, charges, plenty: 6, delayMs: 60_000 };
      const samples = pacedDays(worldOf(some, { planned: twoPeaks(peaks), stepMs: 30_000, clicks }));
      return (samples.at(-1)?.spentMicros ?? 0) / (charges * WON);
    });
    expect(Math.min(...spentBySeed)).toBeGreaterThanOrEqual(0.99);
  });

  it('keeps within 3 % and spends 99 % with the shape learned from days of other traffic', () => {
    fc.assert(
      fc.property(anyCase, anyPeaks, (some, before) => {
        const seen = twoPeaks(before).map((weight) => ({ impressions: Math.round(weight * 100_000), days: 1 }));
        expectEven(worldOf(some, { planned: learnDayShape(seen) }));
      }),
      runs(5),
    );
  });

  it('does so on days of 23 and 25 hours', () => {
    for (const midnight of ['2026-03-28T23:00:00Z', '2026-10-24T22:00:00Z']) {
      const fromMs = Date.parse(midnight);
      const hours = midnight.startsWith('2026-03') ? 23 : 25;
      const [some] = fc.sample(anyCase, { numRuns: 1, seed: hours });
      expectEven(
        worldOf(some as Case, { timeZone: 'Europe/Berlin', startsAt: 0, fromMs, untilMs: fromMs + hours * HOUR_MS }),
      );
    }
  });

  it('does so for a campaign that begins and one that ends in the middle of the day', () => {
    fc.assert(
      fc.property(anyCase, fc.integer({ min: 1, max: 14 }), fc.boolean(), (some, hour, begins) => {
        const at = MIDNIGHT + hour * HOUR_MS;
        const world = worldOf({ ...some, plenty: Math.max(some.plenty, 12) });
        expectEven(
          begins ? { ...world, startsAt: at } : { ...world, endsAt: at + 9 * HOUR_MS, untilMs: at + 9 * HOUR_MS },
        );
      }),
      runs(5),
    );
  });

  it('follows a total budget over its schedule', () => {
    const [some] = fc.sample(anyCase, { numRuns: 1, seed: 4 });
    const days = 3;
    const world = worldOf(some as Case, { untilMs: MIDNIGHT + days * DAY_MS, stepMs: 15_000 });
    const daily = world.dailyMicros ?? NaN;
    const total = {
      startsAt: MIDNIGHT,
      endsAt: MIDNIGHT + days * DAY_MS,
      dailyMicros: null,
      totalMicros: days * daily,
    };
    const samples = pacedDays({ ...world, ...total });
    expect(farthest(samples, daily)).toBeLessThan(0.03);
    expect(samples.at(-1)?.spentMicros).toBeGreaterThanOrEqual(0.99 * days * daily);
  });
});

describe('even pacing after a step of a wrong clock', () => {
  it.each([1, 24])('keeps within 3 % of the plan and spends 99 %% (%i hours ahead)', (hours) => {
    const atMs = MIDNIGHT + 12 * HOUR_MS;
    const peaks = { trough: 0.3, noon: 12.5, noonHeight: 1, evening: 20.5, eveningHeight: 1.3, width: 3 };
    const some = { seed: 5, peaks, charges: 20_000, plenty: 30, delayMs: 5_000 };
    const world = worldOf(some, { planned: twoPeaks(peaks), wrongClock: { atMs, aheadMs: hours * HOUR_MS } });
    const daily = world.dailyMicros ?? NaN;
    const samples = pacedDays(world);
    // The sample of the next step is the last that shows what the wrong one decided.
    expect(
      farthest(
        samples.filter(({ ms }) => ms !== atMs + world.stepMs),
        daily,
      ),
    ).toBeLessThan(0.03);
    expect(samples.at(-1)?.spentMicros).toBeGreaterThanOrEqual(0.99 * daily);
  });
});

describe('even pacing after an outage', () => {
  /** Charges enough that what a quarter of an hour spends is hardly noise. */
  const outages = fc.record({
    some: anyCase.map((some) => ({ ...some, charges: 30_000 + some.charges, plenty: Math.max(some.plenty, 2.5) })),
    hour: fc.integer({ min: 7, max: 18 }),
    minutes: fc.integer({ min: 3, max: 90 }),
    left: fc.constantFrom(0, 0, 0.3),
  });

  /** It was 2.016 times the plan in one quarter. */
  const FORMERLY_TOO_MUCH = {
    some: {
      seed: 766882639,
      peaks: {
        trough: 0.2371950375261903,
        noon: 13.254159746236175,
        noonHeight: 0.6,
        evening: 21.946821983845865,
        eveningHeight: 0.8,
        width: 2.2,
      },
      charges: 32_000,
      plenty: 2.5,
      delayMs: 34_739,
    },
    hour: 8,
    minutes: 81,
    left: 0.3,
  };

  it('makes up for it at no more than twice the plan, is on it again, and spends 99 %', () => {
    fc.assert(
      fc.property(outages, ({ some, hour, minutes, left }) => {
        const fromMs = MIDNIGHT + hour * HOUR_MS;
        const untilMs = fromMs + minutes * 60_000;
        const world = worldOf(some, { outages: [{ fromMs, untilMs, left }] });
        const daily = world.dailyMicros ?? NaN;
        const samples = pacedDays(world);
        expect(mostInAQuarter(samples, untilMs, daily)).toBeLessThanOrEqual(2);
        // It takes two and a half times as long: the rate is at most 1.4 times the plan.
        const recovered = samples.filter(({ ms }) => ms > untilMs + 2.5 * (untilMs - fromMs) + HOUR_MS);
        expect(farthest(recovered, daily)).toBeLessThan(0.03);
        expect(samples.at(-1)?.spentMicros).toBeGreaterThanOrEqual(0.99 * daily);
      }),
      runs(6),
    );
  });

  it('does not burst where a part of the traffic comes back to thin mornings, and charges are known late', () => {
    const partial = outages.map((outage) => ({ ...outage, left: 0.3, hour: 7 + (outage.hour % 3) }));
    fc.assert(
      fc.property(partial, ({ some, hour, minutes, left }) => {
        const fromMs = MIDNIGHT + hour * HOUR_MS;
        const untilMs = fromMs + minutes * 60_000;
        const world = worldOf({ ...some, delayMs: 60_000 }, { outages: [{ fromMs, untilMs, left }] });
        expect(mostInAQuarter(pacedDays(world), untilMs, world.dailyMicros ?? NaN)).toBeLessThanOrEqual(2);
      }),
      { ...runs(6), examples: [[FORMERLY_TOO_MUCH]] },
    );
  });

  /**
   * Spend in any quarter of an hour that ends after `from`, and before the plan is done, in multiples of what was planned
   * for it.
   */
  function mostInAQuarter(samples: readonly Sample[], from: number, dailyMicros: number): number {
    const quarter = 180;
    return Math.max(
      ...samples.slice(quarter).flatMap((sample, i) => {
        const before = samples[i];
        if (before === undefined || sample.ms < from || sample.plannedMicros >= dailyMicros) return [];
        return [(sample.spentMicros - before.spentMicros) / (sample.plannedMicros - before.plannedMicros)];
      }),
    );
  }
});
