import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Redis } from 'ioredis';
import { windowStart } from '../../src/core/capping/cap-window.js';
import type { CapScope } from '../../src/core/capping/exposure.js';
import type { FrequencyCap } from '../../src/core/capping/frequency-cap.js';
import { defineExposureScripts, exposureKey } from '../../src/delivery/exposure/exposure-scripts.js';
import { createTestRedis, type TestRedis } from '../servers/test-redis.js';
import { ScriptedMember, type Step } from './scripted-member.js';

/**
 * The scripts that hold and confirm, on a real Redis, against `isCapped`: for the same history both take the same
 * candidates. And whatever is lost on the way, no window of any cap counts more than its limit, as long as ad groups with
 * caps wait after a loss until all that was accepted before the last lost hold expired is settled.
 */
const MINUTE = 60_000;
const HOUR = 3_600_000;
const DAY = 24 * HOUR;

const AD_GROUPS = [
  { adGroupId: 'adg_0', campaignId: 'cmp_0', advertiserId: 'adv_0' },
  { adGroupId: 'adg_1', campaignId: 'cmp_0', advertiserId: 'adv_0' },
  { adGroupId: 'adg_2', campaignId: 'cmp_1', advertiserId: 'adv_0' },
  { adGroupId: 'adg_3', campaignId: 'cmp_2', advertiserId: 'adv_1' },
  { adGroupId: 'adg_4', campaignId: 'cmp_3', advertiserId: 'adv_2' },
] as const;

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
const anyScopes: fc.Arbitrary<readonly (CapScope & { advertiserId: string })[]> = fc
  .tuple(fc.array(anyCaps, { minLength: 5, maxLength: 5 }), fc.array(anyCaps, { minLength: 4, maxLength: 4 }))
  .map(([ofAdGroups, ofCampaigns]) =>
    AD_GROUPS.map((ids, i) => ({
      ...ids,
      adGroupCaps: ofAdGroups[i] ?? [],
      campaignCaps: ofCampaigns[Number(ids.campaignId.slice(-1))] ?? [],
    })),
  );

// Round times, so that many things happen at the very instant at which another ends.
const anyWait = fc.constantFrom(1, MINUTE, 10 * MINUTE, 30 * MINUTE, HOUR, 5 * HOUR, 20 * HOUR, 100 * DAY);
const anyHold = fc.constantFrom(1, 10 * MINUTE, 30 * MINUTE, HOUR);
const anyStep: fc.Arbitrary<Step> = fc.oneof(
  { weight: 6, arbitrary: fc.record({ kind: fc.constant('wait' as const), ms: anyWait }) },
  {
    weight: 8,
    arbitrary: fc.record({
      kind: fc.constant('match' as const),
      order: fc.shuffledSubarray([0, 1, 2, 3, 4]),
      wanted: fc.nat(3),
      isLast: fc.boolean(),
      /** Few, so that some are repeated; null: a new one. */
      requestId: fc.oneof(fc.constant(null), fc.constantFrom('r1', 'r2')),
      holdMs: anyHold,
      /** If the state has to be rebuilt: an impression is settled between the read of the database and the hold. */
      settlesMeanwhile: fc.boolean(),
    }),
  },
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

describe('the exposure scripts', () => {
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

  const newMember = (scopes: readonly (CapScope & { advertiserId: string })[], startMs: number) =>
    new ScriptedMember(redis, exposureKey(`member-${members++}`), scopes, 'Asia/Seoul', startMs);

  it('take the same candidates as the model, and never count more than a cap allows, whatever is lost', async () => {
    await fc.assert(
      fc.asyncProperty(anyScopes, anyStart, anyLife, async (scopes, startMs, steps) => {
        const member = newMember(scopes, startMs);
        for (const step of steps) await member.take(step);
        for (const scope of scopes) {
          for (const cap of scope.adGroupCaps) {
            const times = member.counted.filter(({ adGroupId }) => adGroupId === scope.adGroupId).map(({ at }) => at);
            expect(fullestWindow(cap, times)).toBeLessThanOrEqual(cap.limit);
          }
          for (const cap of scope.campaignCaps) {
            const times = member.counted
              .filter(({ campaignId }) => campaignId === scope.campaignId)
              .map(({ at }) => at);
            expect(fullestWindow(cap, times)).toBeLessThanOrEqual(cap.limit);
          }
        }
      }),
      { numRuns: 500 },
    );
  });

  const HELD = { requestId: 'r1', decisionId: 'D1', now: 1_795_305_600_123, expiresAt: 1_795_306_200_123 };
  const EMPTY = JSON.stringify({ impressions: [], totals: {} });

  function holdRequest(fields: object = {}): string {
    return JSON.stringify({
      epoch: 'e1',
      settledUntil: 0,
      keepFrom: 0,
      ttlMs: 60_000,
      frame: '{"at":"틀"}',
      wanted: 1,
      isLast: true,
      candidates: [['adg_0', 'cmp_0', 'adv_0', '{"of":"티켓"}', []]],
      ...HELD,
      ...fields,
    });
  }

  it('give a repeated request its first answer, to the millisecond, and hold nothing more', async () => {
    const key = exposureKey('repeats');
    const first = JSON.parse(await redis.holdMessages(key, holdRequest(), EMPTY)) as object;
    expect(first).toEqual({
      status: 'held',
      decisionId: 'D1',
      decidedAt: HELD.now,
      expiresAt: HELD.expiresAt,
      frame: '{"at":"틀"}',
      held: 1,
      tickets: ['{"of":"티켓"}'],
    });
    const later = {
      decisionId: 'D2',
      now: HELD.expiresAt - 1,
      expiresAt: HELD.expiresAt + 600_000,
      frame: 'another',
      candidates: [],
    };
    expect(JSON.parse(await redis.holdMessages(key, holdRequest(later)))).toEqual({ ...first, status: 'repeated' });
    expect(JSON.parse(await redis.peekExposure(key, 'e1'))).toMatchObject({
      holds: [['D1.1', 'adg_0', 'cmp_0', HELD.expiresAt, 'adv_0', HELD.now]],
    });
    const over = { ...later, now: HELD.expiresAt };
    expect(JSON.parse(await redis.holdMessages(key, holdRequest(over)))).toMatchObject({ status: 'held', held: 0 });
  });

  it('do not know a state of another epoch', async () => {
    const key = exposureKey('other-epoch');
    await redis.holdMessages(key, holdRequest(), EMPTY);
    expect(JSON.parse(await redis.holdMessages(key, holdRequest({ epoch: 'e2' })))).toEqual({ status: 'unknown' });
    expect(await redis.peekExposure(key, 'e2')).toBe('');
    await redis.confirmImpressions(key, 'e2', JSON.stringify([['D1.1', 'adg_0', 'cmp_0', HELD.now]]), 60_000);
    expect(JSON.parse(await redis.holdMessages(key, holdRequest({ epoch: 'e2' })))).toEqual({ status: 'unknown' });
  });

  it('miss no impression that is confirmed between the read of the database and the first hold', async () => {
    const key = exposureKey('rebuilt-late');
    const entry = ['D0.1', 'adg_0', 'cmp_0', HELD.now - 1];
    await redis.confirmImpressions(key, 'e1', JSON.stringify([entry]), 60_000);
    expect(await redis.peekExposure(key, 'e1')).toBe('');
    expect(JSON.parse(await redis.holdMessages(key, holdRequest()))).toEqual({ status: 'unknown' });
    await redis.holdMessages(key, holdRequest(), EMPTY);
    expect(JSON.parse(await redis.peekExposure(key, 'e1'))).toMatchObject({
      impressions: [entry],
      totals: { adg_0: 1, cmp_0: 1 },
    });
  });

  it('count an impression once that was confirmed and is among those read from the database', async () => {
    const key = exposureKey('rebuilt-twice');
    const entry = ['D0.1', 'adg_0', 'cmp_0', HELD.now - 1];
    await redis.confirmImpressions(key, 'e1', JSON.stringify([entry]), 60_000);
    const rebuilt = { impressions: [entry], totals: { adg_0: 5, cmp_0: 5 } };
    await redis.holdMessages(key, holdRequest(), JSON.stringify(rebuilt));
    expect(JSON.parse(await redis.peekExposure(key, 'e1'))).toMatchObject(rebuilt);
  });

  it('leave the state of a later epoch alone when a process is late to hear of it', async () => {
    const key = exposureKey('late-process');
    await redis.holdMessages(key, holdRequest({ epoch: 'e2' }), EMPTY);
    const state = await redis.peekExposure(key, 'e2');
    await redis.confirmImpressions(key, 'e1', JSON.stringify([['D0.1', 'adg_0', 'cmp_0', HELD.now]]), 60_000);
    expect(JSON.parse(await redis.holdMessages(key, holdRequest(), EMPTY))).toEqual({ status: 'unknown' });
    expect(await redis.peekExposure(key, 'e2')).toBe(state);
  });

  it('keep times of thirteen digits and counts as they are, however often they are packed', async () => {
    const key = exposureKey('digits');
    const impressions = [['D0.1', 'adg_0', 'cmp_0', 1_795_305_599_999]];
    const rebuilt = { impressions, totals: { adg_0: 2_147_483_649, cmp_0: 2_147_483_650 } };
    await redis.holdMessages(key, holdRequest(), JSON.stringify(rebuilt));
    for (let i = 0; i < 3; i++) {
      await redis.confirmImpressions(key, 'e1', JSON.stringify([['D1.1', 'adg_0', 'cmp_0', HELD.now + 7]]), 60_000);
    }
    expect(JSON.parse(await redis.peekExposure(key, 'e1'))).toEqual({
      impressions: [...impressions, ['D1.1', 'adg_0', 'cmp_0', HELD.now + 7]],
      holds: {},
      totals: { adg_0: 2_147_483_650, cmp_0: 2_147_483_651 },
    });
  });

  it('begin one epoch for those who all saw the same one end', async () => {
    const begun = await Promise.all(['a', 'b', 'c'].map((id) => redis.beginEpoch('epoch', '', id, 'run', 0)));
    expect(begun).toEqual([1, 0, 0]);
    expect(await redis.beginEpoch('epoch', 'b', 'd', 'run', 0)).toBe(0);
    expect(await redis.beginEpoch('epoch', 'a', 'd', 'run', 1_795_306_200_123)).toBe(1);
    expect(await redis.hgetall('epoch')).toEqual({ id: 'd', runId: 'run', quarantinedUntil: '1795306200123' });
  });

  it('keep the state of a member who is matched no more only for its time', async () => {
    const key = exposureKey('gone');
    await redis.holdMessages(key, holdRequest(), EMPTY);
    await redis.confirmImpressions(key, 'e1', JSON.stringify([['D1.1', 'adg_0', 'cmp_0', HELD.now]]), 60_000);
    const left = await redis.pttl(key);
    expect(left).toBeGreaterThan(0);
    expect(left).toBeLessThanOrEqual(60_000);
  });
});

/** The most impressions in any window that ends with an impression; a window starts where `windowStart` says. */
function fullestWindow({ window }: FrequencyCap, times: readonly number[]): number {
  const inWindowOf = (end: number) => times.filter((at) => at <= end && at >= windowStart(window, end, 'Asia/Seoul'));
  return Math.max(0, ...times.map((end) => inWindowOf(end).length));
}
