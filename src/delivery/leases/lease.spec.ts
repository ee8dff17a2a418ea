import { describe, expect, it } from '@jest/globals';
import { adGroup } from '../../../test/properties/arbitraries/candidates.js';
import { Lease } from './lease.js';

const HOUR = 3_600_000;

describe('what the next message is taken to cost', () => {
  /** Refused at 29 as often as it is tried: when it was tried, in ms. */
  function triesUntil(endTick: number, lease: Lease): readonly number[] {
    const tries: number[] = [];
    lease.latestPriceMicros = 29;
    lease.beginWaiting(0);
    for (let tick = 0; tick < endTick; tick += 100) {
      lease.goOnWaiting(tick);
      if (lease.nextPriceMicros === 29) continue;
      expect(lease.nextPriceMicros).toBe(1);
      tries.push(tick);
      lease.latestPriceMicros = 29;
      lease.beginWaiting(tick);
    }
    return tries;
  }

  const newLease = (): Lease => new Lease(adGroup({ bid: { model: 'cpc', amountMicros: 100 } }));

  it('is the bid at first, then what the latest one did', () => {
    const lease = newLease();
    expect(lease.nextPriceMicros).toBe(100);
    lease.latestPriceMicros = 29;
    expect(lease.nextPriceMicros).toBe(29);
    lease.latestPriceMicros = 101;
    expect(lease.nextPriceMicros).toBe(100);
  });

  it('is nearly nothing once nothing could be shown for a while, each time for twice as long', () => {
    expect(triesUntil(32_000, newLease())).toEqual([1_000, 3_000, 7_000, 15_000, 31_000]);
  });

  it('is so once an hour at the least', () => {
    const tries = triesUntil(6 * HOUR, newLease());
    expect(tries.at(-1)).toBeGreaterThan(5 * HOUR);
    expect((tries.at(-1) ?? 0) - (tries.at(-2) ?? 0)).toBe(HOUR);
  });

  it('is so after a second again, once one was shown', () => {
    const lease = newLease();
    triesUntil(32_000, lease);
    lease.use(29, 32_000);
    expect(triesUntil(2_000, lease)[0]).toBe(1_000);
  });
});

describe('what a process wants free for one ad group', () => {
  const TICK_MS = 100;
  /** Micros: fifty messages. */
  const LEAST = 50 * 100;

  /** The goal after so many exchanges in each of which so much was promised. */
  function goalAfter(lease: Lease, fromTick: number, exchanges: number, microsEach: number): number {
    let goal = 0;
    for (let i = 1; i <= exchanges; i++) {
      const tick = fromTick + i * TICK_MS;
      lease.use(microsEach, tick);
      goal = lease.goalMicros(tick);
    }
    return goal;
  }

  it('is fifty messages, or what it promises in three seconds at its rate, which it follows up and down', () => {
    const lease = new Lease(adGroup({ bid: { model: 'cpc', amountMicros: 100 } }));
    expect(goalAfter(lease, 0, 20, 100)).toBe(LEAST);
    expect(goalAfter(lease, 2_000, 1, 1_000_000)).toBeGreaterThan(10_000_000);
    const busy = goalAfter(lease, 2_100, 20, 1_000_000);
    expect(busy).toBeGreaterThan(29_900_000);
    expect(busy).toBeLessThanOrEqual(30_000_000);
    expect(goalAfter(lease, 4_100, 40, 0)).toBe(LEAST);
  });

  it('is nothing where its ad group may not serve', () => {
    const lease = new Lease(adGroup({ bid: { model: 'cpc', amountMicros: 100 } }));
    lease.isWanted = false;
    expect(goalAfter(lease, 0, 20, 1_000_000)).toBe(0);
  });
});
