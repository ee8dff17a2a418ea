import { performance } from 'node:perf_hooks';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { describe, expect, it } from '@jest/globals';
import type { ExposureStore, LeaseBook } from '../../delivery/delivery.api.js';
import type { ProfileSource } from '../../profiles/profiles.api.js';
import type { PlacementEntity } from '../placements/placement.entity.js';
import type { LiveIndex } from '../upkeep/live-index.js';
import type { CapReach } from './cap-reach.js';
import { Decider, type PreparedMatch } from './decider.js';
import { DecisionPromises } from './decision-promises.js';
import type { DecisionWriter } from './decision-writer.js';

const RANKING_MS = 3;
const NOW = Date.parse('2026-11-22T03:00:00Z');

const PREPARED = {
  input: { userId: 'm', placement: 'chat_list', chatCount: 9 },
  requestId: 'r',
  placement: { id: 'chat_list', holdSeconds: 600, floorMicros: 0, frequencyCaps: [] } as unknown as PlacementEntity,
  positions: [1],
  now: NOW,
} as unknown as PreparedMatch;

/** Decisions whose ranking takes long and finds nobody; `onRank` is called in each. */
function slowDecider(onRank: () => void): Decider {
  const top = (): readonly [] => {
    const end = performance.now() + RANKING_MS;
    while (performance.now() < end);
    onRank();
    return [];
  };
  return new Decider(
    { cached: () => null } as unknown as ProfileSource,
    { top, cost: 0, isStale: false } as unknown as LiveIndex,
    {} as ExposureStore,
    new DecisionPromises({ holderId: 1 } as LeaseBook),
    {} as DecisionWriter,
    { longestMs: 0 } as CapReach,
  );
}

describe('decisions that come at once', () => {
  it('leave others their turns, however long their rankings take', async () => {
    let inTurn = 0;
    let most = 0;
    let isDone = false;
    const decider = slowDecider(() => (most = Math.max(most, ++inTurn)));
    const others = (async () => {
      for (; !isDone; await nextTurn()) inTurn = 0;
    })();
    const outcomes = await Promise.all(Array.from({ length: 12 }, () => decider.decide(PREPARED, () => false)));
    isDone = true;
    await others;
    expect(outcomes).toEqual(outcomes.map(() => 'no_candidates'));
    expect(most).toBeLessThanOrEqual(2);
  });

  it('are given up where nobody waits for them any more when it is their turn', async () => {
    let ranked = 0;
    const decider = slowDecider(() => ranked++);
    let isLost = false;
    const all = Promise.all(Array.from({ length: 12 }, () => decider.decide(PREPARED, () => isLost)));
    await nextTurn();
    isLost = true;
    expect((await all).filter((outcome) => outcome === 'deadline')).toHaveLength(12 - ranked);
    expect(ranked).toBeLessThan(12);
  });
});
