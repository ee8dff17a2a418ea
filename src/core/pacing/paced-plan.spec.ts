import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { START_SHAPE } from './day-shape.js';
import {
  hasPlan,
  nextPlan,
  type PacedPeriod,
  type PacedPlan,
  pacedPeriod,
  type PacedTerms,
  plannedMicros,
  plannedRate,
} from './paced-plan.js';
import { TrafficCurve } from './traffic-curve.js';

const HOUR = 3_600_000;
const DAY = 24 * HOUR;
const MIDNIGHT = Date.parse('2026-11-22T15:00:00Z');
const curve = new TrafficCurve('Asia/Seoul', START_SHAPE, null);
const traffic = { curve, paysClicks: false };
const terms: PacedTerms = {
  timeZone: 'Asia/Seoul',
  startsAt: MIDNIGHT - 9 * DAY,
  endsAt: null,
  dailyMicros: 1_000,
  totalMicros: null,
  paysClicks: false,
};
const today: PacedPeriod = { startMs: MIDNIGHT, endMs: MIDNIGHT + DAY, budgetMicros: 1_000 };
const plan: PacedPlan = { ...today, fromMs: MIDNIGHT, fromMicros: 0 };
const NOON = MIDNIGHT + 12 * HOUR;

describe('pacedPeriod', () => {
  it('is the part of the local day in which the campaign runs', () => {
    expect(pacedPeriod(terms, NOON, 0)).toEqual(today);
    expect(pacedPeriod({ ...terms, startsAt: MIDNIGHT + 8 * HOUR, endsAt: MIDNIGHT + 20 * HOUR }, NOON, 0)).toEqual({
      startMs: MIDNIGHT + 8 * HOUR,
      endMs: MIDNIGHT + 20 * HOUR,
      budgetMicros: 1_000,
    });
  });

  it('has 23 or 25 hours where the wall clock has', () => {
    const berlin = { ...terms, timeZone: 'Europe/Berlin', startsAt: 0 };
    const hoursOn = (noon: string): number => {
      const period = pacedPeriod(berlin, Date.parse(noon), 0);
      return ((period?.endMs ?? 0) - (period?.startMs ?? 0)) / HOUR;
    };
    expect(['2026-03-29T12:00:00Z', '2026-10-25T12:00:00Z', '2026-11-25T12:00:00Z'].map(hoursOn)).toEqual([23, 25, 24]);
  });

  it('is the schedule for a total budget, and what is left of it bounds a daily one', () => {
    const total = { ...terms, dailyMicros: null, totalMicros: 7_000, endsAt: MIDNIGHT + 5 * DAY };
    expect(pacedPeriod(total, NOON, 0)).toEqual({
      startMs: terms.startsAt,
      endMs: MIDNIGHT + 5 * DAY,
      budgetMicros: 7_000,
    });
    expect(pacedPeriod({ ...total, dailyMicros: 1_000 }, NOON, 6_600)?.budgetMicros).toBe(400);
    expect(pacedPeriod({ ...total, dailyMicros: 1_000 }, NOON, 8_000)?.budgetMicros).toBe(0);
  });

  it('is there exactly where the terms have a plan', () => {
    const amounts = fc.constantFrom(null, 500);
    fc.assert(
      fc.property(amounts, amounts, fc.constantFrom(null, MIDNIGHT + DAY), (dailyMicros, totalMicros, endsAt) => {
        const some = { ...terms, dailyMicros, totalMicros, endsAt };
        expect(pacedPeriod(some, NOON, 0) !== null).toBe(hasPlan(some));
      }),
    );
  });
});

describe('nextPlan', () => {
  it('stays within its period, so that what is missing is made up for', () => {
    expect(nextPlan(plan, today, NOON, 0)).toBe(plan);
  });

  it('begins the next day at its start, with nothing spent', () => {
    const tomorrow = { ...today, startMs: today.endMs, endMs: today.endMs + DAY };
    expect(nextPlan(plan, tomorrow, today.endMs + HOUR, 50)).toEqual({
      ...tomorrow,
      fromMs: today.endMs,
      fromMicros: 0,
    });
  });

  it.each<[string, PacedPlan | null, PacedPeriod]>([
    ['a campaign is new', null, today],
    ['its budget was edited', plan, { ...today, budgetMicros: 5_000 }],
    ['its schedule was edited', plan, { ...today, endMs: NOON + HOUR }],
  ])('leads from here where %s', (_case, previous, period) => {
    expect(nextPlan(previous, period, NOON, 300)).toEqual({ ...period, fromMs: NOON, fromMicros: 300 });
  });
});

describe('plannedMicros', () => {
  it('never falls, begins with what was spent and ends with the budget, however long the day', () => {
    const zones = fc.constantFrom('Asia/Seoul', 'Europe/Berlin', 'America/New_York', 'Asia/Kolkata');
    const instants = fc.integer({ min: MIDNIGHT - 200 * DAY, max: MIDNIGHT + 200 * DAY });
    fc.assert(
      fc.property(
        zones,
        instants,
        fc.nat(1_500),
        fc.nat(DAY),
        fc.nat(DAY),
        fc.boolean(),
        (zone, now, spent, one, other, paysClicks) => {
          const trafficCurve = new TrafficCurve(zone, START_SHAPE, null);
          const period = pacedPeriod({ ...terms, timeZone: zone, startsAt: 0 }, now, 0) as PacedPeriod;
          const some = nextPlan(null, period, now, spent);
          const [early, late] = [Math.min(one, other), Math.max(one, other)];
          expect(plannedMicros(some, { curve: trafficCurve, paysClicks }, now + late)).toBeGreaterThanOrEqual(
            plannedMicros(some, { curve: trafficCurve, paysClicks }, now + early),
          );
          expect(plannedMicros(some, { curve: trafficCurve, paysClicks }, now)).toBeCloseTo(Math.min(spent, 1_000), 6);
          expect(plannedMicros(some, { curve: trafficCurve, paysClicks }, period.endMs)).toBe(1_000);
        },
      ),
    );
  });

  it('asks of the night what the night can give', () => {
    expect(plannedMicros(plan, traffic, MIDNIGHT + 6 * HOUR)).toBeLessThan(1_000 / 10);
    expect(plannedMicros(plan, traffic, MIDNIGHT + 23 * HOUR)).toBeGreaterThan(930);
  });

  it('spreads a total budget over days of equal shares, and is done a quarter of an hour of traffic before the end', () => {
    const whole = { ...plan, budgetMicros: 1_000_000, endMs: MIDNIGHT + 4 * DAY };
    const after = (ms: number): number => plannedMicros(whole, traffic, MIDNIGHT + ms);
    const [first, second, third] = [DAY, 2 * DAY, 3 * DAY].map(after);
    expect(first).toBeCloseTo(250_000, -4);
    expect([second, third]).toEqual([expect.closeTo(2 * first!, 3), expect.closeTo(3 * first!, 3)]);
    expect(1_000_000 / first!).toBeCloseTo(4 - 1 / 96, 6);
    expect([4 * DAY - 1, 4 * DAY].map(after)).toEqual([1_000_000, 1_000_000]);
  });

  it('is done when a hundredth of its traffic is to come, also of day parts that end long before the day does', () => {
    const whole = { ...plan, budgetMicros: 1_000_000 };
    const office = new TrafficCurve('Asia/Seoul', START_SHAPE, [
      { days: ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'], fromMinute: 9 * 60, toMinute: 18 * 60 },
    ]);
    const planned = (ms: number): number => plannedMicros(whole, { curve: office, paysClicks: false }, MIDNIGHT + ms);
    expect(planned(9 * HOUR)).toBe(0);
    expect(planned(17.5 * HOUR)).toBeLessThan(1_000_000);
    expect(planned(18 * HOUR - 60_000)).toBe(1_000_000);
  });

  it('is done earlier where clicks are paid for: an hour of traffic before the end, or six hundredths of it', () => {
    const clicks = { curve, paysClicks: true };
    const days = (count: number): PacedPlan => ({ ...plan, budgetMicros: 1_000_000, endMs: MIDNIGHT + count * DAY });
    const firstDay = (count: number): number => plannedMicros(days(count), clicks, MIDNIGHT + DAY);
    expect(1_000_000 / firstDay(4)).toBeCloseTo(4 - 1 / 24, 6);
    const hours = { ...days(1), endMs: MIDNIGHT + 8 * HOUR };
    const mass = curve.massAt(hours.endMs) - curve.massAt(MIDNIGHT);
    expect(plannedRate(hours, clicks)).toBeCloseTo(1_000_000 / (0.94 * mass), 3);
  });

  it('keeps what it plans for a campaign that begins in the last minutes', () => {
    const late = { ...plan, budgetMicros: 1_000_000, fromMs: plan.endMs - 5 * 60_000, fromMicros: 0 };
    expect(plannedMicros(late, traffic, late.fromMs)).toBe(0);
    expect(plannedMicros(late, traffic, plan.endMs - 150_000)).toBeCloseTo(500_000 / 0.99, -3);
    expect(plannedRate(late, traffic)).toBeGreaterThan(0);
  });
});
