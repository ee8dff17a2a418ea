import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Redis } from 'ioredis';
import { CAP_SCOPES, PLACEMENT_ZONE } from '../../src/core/capping/cap-scope.js';
import { windowStart } from '../../src/core/capping/cap-window.js';
import type { FrequencyCap } from '../../src/core/capping/frequency-cap.js';
import { defineExposureScripts, exposureKey } from '../../src/delivery/exposure/exposure-scripts.js';
import { createTestRedis, type TestRedis } from '../servers/test-redis.js';
import { type CapsById, type Offer, ScriptedMember, type Step, ZONE } from './scripted-member.js';

/**
 * The scripts that hold and confirm, on a real Redis, against `isCapped`: for the same history both take the same
 * candidates. And whatever is lost on the way, no window of any cap counts more than its limit, as long as ad groups with
 * caps wait after a loss until all that was accepted before the last lost hold expired is settled.
 */
const MINUTE = 60_000;
const HOUR = 3_600_000;
const DAY = 24 * HOUR;

const OFFERS: readonly Offer[] = [
  { adGroup: 'adg_0', campaign: 'cmp_0', advertiser: 'adv_0', creatives: ['crv_0', 'crv_1'] },
  { adGroup: 'adg_1', campaign: 'cmp_0', advertiser: 'adv_0', creatives: ['crv_2'] },
  { adGroup: 'adg_2', campaign: 'cmp_1', advertiser: 'adv_0', creatives: ['crv_3', 'crv_4', 'crv_5'] },
  { adGroup: 'adg_3', campaign: 'cmp_2', advertiser: 'adv_1', creatives: ['crv_6'] },
  { adGroup: 'adg_4', campaign: 'cmp_3', advertiser: 'adv_2', creatives: ['crv_7'] },
];
const PLACEMENTS = ['list', 'feed'] as const;
const IDS = [
  ...new Set(OFFERS.flatMap((offer) => [offer.adGroup, offer.campaign, offer.advertiser, ...offer.creatives])),
  ...PLACEMENTS,
];

const anyWindow = fc.oneof(
  fc.constant('lifetime' as const),
  fc.record({
    length: fc.integer({ min: 1, max: 3 }),
    unit: fc.constantFrom('minute' as const, 'hour' as const, 'day' as const, 'week' as const),
    kind: fc.constantFrom('rolling' as const, 'calendar' as const),
  }),
);
const anyCaps: fc.Arbitrary<FrequencyCap[]> = fc.array(
  fc.record({ limit: fc.integer({ min: 1, max: 3 }), window: anyWindow }),
  { maxLength: 2 },
);
const anyCapsById: fc.Arbitrary<CapsById> = fc
  .uniqueArray(fc.tuple(fc.constantFrom(...IDS), anyCaps), { selector: ([id]) => id, maxLength: IDS.length })
  .map((entries) => Object.fromEntries(entries));

// Round times, so that many things happen at the very instant at which another ends.
const anyWait = fc.constantFrom(1, MINUTE, 10 * MINUTE, 30 * MINUTE, HOUR, 5 * HOUR, 20 * HOUR, 4 * DAY, 100 * DAY);
const anyHold = fc.constantFrom(1, 10 * MINUTE, 30 * MINUTE, HOUR);
const anyStep: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: anyWait }) },
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('match' as const),
      order: fc.shuffledSubarray([0, 1, 2, 3, 4]),
      placement: fc.constantFrom(...PLACEMENTS),
      wanted: fc.nat(3),
      isLast: fc.boolean(),
      /** Few, so that some are repeated; null: a new one. */
      requestId: fc.oneof(fc.constant(null), fc.constantFrom('r1', 'r2')),
      holdMs: anyHold,
      /** If the state has to be rebuilt: an impression is settled between the read of the database and the hold. */
      settlesMeanwhile: fc.boolean(),
    }),
  },
  { weight: 2, arbitrary: fc.record({ kind: fc.constant('forget' as const), which: fc.nat(9) }) },
  {
    weight: 8,
    arbitrary: fc.record({ kind: fc.constant('show' as const), which: fc.nat(9), lateness: fc.nat(100) }),
  },
  {
    weight: 4,
    arbitrary: fc.record({ kind: fc.constant('settle' as const), most: fc.nat(4), twice: fc.boolean() }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant('lose' as const), how: fc.constantFrom('key', 'epoch') }) },
);
const anyLife = fc.array(anyStep, { minLength: 15, maxLength: 60 });
const anyStart = fc
  .constantFrom('2026-11-22T14:30:00Z', '2026-03-28T22:30:00Z', '2012-12-31T14:59:00Z')
  .map(Date.parse);

describe('members’ lives by the exposure scripts', () => {
  let server: TestRedis;
  let redis: Redis;
  let members = 0;

  beforeAll(async () => {
    server = await createTestRedis();
    redis = new Redis(server.url);
    defineExposureScripts(redis);
  });

  afterAll(async () => {
    redis.disconnect();
    await server.release();
  });

  it('take the same candidates as the model, and never count more than a cap allows, whatever is lost', async () => {
    const met = { tooShort: 0, done: 0, refused: 0 };
    await fc.assert(
      fc.asyncProperty(anyCapsById, anyStart, anyLife, async (caps, startMs, steps) => {
        const member = new ScriptedMember(redis, exposureKey(`member-${members++}`), OFFERS, caps, startMs);
        for (const step of steps) await member.take(step);
        met.tooShort += member.tooShort;
        met.done += member.forgotten.done;
        met.refused += member.forgotten.refused;
        for (const [id, ofId] of Object.entries(caps)) {
          const times = member.counted
            .filter(({ of }) => CAP_SCOPES.some((scope) => of[scope] === id))
            .map(({ at }) => at);
          const zone = PLACEMENTS.some((placement) => placement === id) ? PLACEMENT_ZONE : ZONE;
          for (const cap of ofId) expect(fullestWindow(cap, times, zone)).toBeLessThanOrEqual(cap.limit);
        }
      }),
      { numRuns: 300 },
    );
    // That a state is there and does not reach back far enough; that a decision is taken back, or can't be.
    for (const times of Object.values(met)) expect(times).toBeGreaterThan(0);
  }, 120_000);

  it('keep a hold that is settled while the database is read: the request says what was settled before', async () => {
    const caps: CapsById = {
      adv_1: [{ limit: 1, window: { length: 1, unit: 'minute', kind: 'rolling' } }],
      adg_0: [{ limit: 1, window: { length: 1, unit: 'week', kind: 'rolling' } }],
    };
    const startMs = Date.parse('2026-11-22T14:30:00Z');
    const member = new ScriptedMember(redis, exposureKey('settled-meanwhile'), OFFERS, caps, startMs);
    const match = { kind: 'match', placement: 'list', isLast: false, requestId: null, holdMs: 1 } as const;
    await member.take({ ...match, order: [3, 0], wanted: 1, settlesMeanwhile: false });
    await member.take({ kind: 'wait', ms: 1 });
    // Asks for no cap, so that less is listed than the next one needs.
    await member.take({ ...match, order: [], wanted: 0, isLast: true, settlesMeanwhile: false });
    await member.take({ ...match, order: [0, 3], wanted: 1, settlesMeanwhile: true });
    expect(member.tooShort).toBe(1);
    await member.take({ ...match, order: [0, 3], wanted: 1, settlesMeanwhile: false });
  });
});

/** The most impressions in any window that ends with an impression; a window starts where `windowStart` says. */
function fullestWindow({ window }: FrequencyCap, times: readonly number[], zone: string): number {
  const inWindowOf = (end: number) => times.filter((at) => at <= end && at >= windowStart(window, end, zone));
  return Math.max(0, ...times.map((end) => inWindowOf(end).length));
}
