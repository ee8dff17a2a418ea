import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { performance } from 'node:perf_hooks';
import { Redis } from 'ioredis';
import type { EntityManager } from 'typeorm';
import { FIRST_PASS_SHARE } from '../../src/core/pacing/pass-share.js';
import { PacingBook } from '../../src/delivery/delivery.api.js';
import { adGroup } from '../properties/arbitraries/candidates.js';
import { runningCampaigns } from '../../src/delivery/pacing/paced-campaigns.js';
import { PacingStep } from '../../src/delivery/pacing/pacing-step.js';
import { eventually, startTestApp, type TestApp } from '../servers/test-app.js';
import {
  at,
  createAdvertiser,
  createServingCampaign,
  impressions,
  match,
  untilKnown,
  untilSettled,
  WON,
} from './fixtures.js';
import { untilSettling, whileSettlementWaits } from './held-settlement.js';
import { insertRows, QUARTER_MS, storedRow } from './report-fixtures.js';

/** A Sunday in Seoul, and the minutes after noon of it. */
const NOON = Date.parse('2026-11-22T03:00:00Z');
const minute = (minutes: number): string => new Date(NOON + minutes * 60_000).toISOString();

interface ThrottleRow {
  readonly pass_share: number;
  readonly planned_micros: number;
  readonly spent_micros: number;
  readonly plan_budget_micros: number;
  readonly plan_from_at: Date;
  readonly plan_from_micros: number;
  readonly decided_at: Date;
}

async function throttleOf(app: TestApp, campaignId: string): Promise<ThrottleRow | null> {
  const [row] = await app.dataSource.query<ThrottleRow[]>('SELECT * FROM pacing_throttles WHERE campaign_id = $1', [
    campaignId,
  ]);
  return row ?? null;
}

const step = (app: TestApp, time: string) => app.request('POST', '/v1/ops/pacing/run', undefined, at(time));

const NO_BUDGETS = { campaignTotalMicros: null, campaignDailyMicros: null, adGroupDailyMicros: null };

describe('a step of pacing', () => {
  let app: TestApp;
  let advertiserId: string;
  let members = 0;
  const EVEN = { pacing: 'even', budget: { dailyMicros: 1_000 * WON } };

  beforeAll(async () => {
    app = await startTestApp({ env: { CLOCK: 'simulated' } });
    advertiserId = await createAdvertiser(app);
  });

  afterAll(() => app.close());

  it('decides about even campaigns that run and have a budget to spread, and tells every process', async () => {
    const { campaignId: even } = await createServingCampaign(app, advertiserId, EVEN);
    const others = [
      await createServingCampaign(app, advertiserId, { ...EVEN, pacing: 'asap' }),
      await createServingCampaign(app, advertiserId, { pacing: 'even', budget: { totalMicros: 9 * WON } }),
      await createServingCampaign(app, advertiserId, { ...EVEN, startsAt: '2026-11-22T03:00:01Z' }),
    ];
    const { campaignId: over } = await createServingCampaign(app, advertiserId, EVEN);
    await app.dataSource.query('UPDATE campaigns SET ends_at = $2 WHERE id = $1', [over, new Date(NOON)]);
    const other = await startTestApp({ sharing: app, env: { CLOCK: 'simulated' } });
    try {
      const { status, body } = await step(app, minute(0));
      expect({ status, body }).toEqual({
        status: 200,
        body: { runAt: '2026-11-22T03:00:00.000Z', made: true, campaigns: 1, changed: 1 },
      });
      expect(await throttleOf(app, even)).toMatchObject({
        pass_share: expect.closeTo(FIRST_PASS_SHARE, 5),
        spent_micros: 0,
        plan_budget_micros: 1_000 * WON,
        plan_from_at: new Date(NOON),
      });
      for (const id of [over, ...others.map(({ campaignId }) => campaignId)])
        expect(await throttleOf(app, id)).toBeNull();
      await app.dataSource.query(
        'UPDATE pacing_throttles SET pass_share = 0.25, rank_factor = 0.75, changed_xid = pg_current_xact_id()',
      );
      for (const { app: one } of [app, other]) {
        const book = one.get(PacingBook);
        const paced = { pacing: 'even', budgets: { ...NO_BUDGETS, campaignDailyMicros: 1 } } as const;
        const pacingOf = (fields: object) => book.pacing(adGroup({ ...paced, ...fields }));
        await eventually(async () => pacingOf({ campaignId: even }).passShare === 0.25);
        expect(pacingOf({ campaignId: even })).toEqual({ passShare: 0.25, rankFactor: 0.75 });
        expect(pacingOf({ campaignId: 'cmp_new' })).toEqual({ passShare: FIRST_PASS_SHARE, rankFactor: 1 });
        for (const unpaced of [{ pacing: 'asap' }, { budgets: NO_BUDGETS }])
          expect(pacingOf({ campaignId: even, ...unpaced })).toEqual({ passShare: 1, rankFactor: 1 });
      }
    } finally {
      await other.close();
    }
  });

  it('is left out where one was made as of a later time, and made once where many ask at the same time', async () => {
    const before = await app.dataSource.query<unknown[]>('SELECT * FROM pacing_throttles ORDER BY campaign_id');
    const { body } = await step(app, minute(-1));
    expect(body).toEqual({ runAt: minute(-1), made: false, campaigns: 0, changed: 0 });
    expect(await app.dataSource.query('SELECT * FROM pacing_throttles ORDER BY campaign_id')).toEqual(before);
    const runs = await Promise.all(Array.from({ length: 5 }, () => step(app, minute(2))));
    // The first finds a decision that is two minutes old; the others find nothing new.
    expect(runs.map((run) => run.body.changed).sort()).toEqual([0, 0, 0, 0, runs[0]?.body.campaigns]);
  });

  it('counts what is accepted as spent before it is settled, and once', async () => {
    const { campaignId, adGroupId } = await createServingCampaign(app, advertiserId, EVEN, {
      targeting: { carrier: ['accepted'] },
    });
    await untilKnown(app, adGroupId, at(minute(5)), { context: { carrier: 'accepted' } });
    await step(app, minute(5));
    const context = { carrier: 'accepted' };
    const messages = await eventually(async () => {
      // A newcomer takes part in few requests.
      const answers = await Promise.all(
        Array.from({ length: 50 }, () => match(app, `member-${++members}`, { context }, at(minute(6)))),
      );
      const placed = answers.flatMap(({ body }) =>
        (body.messages as { adGroupId: string; token: string }[]).filter((message) => message.adGroupId === adGroupId),
      );
      return placed.length > 0 && placed;
    });
    const spent = await whileSettlementWaits(app, advertiserId, async () => {
      await app.request('POST', '/v1/events', impressions(messages), at(minute(6)));
      await untilSettling(app);
      await step(app, minute(7));
      return (await throttleOf(app, campaignId))?.spent_micros;
    });
    const [accepted] = await app.dataSource.query<{ micros: number }[]>(
      'SELECT sum(price_micros)::bigint AS micros FROM events WHERE campaign_id = $1',
      [campaignId],
    );
    expect(spent).toBe(accepted?.micros);
    expect(spent).toBeGreaterThan(0);
    await untilSettled(app);
    await step(app, minute(9));
    expect((await throttleOf(app, campaignId))?.spent_micros).toBe(spent);
  });

  it('reads of all batches only those that are not settled', async () => {
    await app.dataSource.query(
      `INSERT INTO event_batches (id, received_at, event_count, settled_at)
       SELECT 'bat_settled_' || n, now(), 1, now() FROM generate_series(1, 20000) AS n`,
    );
    await app.dataSource.query('ANALYZE event_batches');
    const plans: string[] = [];
    const explain = async (sql: string, parameters: unknown[]) => {
      const rows = await app.dataSource.query<{ 'QUERY PLAN': string }[]>(`EXPLAIN ${sql}`, parameters);
      plans.push(rows.map((row) => row['QUERY PLAN']).join('\n'));
      return [];
    };
    await runningCampaigns({ query: explain } as unknown as EntityManager, ['Asia/Seoul'], NOON);
    await app.dataSource.query(`DELETE FROM event_batches WHERE id LIKE 'bat_settled_%'`);
    expect(plans).toHaveLength(1);
    // Where there are many events, to begin with those would read them all.
    for (const index of ['event_batches_waiting', 'event_batches_parked']) {
      expect(plans[0]).toMatch(new RegExp(`Index.* using ${index} on event_batches`));
    }
  });

  it('plans anew from an edited budget, and keeps its plan otherwise', async () => {
    const { campaignId } = await createServingCampaign(app, advertiserId, EVEN);
    await step(app, minute(20));
    await step(app, minute(25));
    expect(await throttleOf(app, campaignId)).toMatchObject({ plan_from_at: new Date(minute(20)) });
    const edit = await app.request('PATCH', `/v1/campaigns/${campaignId}`, { budget: { dailyMicros: 5 * WON } });
    expect(edit.status).toBe(200);
    await step(app, minute(30));
    expect(await throttleOf(app, campaignId)).toMatchObject({
      plan_from_at: new Date(minute(30)),
      plan_budget_micros: 5 * WON,
    });
  });

  it('learns the shape of a day once, from the days before it', async () => {
    const { campaignId } = await createServingCampaign(
      app,
      await createAdvertiser(app, { timeZone: 'Asia/Kolkata' }),
      EVEN,
    );
    const dayStart = Date.parse('2026-11-21T18:30:00Z');
    // Two days whose traffic is even but for a peak at 18:00 on the wall clock.
    const rows = Array.from({ length: 192 }, (_, i) => ({
      ...storedRow(dayStart - (i + 1) * QUARTER_MS, 'adv_x'),
      creative: `crv_${i}`,
      impressions: i % 96 === 23 ? 9_000 : 1_000,
    }));
    await insertRows(app.dataSource, rows);
    await app.dataSource.query('UPDATE pacing_runs SET traffic_until = NULL');
    await step(app, minute(40));
    const shape = async (): Promise<readonly number[]> => {
      const [row] = await app.dataSource.query<{ weights: number[] }[]>(
        `SELECT weights FROM day_shapes WHERE time_zone = 'Asia/Kolkata' AND day = '2026-11-22'`,
      );
      return row?.weights ?? [];
    };
    const learned = await shape();
    expect(learned.indexOf(Math.max(...learned))).toBe(72);
    await insertRows(app.dataSource, [{ ...rows[0], creative: 'late', impressions: 9_000_000 }]);
    await step(app, minute(45));
    expect(await shape()).toEqual(learned);
    expect(await throttleOf(app, campaignId)).not.toBeNull();
  });

  it('decides who is placed: with a share of nothing none is, though nothing else is against it', async () => {
    const context = { carrier: 'throttled' };
    const adGroupFields = { targeting: { carrier: ['throttled'] }, bid: { model: 'cpm', amountMicros: 9_000 * WON } };
    const { campaignId, adGroupId } = await createServingCampaign(app, advertiserId, EVEN, adGroupFields);
    await untilKnown(app, adGroupId, at(minute(46)), { context });
    await step(app, minute(46));
    const paced = adGroup({ campaignId, pacing: 'even', budgets: { ...NO_BUDGETS, campaignDailyMicros: 1 } });
    const share = async (passShare: number): Promise<void> => {
      await app.dataSource.query(
        `UPDATE pacing_throttles SET pass_share = $2, changed_xid = pg_current_xact_id() WHERE campaign_id = $1`,
        [campaignId, passShare],
      );
      await eventually(async () => app.app.get(PacingBook).pacing(paced).passShare === passShare);
    };
    const isPlaced = async (): Promise<boolean> => {
      const { body } = await match(app, `member-${++members}`, { context }, at(minute(46)));
      return (body.messages as { adGroupId: string }[]).some((message) => message.adGroupId === adGroupId);
    };
    await share(1);
    await eventually(isPlaced);
    await share(0);
    expect([await isPlaced(), await isPlaced(), await isPlaced()]).toEqual([false, false, false]);
    await share(1);
    expect(await isPlaced()).toBe(true);
  });

  it('is made although the last one was dated further ahead than clocks differ', async () => {
    const { campaignId } = await createServingCampaign(app, advertiserId, EVEN);
    await step(app, minute(48));
    expect((await step(app, minute(110))).body.made).toBe(true);
    expect((await step(app, minute(109))).body.made).toBe(false);
    expect(await throttleOf(app, campaignId)).toMatchObject({ decided_at: new Date(minute(110)) });
    for (const minutes of [50, 51]) {
      expect((await step(app, minute(minutes))).body.made).toBe(true);
      expect(await throttleOf(app, campaignId)).toMatchObject({
        plan_from_at: new Date(minute(48)),
        decided_at: new Date(minute(minutes)),
      });
    }
  });

  it('is left out where later ones were made while it waited for its turn, however long', async () => {
    const runner = app.dataSource.createQueryRunner();
    await runner.startTransaction();
    await runner.query('UPDATE pacing_runs SET run_at = $1', [minute(55)]);
    const late = step(app, minute(52));
    await eventually(async () => {
      const waiting = await app.dataSource.query<object[]>(
        `SELECT FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'
         AND query LIKE '%pacing_runs%'`,
      );
      return waiting.length > 0;
    });
    const tick = performance.now.bind(performance);
    const ticks = jest.spyOn(performance, 'now').mockImplementation(() => tick() + 180_000);
    await runner.commitTransaction();
    expect((await late).body.made).toBe(false);
    ticks.mockRestore();
    await runner.release();
  });

  it.each([
    [1, 2],
    [2, 12],
  ])('loses nothing that was learned where one was dated days ahead (day %i, %i ahead)', async (day, daysAhead) => {
    const now = day * 1_440;
    const shapes = () =>
      app.dataSource.query<{ day: string }[]>('SELECT time_zone, day::text, weights FROM day_shapes ORDER BY 2, 1');
    const open = { ...storedRow(Date.parse(minute(now - 15)), 'adv_x'), impressions: 1 };
    await step(app, minute(now));
    await insertRows(app.dataSource, [open]);
    expect((await step(app, minute(now + daysAhead * 1_440))).body.made).toBe(true);
    expect((await step(app, minute(now + 1))).body.made).toBe(true);
    expect((await shapes()).filter((shape) => shape.day > minute(now).slice(0, 10))).toEqual([]);
    await insertRows(app.dataSource, [{ ...open, creative: 'settled later', impressions: 7 }]);
    await step(app, minute(now + 1_440));
    const traffic = await app.dataSource.query<object[]>('SELECT * FROM market_traffic ORDER BY bucket_at');
    expect(traffic).toContainEqual({ bucket_at: new Date(open.bucketAt), impressions: 8 });
    expect(traffic).toEqual(
      await app.dataSource.query(
        'SELECT bucket_at, sum(impressions)::bigint AS impressions FROM report_rows GROUP BY bucket_at ORDER BY bucket_at',
      ),
    );
  });

  it('has no fields, and refuses unknown ones', async () => {
    const refused = await app.request('POST', '/v1/ops/pacing/run', { force: true });
    expect(refused).toMatchObject({ status: 422, body: { errors: [{ path: 'force' }] } });
  });

  it('is for admins', async () => {
    const key = await app.request('POST', '/v1/api-keys', { role: 'analyst', name: 'reads' });
    const { status } = await app.request('POST', '/v1/ops/pacing/run', undefined, { key: key.body.key as string });
    expect(status).toBe(403);
  });
});

describe('the job of pacing', () => {
  it('makes steps by itself, in one of two workers, and again after Redis lost everything', async () => {
    const app = await startTestApp();
    const other = await startTestApp({ sharing: app });
    const redis = new Redis(app.redisUrl);
    try {
      const advertiserId = await createAdvertiser(app);
      const { campaignId } = await createServingCampaign(app, advertiserId, {
        pacing: 'even',
        budget: { dailyMicros: 1_000 * WON },
      });
      await eventually(async () => (await throttleOf(app, campaignId)) !== null, 30_000);
      // By a clock that is behind, the latest step lies ahead; by that of Postgres it does not.
      expect(await app.app.get(PacingStep, { strict: false }).run(Date.now() - 90_000)).toBeNull();
      await redis.flushdb();
      const flushedAt = Date.now();
      await eventually(async () => {
        const [run] = await app.dataSource.query<{ run_at: Date }[]>('SELECT run_at FROM pacing_runs');
        // A step may have been under way.
        return (run?.run_at.getTime() ?? 0) > flushedAt + 2_000;
      }, 45_000);
    } finally {
      redis.disconnect();
      await other.close();
      await app.close();
    }
  }, 120_000);
});
