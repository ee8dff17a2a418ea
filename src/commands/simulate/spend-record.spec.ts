import { describe, expect, it } from '@jest/globals';
import type { SimulatedCampaign } from './plan-simulation.js';
import { type PlanSample, SpendRecord } from './spend-record.js';

const HOUR_MS = 3_600_000;
const EVEN: SimulatedCampaign = {
  kind: 'even',
  pacing: 'even',
  timeZone: 'Asia/Seoul',
  dayBudgetMicros: 1_000,
  isDaily: true,
  cap: null,
};
const ASAP: SimulatedCampaign = { ...EVEN, kind: 'asap', pacing: 'asap' };

describe('SpendRecord', () => {
  it('tells of each kind how far a campaign was from its plan, and its pass share in the hour before', () => {
    const record = new SpendRecord([EVEN, ASAP, { ...EVEN, dayBudgetMicros: 100 }]);
    // More micros from the plan, but less of the budget.
    record.samples[0]?.push(sample({ at: HOUR_MS, spentMicros: 50, passShare: 0.9 }));
    record.samples[2]?.push(
      sample({ at: 0, passShare: 0.1 }),
      sample({ at: HOUR_MS / 2, plannedMicros: 10, spentMicros: 9, passShare: 0.2 }),
      sample({ at: HOUR_MS, plannedMicros: 20, spentMicros: 19, passShare: 0.4 }),
      sample({ at: 1.5 * HOUR_MS, plannedMicros: 30, spentMicros: 24, passShare: 1 }),
      sample({ at: 2 * HOUR_MS, plannedMicros: 40, spentMicros: 45, passShare: 0 }),
    );
    record.periods[0]?.push(1_000, 990);
    record.periods[1]?.push(900);
    record.periods[2]?.push(99.5);
    expect(record.figures(2)).toEqual([
      {
        kind: 'even',
        campaigns: 2,
        pacing: 'even',
        farthestFromPlan: -0.06,
        passShareBefore: expect.closeTo(0.3, 9),
        leastSpent: 0.99,
        mostSpent: 1,
      },
      {
        kind: 'asap',
        campaigns: 1,
        pacing: 'asap',
        farthestFromPlan: null,
        passShareBefore: null,
        leastSpent: 0.9,
        mostSpent: 0.9,
      },
    ]);
  });

  it('judges the pass share by the steps of the same period alone', () => {
    const record = new SpendRecord([EVEN]);
    const midnight = new Date(HOUR_MS).toISOString();
    record.samples[0]?.push(
      sample({ at: HOUR_MS - 1, passShare: 0.1 }),
      sample({ at: HOUR_MS, periodStartsAt: midnight, passShare: 0.5 }),
      sample({ at: HOUR_MS + 60_000, periodStartsAt: midnight, spentMicros: 2, passShare: 0.7 }),
    );
    expect(record.figures(1)).toEqual([expect.objectContaining({ farthestFromPlan: 0.002, passShareBefore: 0.5 })]);
  });

  it('judges a total budget by the equal shares of its days', () => {
    const record = new SpendRecord([{ ...EVEN, dayBudgetMicros: 100, isDaily: false }]);
    record.samples[0]?.push(sample({ plannedMicros: 10, spentMicros: 14 }));
    record.periods[0]?.push(294);
    expect(record.figures(3)).toEqual([
      expect.objectContaining({ farthestFromPlan: 0.04, passShareBefore: null, leastSpent: 0.98, mostSpent: 0.98 }),
    ]);
  });

  it('tells nothing where no budget limits a day', () => {
    const record = new SpendRecord([{ ...ASAP, dayBudgetMicros: null }]);
    record.samples[0]?.push(sample({ spentMicros: 5 }));
    record.periods[0]?.push(90);
    const nothing = { farthestFromPlan: null, passShareBefore: null, leastSpent: null, mostSpent: null };
    expect(record.figures(1)).toEqual([{ kind: 'asap', campaigns: 1, pacing: 'asap', ...nothing }]);
  });
});

function sample(of: Partial<PlanSample>): PlanSample {
  return { at: 0, periodStartsAt: '1970-01-01T00:00:00.000Z', plannedMicros: 0, spentMicros: 0, passShare: 1, ...of };
}
