import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { Redis } from 'ioredis';
import { DataSource } from 'typeorm';
import { ExposureEpochs } from '../../src/delivery/exposure/exposure-epochs.js';
import { defineExposureScripts, EPOCH_KEY, exposureKey } from '../../src/delivery/exposure/exposure-scripts.js';
import { ExposureStore } from '../../src/delivery/exposure/exposure-store.js';
import { type HoldRequest, writeHoldAdGroup, writeHoldCreative } from '../../src/delivery/exposure/hold-request.js';
import { CLOCK_MARGIN_MS, SettlementProgress } from '../../src/delivery/settlement/settlement-progress.js';
import { SimulatedClock } from '../../src/platform/clock.js';
import { dataSourceOptions } from '../../src/platform/database/data-source.js';
import type { RuntimeConfig } from '../../src/platform/platform.module.js';
import { eventually } from '../servers/test-app.js';
import { createTestDatabase, type TestDatabase } from '../servers/test-database.js';
import { createTestRedis, type TestRedis } from '../servers/test-redis.js';

const NOW = Date.parse('2026-11-20T03:00:00Z');
const LONGEST_HOLD_MS = 600_000;
/** By the clock of whoever held longest. */
const LAST_END = NOW + LONGEST_HOLD_MS + CLOCK_MARGIN_MS;
const CONFIG = { maxSettlementLagSeconds: 60, maxUnsettledEvents: 1_000 } as RuntimeConfig;

describe('the lives of the exposure state', () => {
  let server: TestRedis;
  let redis: Redis;
  let database: TestDatabase;
  let dataSource: DataSource;
  const clock = new SimulatedClock();

  beforeAll(async () => {
    Logger.overrideLogger(false);
    server = await createTestRedis();
    redis = new Redis(server.url);
    defineExposureScripts(redis);
    clock.observe(NOW);
  });

  afterAll(async () => {
    redis.disconnect();
    await server.release();
  });

  beforeEach(async () => {
    await redis.flushdb();
    database = await createTestDatabase();
    dataSource = await new DataSource(dataSourceOptions(database.url, 10)).initialize();
  });

  afterEach(async () => {
    await dataSource.destroy();
    await database.drop();
  });

  /** As that many processes that start at once would. */
  async function start(count: number, client = redis): Promise<readonly ExposureEpochs[]> {
    const all = Array.from({ length: count }, () => new ExposureEpochs(client, dataSource, clock));
    await Promise.all(all.map((epochs) => epochs.onApplicationBootstrap()));
    return all;
  }

  it('begin with one that serves at once, however slow the one that begins it is', async () => {
    const slow = new Redis(server.url);
    defineExposureScripts(slow);
    slow.beginEpoch = async (...life) => {
      await new Promise((resolve) => setTimeout(resolve, 60));
      return redis.beginEpoch(...life);
    };
    const first = new ExposureEpochs(slow, dataSource, clock);
    const starting = first.onApplicationBootstrap();
    await eventually(async () => (await dataSource.query<unknown[]>('SELECT 1 FROM exposure_epochs')).length > 0);
    const epochs = [first, ...(await start(8))];
    await starting;
    slow.disconnect();
    const ids = new Set(epochs.map(({ current }) => current?.id));
    expect(ids.size).toBe(1);
    expect(epochs.map(({ current }) => current?.quarantinedUntil)).toEqual(epochs.map(() => 0));
    expect((await start(1))[0]?.current).toEqual(epochs[0]?.current);
  });

  it('are told apart by ids that sort in their order, the later ones quarantined for the longest hold', async () => {
    const ids: string[] = [];
    for (let life = 0; life < 12; life++) {
      const [epochs] = await start(3);
      ids.push(epochs?.current?.id ?? '');
      expect(epochs?.current?.quarantinedUntil).toBe(life === 0 ? 0 : LAST_END);
      await redis.flushdb();
    }
    expect(new Set(ids).size).toBe(12);
    expect([...ids].sort()).toEqual(ids);
  });

  it('end with a restart of a Redis that keeps no append-only file', async () => {
    const [before] = await start(1);
    await redis.hset(EPOCH_KEY, 'runId', 'of-the-server-before');
    const [after] = await start(1);
    expect(after?.current?.id).not.toBe(before?.current?.id);
    expect(after?.current?.quarantinedUntil).toBe(LAST_END);
  });

  /** A client of a server with these settings. */
  function connectTo(appendonly: string, appendfsync: string, onRewrite = 'no'): Redis {
    const client = new Redis(server.url);
    defineExposureScripts(client);
    const settings = { appendonly, appendfsync, 'no-appendfsync-on-rewrite': onRewrite };
    const config = (_get: 'GET', name: keyof typeof settings) => Promise.resolve([name, settings[name]]);
    return Object.assign(client, { config });
  }

  it.each([
    ['always', 'always', true],
    ['everysec', 'everysec', false],
    ['everysec', 'always', false],
    ['always', 'everysec', false],
    ['off', 'always', false],
    ['always but while it is rewritten', 'always', false],
    ['always', 'always but while it is rewritten', false],
  ])('go on or end with a restart of a Redis whose file was synced %s, and %s after it: %s', async (...settings) => {
    const [before, after, goesOn] = settings;
    const clients = [before, after].map((sync) => {
      const [when = '', butOnRewrite] = sync.split(' but ');
      return connectTo(sync === 'off' ? 'no' : 'yes', when, butOnRewrite === undefined ? 'no' : 'yes');
    });
    const [first, second] = clients as [Redis, Redis];
    const [begun] = await start(1, first);
    for (const runId of ['of-the-server-before', 'of-the-one-before-that']) {
      await redis.hset(EPOCH_KEY, 'runId', runId);
      const [ended] = await start(1, second);
      expect(ended?.current?.id === begun?.current?.id).toBe(goesOn);
      expect(ended?.current?.quarantinedUntil).toBe(goesOn ? 0 : LAST_END);
    }
    for (const client of clients) client.disconnect();
  });

  it('tell by which settings the server runs now, before it ends', async () => {
    const [first, second] = [connectTo('yes', 'everysec'), connectTo('yes', 'always')];
    const [begun] = await start(1, first);
    await start(1, second);
    await redis.hset(EPOCH_KEY, 'runId', 'of-the-server-before');
    expect((await start(1, second))[0]?.current).toEqual(begun?.current);
    for (const client of [first, second]) client.disconnect();
  });

  it('end with it also for a process that was running, once it is connected again', async () => {
    const own = new Redis(server.url);
    defineExposureScripts(own);
    const [epochs] = await start(1, own);
    const before = epochs?.current?.id;
    // The snapshot that it begins with has the life of before.
    await redis.hset(EPOCH_KEY, 'runId', 'of-the-server-before');
    await redis.client('KILL', 'ID', await own.client('ID'));
    await eventually(async () => epochs?.current !== null && epochs?.current.id !== before);
    expect(epochs?.current?.quarantinedUntil).toBe(LAST_END);
    own.disconnect();
  });

  it('end with a restart of a Redis that does not tell whether it keeps one', async () => {
    const [before] = await start(1);
    await redis.hset(EPOCH_KEY, 'runId', 'of-the-server-before');
    await redis.acl('SETUSER', 'without-config', 'on', '>pass', '~*', '&*', '+@all', '-config');
    const url = Object.assign(new URL(server.url), { username: 'without-config', password: 'pass' });
    const hosted = new Redis(url.href);
    defineExposureScripts(hosted);
    await expect(hosted.config('GET', 'appendonly')).rejects.toThrow('NOPERM');
    const [after] = await start(1, hosted);
    expect(after?.current?.id).toMatch(/^\d{10}$/);
    expect(after?.current?.id).not.toBe(before?.current?.id);
    hosted.disconnect();
    await redis.acl('DELUSER', 'without-config');
  });

  it('are found out anew where Redis was lost meanwhile', async () => {
    const [before] = await start(1);
    const own = new Redis(server.url);
    defineExposureScripts(own);
    const epochs = new ExposureEpochs(own, dataSource, clock);
    let isLost = false;
    own.hgetall = async (key: string) => {
      const stored = await redis.hgetall(key);
      if (isLost) return stored;
      isLost = true;
      await redis.flushdb();
      epochs.forget();
      return stored;
    };
    await epochs.onApplicationBootstrap();
    expect(epochs.current).not.toBeNull();
    expect(epochs.current?.id).not.toBe(before?.current?.id);
    own.disconnect();
  });

  it('are not taken for those that go on where they came back while the next one was to begin', async () => {
    const [before] = await start(1);
    const stored = await redis.hgetall(EPOCH_KEY);
    await redis.flushdb();
    const own = new Redis(server.url);
    defineExposureScripts(own);
    let isBack = false;
    own.beginEpoch = async (...life) => {
      if (!isBack) await redis.hset(EPOCH_KEY, { ...stored, runId: 'of-the-server-before', isDurable: 'no' });
      isBack = true;
      return redis.beginEpoch(...life);
    };
    const [after] = await start(1, own);
    expect(after?.current).not.toBeNull();
    expect(after?.current?.id).not.toBe(before?.current?.id);
    own.disconnect();
  });

  it('take no state that is built anew where Redis was lost meanwhile', async () => {
    const [epochs] = await start(1);
    const losing = {
      query: () => {
        epochs?.forget();
        return Promise.resolve([]);
      },
    } as unknown as DataSource;
    const store = new ExposureStore(redis, losing, epochs!, new SettlementProgress(dataSource, clock, CONFIG));
    expect(await store.hold(uncapped('D1'))).toEqual({ status: 'unavailable' });
    expect(await redis.exists(exposureKey('member'))).toBe(0);
    await epochs!.refresh();
  });

  it('are dropped with what was held in them, by a process that has not heard yet that they are over', async () => {
    const [epochs] = await start(1);
    if (epochs === undefined) throw new Error('none was started');
    const store = new ExposureStore(redis, dataSource, epochs, new SettlementProgress(dataSource, clock, CONFIG));
    expect(await store.hold(uncapped('D1'))).toMatchObject({ status: 'held', held: 1 });
    await redis.flushdb();
    const [heard] = await start(1);
    // It would read Postgres, and hold in the life that is over.
    expect(await store.hold(uncapped('D2'))).toEqual({ status: 'unavailable' });
    await eventually(async () => (await store.hold(uncapped('D3'))).status === 'held');
    expect(epochs.current).toEqual(heard?.current);
  });

  it('are waited for by nobody: what can’t be released meanwhile is told', async () => {
    const [epochs] = await start(1);
    const store = new ExposureStore(redis, dataSource, epochs!, new SettlementProgress(dataSource, clock, CONFIG));
    const held = await store.hold(uncapped('D1'));
    if (held.status !== 'held') throw new Error('nothing was held');
    epochs!.forget();
    const asked = { memberId: 'member', requestId: null };
    await expect(store.release(asked, held, [0])).rejects.toThrow('life');
    await expect(store.forget(asked, held)).rejects.toThrow('life');
    await epochs!.refresh();
    await store.release(asked, held, [0]);
    expect(await store.forget(asked, held)).toBe(true);
  });

  it.each(['r', null])(
    'keep what may have been given by a repeat, and is not kept for repeats any more (%s)',
    async (requestId) => {
      const [epochs] = await start(1);
      const store = new ExposureStore(redis, dataSource, epochs!, new SettlementProgress(dataSource, clock, CONFIG));
      const request = { ...uncapped('D1'), requestId };
      const held = await store.hold(request);
      if (held.status !== 'held') throw new Error('nothing was held');
      // Somebody asks for another decision after the end of the first, and settlement is not as far.
      await store.hold({ ...uncapped('D2'), now: request.expiresAt, candidates: [] });
      expect(await store.forget(request, held)).toBe(requestId === null);
    },
  );

  it('have holds of which it is not known whether they were placed, where Redis does not answer one of them', async () => {
    const [epochs] = await start(1);
    const store = new ExposureStore(redis, dataSource, epochs!, new SettlementProgress(dataSource, clock, CONFIG));
    await redis.hset(exposureKey('broken'), 'not', 'a state');
    const [whole, broken] = await Promise.allSettled([
      store.hold(uncapped('D1')),
      store.hold({ ...uncapped('D2'), memberId: 'broken' }),
    ]);
    expect(whole).toMatchObject({ value: { status: 'held' } });
    expect(broken).toMatchObject({ status: 'rejected' });
  });
});

function uncapped(decisionId: string): HoldRequest {
  const ids = { adGroupId: 'adg_0', campaignId: 'cmp_0', advertiserId: 'adv_0' };
  const adGroup = writeHoldAdGroup({ ...ids, caps: [], categories: [] });
  return {
    memberId: 'member',
    requestId: null,
    decisionId,
    now: NOW,
    expiresAt: NOW + LONGEST_HOLD_MS,
    frame: '',
    wanted: 1,
    allowsRepeats: false,
    load: {
      maxPerMemberPerDay: null,
      minGapSeconds: null,
      maxPerAdvertiserPerDay: null,
      minAdvertiserGapSeconds: null,
    },
    placement: 'chat_list',
    placementCaps: [],
    keepFrom: NOW,
    candidates: [{ adGroup, creatives: [writeHoldCreative('crv_0', [])], ticket: '' }],
    isLast: true,
  };
}
