import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { InvariantViolation } from '../invariant-violation.js';
import { isAheadOfPlan, plannedSpendMicros, type SpendPlan } from './even-pacing.js';

const HOUR = 3_600_000;
const START = Date.parse('2026-11-22T15:00:00Z');
const day: SpendPlan = { budgetMicros: 24_000_000n, startMs: START, endMs: START + 24 * HOUR, nowMs: START };
const anyPlan = fc.record({
  budgetMicros: fc.bigInt({ min: 0n, max: 10n ** 24n }),
  startMs: fc.integer({ min: 0, max: 4e12 }),
  length: fc.integer({ min: 1, max: 4e11 }),
  where: fc.integer({ min: -50, max: 150 }).map((percent) => percent / 100),
});
const planOf = (plan: { budgetMicros: bigint; startMs: number; length: number; where: number }): SpendPlan => ({
  budgetMicros: plan.budgetMicros,
  startMs: plan.startMs,
  endMs: plan.startMs + plan.length,
  nowMs: plan.startMs + Math.floor(plan.where * plan.length),
});

describe('plannedSpendMicros', () => {
  it('is the largest whole amount that is not above the line', () => {
    fc.assert(
      fc.property(anyPlan.map(planOf), (plan) => {
        const planned = plannedSpendMicros(plan);
        expect(planned >= 0n && planned <= plan.budgetMicros).toBe(true);
        const elapsed = BigInt(Math.min(Math.max(plan.nowMs, plan.startMs), plan.endMs) - plan.startMs);
        const length = BigInt(plan.endMs - plan.startMs);
        expect(planned * length <= plan.budgetMicros * elapsed).toBe(true);
        expect((planned + 1n) * length > plan.budgetMicros * elapsed).toBe(true);
      }),
    );
  });

  it('never falls as time goes on', () => {
    fc.assert(
      fc.property(anyPlan.map(planOf), fc.nat(1e9), (plan, later) => {
        expect(plannedSpendMicros({ ...plan, nowMs: plan.nowMs + later }) >= plannedSpendMicros(plan)).toBe(true);
      }),
    );
  });

  it.each([
    [-1, 0n],
    [0, 0n],
    [1, 0n],
    [4, 1n],
    [3_600, 1_000n],
    [6 * HOUR, 6_000_000n],
    [24 * HOUR - 1, 23_999_999n],
    [24 * HOUR, 24_000_000n],
    [48 * HOUR, 24_000_000n],
  ])('%i ms into a day with a budget of ₩24', (elapsed, planned) => {
    expect(plannedSpendMicros({ ...day, nowMs: START + elapsed })).toBe(planned);
  });

  it('gives an empty period its whole budget from its end on', () => {
    expect(plannedSpendMicros({ ...day, endMs: START })).toBe(day.budgetMicros);
    expect(plannedSpendMicros({ ...day, endMs: START, nowMs: START - 1 })).toBe(0n);
  });

  it('throws for a negative budget and for fractions of a millisecond', () => {
    expect(() => plannedSpendMicros({ ...day, budgetMicros: -1n })).toThrow(InvariantViolation);
    expect(() => plannedSpendMicros({ ...day, nowMs: START + 0.5 })).toThrow(InvariantViolation);
  });
});

describe('isAheadOfPlan', () => {
  it('lets one message through where a period begins, and no second one', () => {
    const priced = { ...day, headroomMicros: 1_000n };
    expect(isAheadOfPlan({ ...priced, spentMicros: 0n })).toBe(false);
    expect(isAheadOfPlan({ ...priced, spentMicros: 1_000n })).toBe(false);
    expect(isAheadOfPlan({ ...priced, spentMicros: 1_001n })).toBe(true);
  });

  it('is false again when the plan has caught up', () => {
    const ahead = { ...day, headroomMicros: 0n, spentMicros: 6_000_001n };
    expect(isAheadOfPlan({ ...ahead, nowMs: START + 6 * HOUR })).toBe(true);
    expect(isAheadOfPlan({ ...ahead, nowMs: START + 6 * HOUR + 4 })).toBe(false);
  });

  it('holds spend to the plan plus the headroom and the last price', () => {
    const arrivals = fc.array(fc.record({ waitMs: fc.nat(HOUR), priceMicros: fc.bigInt({ min: 1n, max: 500_000n }) }), {
      maxLength: 100,
    });
    fc.assert(
      fc.property(arrivals, (messages) => {
        let spentMicros = 0n;
        let nowMs = START;
        for (const { waitMs, priceMicros } of messages) {
          nowMs += waitMs;
          if (isAheadOfPlan({ ...day, nowMs, spentMicros, headroomMicros: 500_000n })) continue;
          spentMicros += priceMicros;
          expect(spentMicros <= plannedSpendMicros({ ...day, nowMs }) + 500_000n + priceMicros).toBe(true);
        }
      }),
    );
  });
});
