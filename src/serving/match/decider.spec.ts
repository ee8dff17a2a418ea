import { performance } from 'node:perf_hooks';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { beforeEach, describe, expect, it } from '@jest/globals';
import { adGroup } from '../../../test/properties/arbitraries/candidates.js';
import type { Scored } from '../../core/index/candidate.js';
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

const PATIENT: Patience = { isLost: () => false, isHurried: () => false };

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
  const IN_A_HURRY: Patience = { ...PATIENT, isHurried: () => true };
  /** Of decisions, in turn. */
  let held: string[];
  let forgotten: string[];
  let written: string[];
  /** The first ad group that was offered to the decision that was written. */
  let first: string;

  beforeEach(() => {
    held = [];
    forgotten = [];
    written = [];
  });

  interface Fate {
    /** Of each try, how many of its two messages can't be given; none of those after them. */
    readonly lacking?: readonly (1 | 2)[];
    readonly isForgotten?: boolean;
    readonly withheld?: readonly number[];
    readonly release?: ExposureStore['release'];
  }

  function decider({ lacking = [], isForgotten = true, withheld = [], release }: Fate): Decider {
    const all = Array.from({ length: 30 }, (_, i) => {
      const record = adGroup({ id: `adg_${i}` });
      return { candidate: { record, rate: 1, ctr: 0.01 }, relevance: 1, pacing: 1, score: 1 } as unknown as Scored;
    });
    const top: LiveIndex['top'] = (_request, limit, without) =>
      all.filter(({ candidate }) => !without.has(candidate.record.id)).slice(0, limit);
    let offered: readonly string[] = [];
    const exposure: Partial<ExposureStore> = {
      hold: ({ decisionId, candidates }) => {
        held.push(decisionId);
        offered = candidates.map(({ ticket }) => ticket.split(' ')[0]!);
        return Promise.resolve({ status: 'held', decisionId, held: 2, tickets: [] } as unknown as Held);
      },
      forget: (_asked, { decisionId }) => {
        if (isForgotten) forgotten.push(decisionId);
        return Promise.resolve(isForgotten);
      },
      ...(release === undefined ? {} : { release }),
    };
    const writer: Partial<DecisionWriter> = {
      lacking: () => offered.slice(0, lacking[held.length - 1] ?? 0),
      write: ({ decisionId }) => {
        written.push(decisionId);
        first = offered[0]!;
        return { messages: MESSAGES as never, withheld };
      },
    };
    return new Decider(
      { cached: () => null } as unknown as ProfileSource,
      { top, cost: 0, isStale: false } as unknown as LiveIndex,
      exposure as ExposureStore,
      new DecisionPromises({ holderId: 1 } as LeaseBook),
      writer as DecisionWriter,
      { longestMs: 0 } as CapReach,
    );
  }

  it.each([
    ['one of its messages can’t be', 1, PATIENT],
    ['none can', 2, PATIENT],
    ['none can, even in a hurry', 2, IN_A_HURRY],
  ] as const)('is taken back and made anew without who lacks: where %s', async (_what, lacking, patience) => {
    expect(await decider({ lacking: [lacking] }).decide(PREPARED, patience)).toBe(MESSAGES);
    expect(new Set(held).size).toBe(2);
    expect({ forgotten, written, first }).toEqual({
      forgotten: held.slice(0, 1),
      written: held.slice(1),
      first: `adg_${lacking}`,
    });
  });

  it('gives what it can the tenth time, and leaves out all who lacked before', async () => {
    const lacking = Array.from({ length: 99 }, () => 2 as const);
    expect(await decider({ lacking }).decide(PREPARED, PATIENT)).toBe(MESSAGES);
    expect(held).toHaveLength(10);
    expect({ forgotten, written, first }).toEqual({
      forgotten: held.slice(0, 9),
      written: held.slice(9),
      first: 'adg_18',
    });
  });

  it.each([
    ['it is in a hurry', { lacking: [1] }, IN_A_HURRY],
    ['it can’t be taken back', { lacking: [1], isForgotten: false }, PATIENT],
  ] as const)('gives what it can where %s', async (_why, fate, patience) => {
    expect(await decider(fate).decide(PREPARED, patience)).toBe(MESSAGES);
    expect(held).toHaveLength(1);
    expect({ forgotten, written }).toEqual({ forgotten: [], written: held });
  });

  it('is given up where nobody waits any more once it is taken back', async () => {
    const patience = { ...PATIENT, isLost: () => forgotten.length > 0 };
    expect(await decider({ lacking: [2] }).decide(PREPARED, patience)).toBe('deadline');
    expect({ held, written }).toEqual({ held: forgotten, written: [] });
  });

  it.each([undefined, 'r'])(
    'waits for what it withholds only where it may be asked for again (%s)',
    async (requestId) => {
      let fail: (error: Error) => void = () => undefined;
      const release = () => new Promise<void>((_resolve, reject) => (fail = reject));
      const prepared = { ...PREPARED, input: { ...PREPARED.input, requestId } } as PreparedMatch;
      let outcome: unknown = 'under way';
      const decision = decider({ withheld: [0], release })
        .decide(prepared, PATIENT)
        .then(
          (answer) => (outcome = answer),
          (error: Error) => (outcome = error.message),
        );
      while (written.length === 0) await nextTurn();
      await nextTurn();
      expect(outcome).toBe(requestId === undefined ? MESSAGES : 'under way');
      fail(new Error('Redis is away'));
      await decision;
      await nextTurn();
      expect(outcome).toBe(requestId === undefined ? MESSAGES : 'Redis is away');
    },
  );
});
