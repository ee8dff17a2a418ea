import { performance } from 'node:perf_hooks';
import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import type { ExposureStore, Held, LeaseBook } from '../../delivery/delivery.api.js';
import { SystemClock } from '../../platform/clock.js';
import { Metrics } from '../../platform/metrics/metrics.js';
import type { RuntimeConfig } from '../../platform/platform.module.js';
import type { ProfileSource } from '../../profiles/profiles.api.js';
import type { PlacementEntity } from '../placements/placement.entity.js';
import type { PlacementsService } from '../placements/placements.service.js';
import type { LiveIndex } from '../upkeep/live-index.js';
import type { CapReach } from './cap-reach.js';
import { Decider } from './decider.js';
import { DecisionPromises } from './decision-promises.js';
import type { DecisionWriter } from './decision-writer.js';
import { MatchService } from './match.service.js';

const DEADLINE_MS = 70;
/** How long Redis takes: longer than anybody waits. */
const HOLD_MS = 200;
const NOW = Date.parse('2026-11-22T03:00:00Z');

const PLACEMENT = {
  id: 'chat_list',
  firstPosition: 1,
  spacing: 6,
  maxMessages: 1,
  refreshAfterSeconds: 300,
  holdSeconds: 600,
  floorMicros: 0,
  frequencyCaps: [],
} as unknown as PlacementEntity;

const RECORD = {
  id: 'adg_1',
  campaignId: 'cmp_1',
  advertiserId: 'adv_1',
  bid: { model: 'cpm', amountMicros: 1 },
  adGroupCaps: [],
  campaignCaps: [],
  advertiserCaps: [],
  categories: [],
  creatives: [{ id: 'crv_1', language: null, caps: [] }],
};

describe('a decision past its deadline', () => {
  /** Places that are held, and decisions whose messages are promised. */
  let openHolds: number[];
  let promised: string[];
  let decidedAt: number[];
  let service: MatchService;
  let placements: { get: () => PlacementEntity; isStale: boolean };
  let clock: SystemClock;

  beforeEach(() => {
    jest.useFakeTimers();
    openHolds = [];
    promised = [];
    decidedAt = [];
    clock = new SystemClock();
    const held: Partial<Held> = { status: 'held', decisionId: 'd', held: 1, tickets: [] };
    const exposure: Partial<ExposureStore> = {
      hold: async ({ now }) => {
        decidedAt.push(now);
        await new Promise((resolve) => setTimeout(resolve, HOLD_MS));
        openHolds.push(0);
        return held as Held;
      },
      forget: () => {
        openHolds = [];
        return Promise.resolve(true);
      },
    };
    const writer: Partial<DecisionWriter> = {
      lacking: () => [],
      write: ({ decisionId }) => {
        promised.push(decisionId);
        return { messages: [], withheld: [] };
      },
    };
    const decider = new Decider(
      { cached: () => null } as unknown as ProfileSource,
      {
        top: () => [{ candidate: { record: RECORD, rate: 1, ctr: 0.01 }, relevance: 1, pacing: 1, score: 1 }],
      } as unknown as LiveIndex,
      exposure as ExposureStore,
      new DecisionPromises({ holderId: 1 } as LeaseBook),
      writer as DecisionWriter,
      { longestMs: 0 } as CapReach,
    );
    const config = { matchDeadlineMs: DEADLINE_MS } as RuntimeConfig;
    placements = { get: () => PLACEMENT, isStale: false };
    service = new MatchService(placements as unknown as PlacementsService, decider, clock, config, new Metrics());
  });

  afterEach(() => {
    jest.useRealTimers();
  });

  /** The answer that is there at the deadline; then the hold comes through. */
  async function ask(fields: object): Promise<unknown> {
    const asked = service.match({ userId: 'm', placement: 'chat_list', chatCount: 9, ...fields }, NOW);
    await jest.advanceTimersByTimeAsync(DEADLINE_MS);
    const answer = await asked;
    await jest.advanceTimersByTimeAsync(HOLD_MS);
    return answer;
  }

  it('goes on where it may be asked for again, so that its messages are promised', async () => {
    expect(await ask({ requestId: 'r1' })).toMatchObject({ messages: [], noFill: { reason: 'deadline' } });
    expect({ promised, openHolds }).toEqual({ promised: ['d'], openHolds: [0] });
  });

  it('is given up where nobody can ask for it: it promises nothing, and its holds are released', async () => {
    expect(await ask({})).toMatchObject({ messages: [], noFill: { reason: 'deadline' } });
    expect({ promised, openHolds }).toEqual({ promised: [], openHolds: [] });
  });

  it('is of the time at which it is made, not of when the head of its request arrived', async () => {
    await ask({});
    expect(decidedAt).toEqual([clock.now() - DEADLINE_MS - HOLD_MS]);
    expect(decidedAt[0]).toBeGreaterThan(NOW);
  });

  it('is not there at all, but an answer at once, where the rules of its placement may have changed long ago', async () => {
    placements.isStale = true;
    expect(await ask({})).toMatchObject({ messages: [], noFill: { reason: 'unavailable' } });
    expect(decidedAt).toEqual([]);
  });

  it('is of the time of its request where time is simulated', async () => {
    Object.assign(clock, { simulated: true });
    await ask({});
    expect(decidedAt).toEqual([NOW]);
  });
});

it('is in a hurry to answer while somebody waits for whom half of the time is over', async () => {
  let tick = 5;
  jest.spyOn(performance, 'now').mockImplementation(() => tick);
  jest.useFakeTimers();
  const placements = { get: () => PLACEMENT } as unknown as PlacementsService;
  const decide = jest.fn<Decider['decide']>(() => new Promise(() => undefined));
  const config = { matchDeadlineMs: DEADLINE_MS } as RuntimeConfig;
  const decider = { decide } as unknown as Decider;
  const service = new MatchService(placements, decider, new SystemClock(), config, new Metrics());
  const answer = service.match({ userId: 'm', placement: 'chat_list', chatCount: 9 }, NOW);
  await jest.advanceTimersByTimeAsync(DEADLINE_MS - 1);
  const patience = decide.mock.calls[0]![1];
  tick += DEADLINE_MS / 2 - 1;
  expect([patience.isHurried(), patience.isLost()]).toEqual([false, false]);
  tick += 1;
  expect([patience.isHurried(), patience.isLost()]).toEqual([true, false]);
  await jest.advanceTimersByTimeAsync(1);
  expect(await answer).toMatchObject({ noFill: { reason: 'deadline' } });
  expect([patience.isHurried(), patience.isLost()]).toEqual([false, true]);
  jest.useRealTimers();
  jest.restoreAllMocks();
});
