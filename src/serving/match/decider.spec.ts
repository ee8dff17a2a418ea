import { performance } from 'node:perf_hooks';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { adGroup } from '../../../test/properties/arbitraries/candidates.js';
import type { ExposureStore, Held, LeaseBook } from '../../delivery/delivery.api.js';
import type { ProfileSource } from '../../profiles/profiles.api.js';
import type { PlacementEntity } from '../placements/placement.entity.js';
import type { LiveIndex } from '../upkeep/live-index.js';
import type { CapReach } from './cap-reach.js';
import { Decider, type Patience, type PreparedMatch } from './decider.js';
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

const PATIENT: Patience = { isLost: () => false, hasTime: () => true };

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
    const outcomes = await Promise.all(Array.from({ length: 12 }, () => decider.decide(PREPARED, PATIENT)));
    isDone = true;
    await others;
    expect(outcomes).toEqual(outcomes.map(() => 'no_candidates'));
    expect(most).toBeLessThanOrEqual(2);
  });

  it('are given up where nobody waits for them any more when it is their turn', async () => {
    let ranked = 0;
    const decider = slowDecider(() => ranked++);
    let isLost = false;
    const all = Promise.all(
      Array.from({ length: 12 }, () => decider.decide(PREPARED, { ...PATIENT, isLost: () => isLost })),
    );
    await nextTurn();
    isLost = true;
    expect((await all).filter((outcome) => outcome === 'deadline')).toHaveLength(12 - ranked);
    expect(ranked).toBeLessThan(12);
  });
});

describe('a decision of which not all can be given', () => {
  const MESSAGES = [Buffer.from('{}')];
  /** Of decisions, in turn. */
  let held: string[];
  let forgotten: string[];
  let written: string[];

  beforeEach(() => {
    held = [];
    forgotten = [];
    written = [];
  });

  /** Of which those can be given whose number, from 1, is `given`. */
  function decider(given: number, isForgotten = true): Decider {
    const record = adGroup({});
    const candidate = { record, rate: 1, ctr: 0.01 };
    const exposure: Partial<ExposureStore> = {
      hold: ({ decisionId }) => {
        held.push(decisionId);
        return Promise.resolve({ status: 'held', decisionId, held: 1, tickets: [] } as unknown as Held);
      },
      forget: (_asked, { decisionId }) => {
        if (isForgotten) forgotten.push(decisionId);
        return Promise.resolve(isForgotten);
      },
    };
    const writer: Partial<DecisionWriter> = {
      canGiveAll: () => held.length === given,
      write: ({ decisionId }) => {
        written.push(decisionId);
        return { messages: MESSAGES as never, withheld: [] };
      },
    };
    return new Decider(
      { cached: () => null } as unknown as ProfileSource,
      {
        top: () => [{ candidate, relevance: 1, pacing: 1, score: 1 }],
        cost: 0,
        isStale: false,
      } as unknown as LiveIndex,
      exposure as ExposureStore,
      new DecisionPromises({ holderId: 1 } as LeaseBook),
      writer as DecisionWriter,
      { longestMs: 0 } as CapReach,
    );
  }

  it('is taken back and made anew', async () => {
    expect(await decider(2).decide(PREPARED, PATIENT)).toBe(MESSAGES);
    expect(new Set(held).size).toBe(2);
    expect({ forgotten, written }).toEqual({ forgotten: held.slice(0, 1), written: held.slice(1) });
  });

  it('gives what it can the fourth time', async () => {
    expect(await decider(Infinity).decide(PREPARED, PATIENT)).toBe(MESSAGES);
    expect(held).toHaveLength(4);
    expect({ forgotten, written }).toEqual({ forgotten: held.slice(0, 3), written: held.slice(3) });
  });

  it.each([
    ['there is no time for another', true, { ...PATIENT, hasTime: () => false }],
    ['it can’t be taken back', false, PATIENT],
  ])('gives what it can where %s', async (_why, isForgotten, patience) => {
    expect(await decider(Infinity, isForgotten).decide(PREPARED, patience)).toBe(MESSAGES);
    expect(held).toHaveLength(1);
    expect({ forgotten, written }).toEqual({ forgotten: [], written: held });
  });

  it('is given up where nobody waits any more once it is taken back', async () => {
    const patience = { ...PATIENT, isLost: () => forgotten.length > 0 };
    expect(await decider(2).decide(PREPARED, patience)).toBe('deadline');
    expect({ held, written }).toEqual({ held: forgotten, written: [] });
  });
});
