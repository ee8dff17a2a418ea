import { describe, expect, it } from '@jest/globals';
import { START_SHAPE } from './day-shape.js';
import { decidePace, type PacedCampaign, type PaceDecision, replaces } from './decide-pace.js';
import { FIRST_PASS_SHARE } from './pass-share.js';
import { TrafficCurve } from './traffic-curve.js';

const NOON = Date.parse('2026-11-22T03:00:00Z');
const HOUR_MS = 3_600_000;
const CAMPAIGN: PacedCampaign = {
  terms: {
    timeZone: 'Asia/Seoul',
    startsAt: NOON,
    endsAt: null,
    dailyMicros: 1e9,
    totalMicros: null,
    paysClicks: false,
  },
  curve: new TrafficCurve('Asia/Seoul', START_SHAPE, null),
  priceMicros: 1_000,
  spentMicros: 0,
  spentTodayMicros: 0,
};

describe('decidePace', () => {
  it('gives a share that is never quite that of another time, though all else is alike, so that phases change', () => {
    const shares = Array.from(
      { length: 90 },
      (_, second) => decidePace(null, CAMPAIGN, NOON + second * 1_000, null)!.pace.passShare,
    );
    expect(new Set(shares).size).toBe(shares.length);
    expect(Math.max(...shares) / Math.min(...shares)).toBeLessThan(1.000_1);
  });

  describe('after one that a clock an hour ahead has dated', () => {
    const ahead = decidePace(null, CAMPAIGN, NOON + HOUR_MS, null)!;
    const pace = { ...ahead.pace, spentMicros: 1e6, exposure: 0.001, recentMicros: 1e4, recentExposure: 1e-5 };

    it('goes on from what was learned, and learns from now on', () => {
      const spent = { spentMicros: 5_000, spentTodayMicros: 5_000 };
      const next = decidePace({ ...ahead, pace }, { ...CAMPAIGN, ...spent }, NOON + 5_000, null)!;
      expect(next).toMatchObject({ decidedAt: NOON + 5_000, spentInAllMicros: 5_000 });
      expect({ ...next.pace, passShare: 0 }).toEqual({ ...pace, passShare: 0 });
      // Else it would be gone on from in an hour.
      expect(replaces(next, { ...next, decidedAt: ahead.decidedAt })).toBe(true);
    });

    it('plans from now on what it had begun to plan then, and keeps a plan that had begun before', () => {
      const next = decidePace(ahead, CAMPAIGN, NOON + 5_000, null)!;
      expect(next.plan).toMatchObject({ fromMs: NOON + 5_000, endMs: ahead.plan.endMs });
      const begun: PaceDecision = { ...ahead, plan: { ...ahead.plan, fromMs: NOON } };
      expect(decidePace(begun, CAMPAIGN, NOON + 5_000, null)!.plan).toBe(begun.plan);
    });

    it('does not hold a newcomer back', () => {
      expect(decidePace(ahead, CAMPAIGN, NOON, null)!.pace.passShare).toBeCloseTo(FIRST_PASS_SHARE, 5);
    });
  });
});
