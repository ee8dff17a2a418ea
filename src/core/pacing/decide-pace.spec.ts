import { describe, expect, it } from '@jest/globals';
import { START_SHAPE } from './day-shape.js';
import { decidePace, type PacedCampaign } from './decide-pace.js';
import { TrafficCurve } from './traffic-curve.js';

const NOON = Date.parse('2026-11-22T03:00:00Z');
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
});
