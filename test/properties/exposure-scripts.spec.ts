import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import type { CapKeys } from '../../src/core/capping/cap-scope.js';
import type { CountedImpression } from '../../src/core/capping/exposure.js';
import { capKey } from '../../src/core/capping/record-caps.js';
import { confirmArguments } from '../../src/delivery/exposure/confirm-arguments.js';
import { wideKey } from '../../src/delivery/exposure/exposure-keys.js';
import { MOST_IMPRESSIONS } from '../../src/delivery/exposure/exposure-rebuild.js';
import { defineExposureScripts, exposureKey } from '../../src/delivery/exposure/exposure-scripts.js';
import { parsePeeked } from '../../src/delivery/exposure/peeked-exposure.js';
import { createTestRedis, type TestRedis } from '../servers/test-redis.js';
import { rebuiltOf, toMessage } from './exposure-entries.js';

describe('the exposure scripts', () => {
  let server: TestRedis;
  let redis: Redis;

  beforeAll(async () => {
    server = await createTestRedis();
    redis = new Redis(server.url);
    defineExposureScripts(redis);
  });

  afterAll(async () => {
    redis.disconnect();
    await server.release();
  });

  const HELD = { decisionId: 'D1', now: 1_795_305_600_123, expiresAt: 1_795_306_200_123 };
  const OF: CapKeys = {
    creative: 'crv_0',
    adGroup: 'adg_0',
    campaign: 'cmp_0',
    advertiser: 'adv_0',
    placement: 'list',
  };
  const EMPTY = JSON.stringify(rebuiltOf([], 0));
  const seen = (messageId: string, at: number, of: CapKeys = OF): CountedImpression => ({ messageId, of, at });
  const confirm = (key: string, epoch: string, ...impressions: CountedImpression[]): Promise<number> =>
    redis.confirmImpressions(...confirmArguments(epoch, [[key, impressions.map(toMessage)]]));

  function holdRequest(fields: object = {}): string {
    return JSON.stringify({
      epoch: 'e1',
      settledUntil: 0,
      keepFrom: 0,
      ttlMs: 60_000,
      requestKey: wideKey('r1'),
      decisionKey: wideKey('D1'),
      frame: '{"at":"틀"}',
      wanted: 1,
      isLast: true,
      placement: capKey('list'),
      placementCaps: [],
      ...HELD,
      ...fields,
    });
  }

  interface Offered {
    readonly rebuilt?: string;
    /** By the clock of Redis, epoch ms. */
    readonly usableUntil?: number;
    /** Of the one ad group, as [from, limit]; null: none is offered. */
    readonly caps?: readonly (readonly [number, number])[] | null;
  }

  async function hold(key: string, request: string, offered: Offered = {}): Promise<object> {
    const { rebuilt, usableUntil = Number.MAX_SAFE_INTEGER, caps = [] } = offered;
    const counted = caps?.map(([from, limit]) => [2, from, limit]);
    const adGroup = [capKey('adg_0'), capKey('cmp_0'), capKey('adv_0'), counted, []];
    const candidate = JSON.stringify([adGroup, [[capKey('crv_0'), 'crv_0', []]], '{"of":"티켓"}']);
    const candidates = caps === null ? '' : candidate;
    const answer = await (rebuilt === undefined
      ? redis.holdMessages(key, request, candidates)
      : redis.holdMessages(key, request, candidates, rebuilt, usableUntil));
    return JSON.parse(answer) as object;
  }

  /** What is counted in all, of the ad group, and the times that are listed. */
  async function peek(key: string, epoch = 'e1') {
    const { impressions, holds, unlisted, completeFrom } = parsePeeked(
      await redis.peekExposure(key, epoch, Number.MAX_SAFE_INTEGER),
    );
    const times = impressions.map(({ at }) => at);
    return { times, holds, total: times.length + (unlisted?.('adGroup', capKey('adg_0')) ?? 0), completeFrom };
  }

  it('take what Postgres knew only while what was confirmed after it is kept', async () => {
    const key = exposureKey('slow');
    const first = (await hold(key, holdRequest())) as { at: number };
    const [seconds] = await redis.time();
    expect(Math.abs(first.at - Number(seconds) * 1000)).toBeLessThan(60_000);
    await confirm(key, 'e1', seen('M1', 1));
    expect(await redis.pttl(key)).toBeGreaterThan(50_000);
    // What the state that is kept for it would become once it has expired.
    await redis.del(key);
    expect(await hold(key, holdRequest(), { rebuilt: EMPTY, usableUntil: first.at })).toMatchObject({
      status: 'unknown',
    });
    expect(await redis.exists(key)).toBe(0);
    const usableUntil = first.at + 60_000;
    expect(await hold(key, holdRequest(), { rebuilt: EMPTY, usableUntil })).toMatchObject({ status: 'held' });
  });

  it('give a repeated request its first answer, to the millisecond, and hold nothing more', async () => {
    const key = exposureKey('repeats');
    const first = await hold(key, holdRequest(), { rebuilt: EMPTY });
    expect(first).toEqual({
      status: 'held',
      decisionId: 'D1',
      decidedAt: HELD.now,
      expiresAt: HELD.expiresAt,
      frame: '{"at":"틀"}',
      held: 1,
      tickets: ['crv_0 {"of":"티켓"}'],
    });
    const later = {
      decisionId: 'D2',
      now: HELD.expiresAt - 1,
      expiresAt: HELD.expiresAt + 600_000,
      frame: 'another',
    };
    expect(await hold(key, holdRequest(later), { caps: null })).toEqual({ ...first, status: 'repeated' });
    expect((await peek(key)).holds).toMatchObject([{ expiresAt: HELD.expiresAt, decidedAt: HELD.now }]);
    for (const fields of [{ requestKey: undefined }, { now: HELD.expiresAt }]) {
      const answer = await hold(key, holdRequest({ ...later, ...fields }), { caps: null });
      expect(answer).toMatchObject({ status: 'held', held: 0 });
    }
  });

  const WITHDRAWN = { decisionId: 'D1', decisionKey: wideKey('D1'), places: [1], isRepeatable: true };

  it.each([false, true])(
    'end the holds of what is released, unless it was asked for again meanwhile (%s)',
    async (isRepeated) => {
      const key = exposureKey(`released-${isRepeated}`);
      await hold(key, holdRequest(), { rebuilt: EMPTY });
      if (isRepeated) expect(await hold(key, holdRequest(), { caps: null })).toMatchObject({ status: 'repeated' });
      await redis.releaseMessages(key, 'e1', JSON.stringify({ ...WITHDRAWN, endsHolds: true }));
      expect((await peek(key)).holds).toHaveLength(isRepeated ? 1 : 0);
      // Nobody gets it from now on.
      const again = await hold(key, holdRequest(), { caps: null });
      expect(again).toMatchObject({ status: 'repeated', tickets: ['- {"of":"티켓"}'] });
    },
  );

  it.each([false, true])(
    'take back a decision as though it had never been, unless it was asked for again meanwhile (%s)',
    async (isRepeated) => {
      const key = exposureKey(`forgotten-${isRepeated}`);
      await hold(key, holdRequest(), { rebuilt: EMPTY });
      if (isRepeated) expect(await hold(key, holdRequest(), { caps: null })).toMatchObject({ status: 'repeated' });
      const forget = (epoch: string) => redis.forgetDecision(key, epoch, JSON.stringify(WITHDRAWN));
      // Gone with the life of its state, which it leaves alone.
      expect(await forget('e2')).toBe(1);
      expect((await peek(key)).holds).toHaveLength(1);
      expect(await forget('e1')).toBe(isRepeated ? 0 : 1);
      expect((await peek(key)).holds).toHaveLength(isRepeated ? 1 : 0);
      expect(await redis.pttl(key)).toBeGreaterThan(0);
      const again = await hold(key, holdRequest({ decisionId: 'D2', decisionKey: wideKey('D2') }));
      expect(again).toMatchObject(
        isRepeated ? { status: 'repeated', decisionId: 'D1' } : { status: 'held', decisionId: 'D2', held: 1 },
      );
    },
  );

  it.each([true, false])(
    'end no holds of a decision that is not kept any more, where it could be repeated (%s)',
    async (isRepeatable) => {
      const key = exposureKey(`over-${isRepeatable}`);
      const requestKey = isRepeatable ? wideKey('r1') : undefined;
      await hold(key, holdRequest({ requestKey }), { rebuilt: EMPTY });
      if (isRepeatable) await hold(key, holdRequest(), { caps: null });
      // It is over, and what was seen of it is not settled yet.
      await hold(key, holdRequest({ requestKey: undefined, now: HELD.expiresAt }), { caps: null });
      const withdrawn = { ...WITHDRAWN, isRepeatable };
      await redis.releaseMessages(key, 'e1', JSON.stringify({ ...withdrawn, endsHolds: isRepeatable }));
      expect((await peek(key)).holds).toHaveLength(1);
      expect(await redis.forgetDecision(key, 'e1', JSON.stringify(withdrawn))).toBe(isRepeatable ? 0 : 1);
      expect((await peek(key)).holds).toHaveLength(isRepeatable ? 1 : 0);
    },
  );

  it('do not know a state of another epoch', async () => {
    const key = exposureKey('other-epoch');
    await hold(key, holdRequest(), { rebuilt: EMPTY });
    expect(await hold(key, holdRequest({ epoch: 'e2' }))).toMatchObject({ status: 'unknown' });
    expect(await redis.peekExposure(key, 'e2', 0)).toBe('');
    await confirm(key, 'e2', seen('D1.1', HELD.now));
    expect(await hold(key, holdRequest({ epoch: 'e2' }))).toMatchObject({ status: 'unknown' });
  });

  it('miss no impression that is confirmed between the read of the database and the first hold', async () => {
    const key = exposureKey('rebuilt-late');
    await confirm(key, 'e1', seen('D0.1', HELD.now - 1));
    expect(await redis.peekExposure(key, 'e1', 0)).toBe('');
    expect(await hold(key, holdRequest())).toMatchObject({ status: 'unknown' });
    await hold(key, holdRequest(), { rebuilt: EMPTY });
    expect(await peek(key)).toMatchObject({ times: [HELD.now - 1], total: 1 });
  });

  it('count an impression once that was confirmed and is among those read from the database', async () => {
    const key = exposureKey('rebuilt-twice');
    const both = [seen('D8.1', 5), seen('D0.1', HELD.now - 1)];
    await confirm(key, 'e1', ...both.slice(1));
    await hold(key, holdRequest(), { rebuilt: JSON.stringify(rebuiltOf(both, 0)) });
    expect(await peek(key)).toMatchObject({ times: [5, HELD.now - 1], total: 2 });
  });

  it('are not confused by messages seen in the same millisecond', async () => {
    const key = exposureKey('same-time');
    await hold(key, holdRequest(), { rebuilt: EMPTY });
    const both = [seen('D0.1', HELD.now), seen('D9.1', HELD.now), seen('D1.1', HELD.now)];
    expect(await confirm(key, 'e1', ...both)).toBe(3);
    expect(await confirm(key, 'e1', ...both.reverse())).toBe(0);
    expect(await peek(key)).toMatchObject({ times: [HELD.now, HELD.now, HELD.now], total: 3, holds: [] });
  });

  it('confirm several members by one call, each as if alone', async () => {
    const [held, late, gone] = ['held', 'late', 'gone'].map((name) => exposureKey(`together-${name}`)) as [
      string,
      string,
      string,
    ];
    await hold(held, holdRequest(), { rebuilt: EMPTY });
    await hold(late, holdRequest({ epoch: 'e2' }), { rebuilt: EMPTY });
    const state = await redis.getBuffer(late);
    const messages = (...seconds: number[]) => seconds.map((n) => toMessage(seen(`D1.${n}`, HELD.now + n)));
    const members = [
      [held, messages(1, 2)],
      [late, messages(1)],
      [gone, messages(1, 2, 3)],
    ] as const;
    expect(await redis.confirmImpressions(...confirmArguments('e1', members))).toBe(5);
    expect(await redis.confirmImpressions(...confirmArguments('e1', members))).toBe(0);
    expect(await peek(held)).toMatchObject({ times: [HELD.now + 1, HELD.now + 2], total: 2, holds: [] });
    expect(await redis.getBuffer(late)).toEqual(state);
    await hold(gone, holdRequest(), { rebuilt: EMPTY });
    expect(await peek(gone)).toMatchObject({ total: 3 });
  });

  it('leave the state of a later epoch alone when a process is late to hear of it', async () => {
    const key = exposureKey('late-process');
    await hold(key, holdRequest({ epoch: 'e2' }), { rebuilt: EMPTY });
    const state = await redis.getBuffer(key);
    await confirm(key, 'e1', seen('D0.1', HELD.now));
    expect(await hold(key, holdRequest(), { rebuilt: EMPTY })).toMatchObject({ status: 'unknown' });
    expect(await redis.getBuffer(key)).toEqual(state);
  });

  it('read the database once more for a cap that reaches back further than what is listed, and keep the holds', async () => {
    const key = exposureKey('too-short');
    const all = [seen('D7.1', 1_000), seen('D8.1', HELD.now - 9)];
    await hold(key, holdRequest({ keepFrom: 2_000 }), { rebuilt: JSON.stringify(rebuiltOf(all, 2_000)) });
    expect(await peek(key)).toMatchObject({ times: [HELD.now - 9], total: 2, completeFrom: 2_000 });
    const next = { requestKey: undefined, decisionId: 'D2', decisionKey: wideKey('D2'), now: HELD.now + 1 };
    expect(await hold(key, holdRequest(next), { caps: [[2_000, 3]] })).toMatchObject({ status: 'held', held: 1 });
    expect(await hold(key, holdRequest(next), { caps: [[1_000, 5]] })).toMatchObject({ status: 'unknown' });
    const answer = await hold(key, holdRequest(next), {
      rebuilt: JSON.stringify(rebuiltOf(all, 0)),
      caps: [[1_000, 4]],
    });
    expect(answer).toMatchObject({ status: 'held', held: 0 });
    expect(await peek(key)).toMatchObject({ times: [1_000, HELD.now - 9], total: 2, completeFrom: 0 });
    expect((await peek(key)).holds).toHaveLength(2);
    // Read back from the state, without the database.
    expect(await hold(key, holdRequest({ ...next, requestKey: wideKey('r1') }))).toMatchObject({ status: 'repeated' });
    expect(await hold(key, holdRequest(next), { caps: [[1_000, 5]] })).toMatchObject({ held: 1 });
  });

  it('know which impressions a request that needed fewer has put out', async () => {
    const key = exposureKey('put-out');
    const all = [seen('D7.1', 1_000), seen('D8.1', 2_000)];
    await hold(key, holdRequest({ requestKey: undefined }), { rebuilt: JSON.stringify(rebuiltOf(all, 0)), caps: null });
    const none = { requestKey: undefined };
    expect(await hold(key, holdRequest(none), { caps: [[1_000, 2]] })).toMatchObject({ status: 'held', held: 0 });
    await hold(key, holdRequest({ ...none, keepFrom: 2_000 }), { caps: null });
    expect(await peek(key)).toMatchObject({ times: [2_000], total: 2, completeFrom: 2_000 });
    expect(await hold(key, holdRequest(none), { caps: [[1_000, 2]] })).toMatchObject({ status: 'unknown' });
    expect(await hold(key, holdRequest(none), { caps: [[2_000, 1]] })).toMatchObject({ status: 'held', held: 0 });
  });

  it('list so many impressions at the most, and take caps for full that reach back further', async () => {
    const key = exposureKey('bound');
    await hold(key, holdRequest(), { rebuilt: EMPTY });
    const at = (i: number): number => HELD.now - 10_000 + i;
    const count = MOST_IMPRESSIONS + 100;
    const batches = Array.from({ length: count / 100 }, (_, batch) =>
      Array.from({ length: 100 }, (_, i) => seen(`E${batch * 100 + i}.1`, at(batch * 100 + i))),
    );
    for (const batch of batches) await confirm(key, 'e1', ...batch);
    const { times, total, completeFrom } = await peek(key);
    expect(times).toHaveLength(MOST_IMPRESSIONS);
    expect([total, completeFrom]).toEqual([count, at(100)]);
    expect(await redis.strlen(key)).toBeLessThan(MOST_IMPRESSIONS * 14 + 500);
    const none = { requestKey: undefined };
    // The open hold counts as well.
    for (const [cap, held] of [
      [[at(100), MOST_IMPRESSIONS + 2], 1],
      [[at(100), MOST_IMPRESSIONS + 2], 0],
      [[at(99), 1_000_000], 0],
      [[-1, count + 3], 1],
      [[-1, count + 3], 0],
    ] as const) {
      expect(await hold(key, holdRequest(none), { caps: [cap] })).toMatchObject({ status: 'held', held });
    }
  });

  it('count more rather than less of creatives that they have given up', async () => {
    const key = exposureKey('given-up');
    await hold(key, holdRequest(), { rebuilt: EMPTY });
    const of = (i: number): CapKeys => ({ ...OF, creative: `crv_of_${i}`, adGroup: `adg_of_${i}` });
    for (let i = 0; i < 600; i += 50) {
      const batch = Array.from({ length: 50 }, (_, j) => seen(`F${i + j}.1`, 1_000 + i + j, of(i + j)));
      await confirm(key, 'e1', ...batch);
      // Nothing of them is listed any more.
      await hold(key, holdRequest({ requestKey: undefined, keepFrom: 1_050 + i }), { caps: null });
    }
    const { unlisted } = parsePeeked(await redis.peekExposure(key, 'e1', Number.MAX_SAFE_INTEGER));
    for (let i = 0; i < 600; i++) expect(unlisted?.('adGroup', capKey(`adg_of_${i}`))).toBeGreaterThanOrEqual(1);
    expect(unlisted?.('campaign', capKey('cmp_0'))).toBe(600);
    expect(await redis.strlen(key)).toBeLessThan(256 * 28 + 3 * 600 * 5 + 500);
  });

  it('hold nothing more for who may repeat 64 requests or has 256 messages open, until they have expired', async () => {
    const key = exposureKey('again-and-again');
    await hold(key, holdRequest({ requestKey: undefined }), { rebuilt: EMPTY, caps: null });
    const holdOne = async (i: number, fields: object): Promise<unknown> => {
      const decision = { decisionId: `D${i}`, decisionKey: wideKey(`D${i}`) };
      const answer = await hold(key, holdRequest({ ...decision, ...fields }));
      return 'held' in answer && answer.held;
    };
    for (let i = 0; i < 64; i++) expect(await holdOne(i, { requestKey: wideKey(`r${i}`) })).toBe(1);
    expect(await holdOne(64, { requestKey: wideKey('r64') })).toBe(0);
    for (let i = 64; i < 256; i++) expect(await holdOne(i, { requestKey: undefined })).toBe(1);
    expect(await holdOne(256, { requestKey: undefined })).toBe(0);
    const expired = { now: HELD.expiresAt, expiresAt: HELD.expiresAt + 600_000 };
    expect(await holdOne(256, { ...expired, requestKey: undefined })).toBe(0);
    const settled = { ...expired, settledUntil: HELD.expiresAt };
    expect(await holdOne(256, { ...settled, requestKey: wideKey('r64') })).toBe(1);
  });

  it('begin one epoch for those who all saw the same one end', async () => {
    const begun = await Promise.all(['a', 'b', 'c'].map((id) => redis.beginEpoch('epoch', '', id, 0, 'run', 'no')));
    expect(begun).toEqual([1, 0, 0]);
    expect(await redis.beginEpoch('epoch', 'b', 'd', 0, 'run', 'no')).toBe(0);
    expect(await redis.beginEpoch('epoch', 'a', 'd', 1_795_306_200_123, 'run', 'no')).toBe(1);
    expect(await redis.hgetall('epoch')).toEqual({
      id: 'd',
      quarantinedUntil: '1795306200123',
      runId: 'run',
      isDurable: 'no',
    });
  });

  it('keep the state of a member who is matched no more only for its time', async () => {
    const key = exposureKey('gone');
    await hold(key, holdRequest(), { rebuilt: EMPTY });
    await confirm(key, 'e1', seen('D1.1', HELD.now));
    const left = await redis.pttl(key);
    expect(left).toBeGreaterThan(0);
    expect(left).toBeLessThanOrEqual(60_000);
  });
});
