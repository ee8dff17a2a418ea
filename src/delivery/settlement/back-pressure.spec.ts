import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { type Backlog, mustRefuse, restShare } from './back-pressure.js';

const LIMITS: Backlog = { lagSeconds: 100, events: 1_000 };

describe('back-pressure', () => {
  it('begins past either limit, not at it', () => {
    expect(mustRefuse(false, LIMITS, LIMITS)).toBe(false);
    expect(mustRefuse(false, { lagSeconds: 100.001, events: 0 }, LIMITS)).toBe(true);
    expect(mustRefuse(false, { lagSeconds: 0, events: 1_001 }, LIMITS)).toBe(true);
  });

  it('ends once both are within half of their limits', () => {
    expect(mustRefuse(true, { lagSeconds: 51, events: 0 }, LIMITS)).toBe(true);
    expect(mustRefuse(true, { lagSeconds: 0, events: 501 }, LIMITS)).toBe(true);
    expect(mustRefuse(true, { lagSeconds: 50, events: 500 }, LIMITS)).toBe(false);
  });

  it('never changes twice without the backlog having crossed from a limit to its half, or back', () => {
    const backlogs = fc.array(fc.record({ lagSeconds: fc.nat(200), events: fc.nat(2_000) }), { maxLength: 60 });
    fc.assert(
      fc.property(backlogs, (history) => {
        let isRefusing = false;
        for (const backlog of history) {
          const next = mustRefuse(isRefusing, backlog, LIMITS);
          const share = Math.max(backlog.lagSeconds / LIMITS.lagSeconds, backlog.events / LIMITS.events);
          if (next !== isRefusing) expect(next ? share > 1 : share <= 0.5).toBe(true);
          if (share > 1) expect(next).toBe(true);
          if (share <= 0.5) expect(next).toBe(false);
          isRefusing = next;
        }
      }),
    );
  });
});

describe('the rest between commits', () => {
  it('is none up to half a second behind, and the longest from one and a half on', () => {
    expect([0, 0.5, 0.9, 1.5, 1_800].map(restShare)).toEqual([0, 0, expect.closeTo(0.4), 1, 1]);
  });
});
