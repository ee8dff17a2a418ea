import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { DataSource } from 'typeorm';
import { HIGHEST_CTR, LEAST_CTR, PRIOR_CTR, predictCtr } from '../../src/core/scoring/score.js';
import { DECLARE_SQL } from '../../src/delivery/ctr/ctr-book.js';
import { cautiousCtr } from '../../src/core/pacing/cautious-ctr.js';
import { CtrBook } from '../../src/delivery/delivery.api.js';
import { Clock } from '../../src/platform/clock.js';
import { dataSourceOptions } from '../../src/platform/database/data-source.js';
import { startTestApp, type TestApp } from '../servers/test-app.js';
import { createTestDatabase, type TestDatabase } from '../servers/test-database.js';
import { at, untilSettled, WON } from './fixtures.js';
import { Market, NOON } from './market.js';
import { insertRows, QUARTER_MS, storedRow } from './report-fixtures.js';

const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
const START = Date.parse('2026-11-22T10:20:00Z');
const FIRST_DAY = Date.parse('2026-10-23T00:00:00Z');

class SettableClock extends Clock {
  readonly simulated = false;
  time = START;
  readonly now = (): number => this.time;
  readonly reached = (): number => this.time;
  readonly observe = (): number => this.time;
}

describe('the book of predicted CTRs', () => {
  let database: TestDatabase;
  let source: DataSource;
  let clock: SettableClock;
  let book: CtrBook;
  let changes: string[][];

  beforeAll(async () => {
    database = await createTestDatabase();
    source = await new DataSource(dataSourceOptions(database.url, 2)).initialize();
  });

  afterAll(async () => {
    await source.destroy();
    await database.drop();
  });

  beforeEach(() => open());

  afterEach(() => source.query('TRUNCATE report_rows'));

  function open(): void {
    clock = new SettableClock();
    book = new CtrBook(source, clock);
    changes = [];
    book.onChange((adGroupIds) => {
      changes.push([...adGroupIds].sort());
      return Promise.resolve();
    });
  }

  interface Seen {
    readonly adGroup: string;
    readonly bucketAt: number;
    readonly impressions: number;
    readonly clicks: number;
  }
  let rows = 0;
  /** Each is another creative's, so that two in one bucket are two rows. */
  const insert = (...seen: readonly Seen[]): Promise<void> =>
    insertRows(
      source,
      seen.map((one) => ({ ...storedRow(one.bucketAt, 'adv_x'), creative: `crv_${rows++}`, ...one })),
    );
  const quarterOf = (time: number): number => Math.floor(time / QUARTER_MS) * QUARTER_MS;

  it('expects of a newcomer what is usual', async () => {
    await book.refresh();
    expect(book.ctrOf('adg_new')).toBe(PRIOR_CTR);
    expect(book.cautiousCtrOf('adg_new')).toBe(cautiousCtr(0, 0));
    expect(changes).toEqual([[]]);
  });

  it('adds up all rows of the last thirty days, of every creative and placement', async () => {
    await insert(
      { adGroup: 'a', bucketAt: FIRST_DAY, impressions: 1_000, clicks: 40 },
      { adGroup: 'a', bucketAt: START - 5 * DAY_MS, impressions: 500, clicks: 0 },
      { adGroup: 'a', bucketAt: START - 5 * DAY_MS, impressions: 500, clicks: 50 },
      { adGroup: 'a', bucketAt: quarterOf(START), impressions: 10, clicks: 9 },
      { adGroup: 'a', bucketAt: START + HOUR_MS, impressions: 1, clicks: 1 },
      { adGroup: 'b', bucketAt: START - DAY_MS, impressions: 7_000, clicks: 0 },
      { adGroup: 'a', bucketAt: FIRST_DAY - QUARTER_MS, impressions: 9_000, clicks: 9_000 },
    );
    await book.refresh();
    expect(book.ctrOf('a')).toBe(predictCtr(2_011, 100));
    expect(book.ctrOf('b')).toBe(predictCtr(7_000, 0));
    expect(book.cautiousCtrOf('a')).toBe(cautiousCtr(2_011, 100));
    // Not below what is predicted, which goes by others as well.
    expect(book.cautiousCtrOf('b')).toBe(predictCtr(7_000, 0));
    expect(changes).toEqual([['a', 'b']]);
  });

  it('reads any number of ad groups', async () => {
    const adGroups = Array.from({ length: 2_500 }, (_, i) => `adg_${i}`);
    await insert(...adGroups.map((adGroup) => ({ adGroup, bucketAt: START, impressions: 0, clicks: 9 })));
    await book.refresh();
    expect(changes).toEqual([[...adGroups].sort()]);
    expect(new Set(adGroups.map((id) => book.ctrOf(id)))).toEqual(new Set([predictCtr(0, 9)]));
  });

  it('stays within its bounds, whatever is reported', async () => {
    const counts = fc.nat(1_000_000_000);
    const samples = fc.sample(fc.tuple(counts, counts), { numRuns: 100, seed: 3 });
    const extremes = [
      [1_000_000_000, 0],
      [0, 1_000_000_000],
      [1_000_000, 1_000_000],
    ] as const;
    const all = [...samples, ...extremes];
    await insert(
      ...all.map(([impressions, clicks], i) => ({
        adGroup: `adg_${i}`,
        bucketAt: START - HOUR_MS,
        impressions,
        clicks,
      })),
    );
    await book.refresh();
    for (const i of all.keys()) {
      expect(book.ctrOf(`adg_${i}`)).toBeGreaterThanOrEqual(LEAST_CTR);
      expect(book.ctrOf(`adg_${i}`)).toBeLessThanOrEqual(HIGHEST_CTR);
    }
    expect(extremes.map((_, i) => book.ctrOf(`adg_${samples.length + i}`))).toEqual([
      LEAST_CTR,
      HIGHEST_CTR,
      HIGHEST_CTR,
    ]);
  });

  it('tells of what moved by more than a hundredth, and keeps the prediction of what moved by less', async () => {
    const bucketAt = quarterOf(START);
    await insert(
      { adGroup: 'still', bucketAt, impressions: 9_000, clicks: 90 },
      { adGroup: 'moving', bucketAt, impressions: 9_000, clicks: 190 },
    );
    await book.refresh();
    expect(changes.pop()).toEqual(['moving']);
    const before = book.ctrOf('moving');
    expect(before).toBe(predictCtr(9_000, 190));
    await insert({ adGroup: 'moving', bucketAt, impressions: 0, clicks: 2 });
    await book.refresh();
    expect(changes.pop()).toEqual([]);
    expect(book.ctrOf('moving')).toBe(before);
    // Together with the two before, it is more than a hundredth.
    await insert({ adGroup: 'moving', bucketAt, impressions: 0, clicks: 1 });
    await book.refresh();
    expect(changes.pop()).toEqual(['moving']);
    expect(book.ctrOf('moving')).toBe(predictCtr(9_000, 193));
  });

  it('forgets what leaves the window', async () => {
    await insert({ adGroup: 'a', bucketAt: FIRST_DAY, impressions: 1_000, clicks: 90 });
    await book.refresh();
    expect(book.ctrOf('a')).toBe(predictCtr(1_000, 90));
    clock.time = START + DAY_MS;
    await book.refresh();
    expect(book.ctrOf('a')).toBe(PRIOR_CTR);
    expect(changes).toEqual([['a'], ['a']]);
  });

  it('takes in what is settled late with the next day, and before that if it is of the last hours', async () => {
    await book.refresh();
    await insert(
      { adGroup: 'late', bucketAt: START - 6 * HOUR_MS, impressions: 0, clicks: 50 },
      { adGroup: 'fresh', bucketAt: quarterOf(START - 2 * HOUR_MS), impressions: 0, clicks: 50 },
    );
    await book.refresh();
    expect([book.ctrOf('late'), book.ctrOf('fresh')]).toEqual([PRIOR_CTR, predictCtr(0, 50)]);
    clock.time = START + DAY_MS;
    await book.refresh();
    expect(book.ctrOf('late')).toBe(predictCtr(0, 50));
  });

  it('follows the rows at any pace, also where time goes back', async () => {
    const step = fc.record({
      passes: fc.oneof(fc.nat(20 * 60_000), fc.nat(5 * HOUR_MS), fc.nat(3 * DAY_MS), fc.constant(-3 * HOUR_MS)),
      seen: fc.array(
        fc.record({
          adGroup: fc.constantFrom('a', 'b', 'c'),
          ago: fc.nat(HOUR_MS),
          impressions: fc.nat(5_000),
          clicks: fc.nat(300),
        }),
        { maxLength: 3 },
      ),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 1, maxLength: 8 }), async (steps) => {
        open();
        const all: Seen[] = [];
        for (const { passes, seen } of steps) {
          clock.time += passes;
          const now = seen.map(({ ago, ...counts }) => ({ ...counts, bucketAt: quarterOf(clock.time - ago) }));
          all.push(...now);
          await insert(...now);
          await book.refresh();
          const from = (Math.floor(clock.time / DAY_MS) - 30) * DAY_MS;
          for (const id of ['a', 'b', 'c']) {
            const inWindow = all.filter(({ adGroup, bucketAt }) => adGroup === id && bucketAt >= from);
            const total = (key: 'impressions' | 'clicks') => inWindow.reduce((sum, one) => sum + one[key], 0);
            const expected = predictCtr(total('impressions'), total('clicks'));
            expect(Math.abs(book.ctrOf(id) - expected)).toBeLessThanOrEqual(book.ctrOf(id) * 0.01);
          }
        }
        await source.query('TRUNCATE report_rows');
      }),
      { numRuns: 25 },
    );
  });

  it('finds the rows of a range by an index', async () => {
    await source.query(
      `INSERT INTO report_rows (bucket_at, advertiser_id, campaign_id, ad_group_id, creative_id, placement, impressions)
       SELECT $1::timestamptz - b * interval '15 minutes', 'adv', 'cmp', 'adg_' || c, 'crv_' || c, 'chat_list', 1
       FROM generate_series(0, 29 * 96) b, generate_series(1, 10) c`,
      [new Date(quarterOf(START))],
    );
    await source.query('ANALYZE report_rows');
    const day = START - (START % DAY_MS);
    for (const range of [
      [new Date(START - 2 * HOUR_MS), 'infinity'],
      [new Date(day - 9 * DAY_MS), new Date(day - 8 * DAY_MS)],
    ]) {
      const plan = await source.query<{ 'QUERY PLAN': string }[]>(`EXPLAIN ${DECLARE_SQL}`, range);
      expect(plan.map((line) => line['QUERY PLAN']).join('\n')).toMatch(/Index Cond: \(+bucket_at >=/);
    }
  });
});

describe('an ad group with observed clicks', () => {
  let app: TestApp;
  let market: Market;

  beforeAll(async () => {
    app = await startTestApp({ env: { CLOCK: 'simulated' } });
    market = new Market(app);
  });

  afterAll(() => app.close());

  it('ranks above an equal one whose appeal is unknown, in this process and in one that starts', async () => {
    const carrier = 'clicks';
    const context = { carrier };
    const bid = { model: 'cpc', amountMicros: 500 * WON };
    const { adGroupId: liked } = await market.serve(carrier, {}, { bid });
    await market.known(carrier, [liked]);
    const [shown, clicks] = [6, 5];
    const events: object[] = [];
    for (let i = 0; i < shown; i++) {
      const [message] = await market.placed(`member-${i}`, { context });
      events.push({ type: 'impression', token: message?.token });
      if (i < clicks) events.push({ type: 'click', token: message?.token });
    }
    const { body } = await app.request('POST', '/v1/events', { events }, at(NOON));
    expect(body.results).toEqual(events.map(() => ({ status: 'accepted' })));
    await untilSettled(app);
    const { adGroupId: equal } = await market.serve(carrier, {}, { bid });
    await market.known(carrier, [equal]);
    expect(await winners(app, context)).toEqual(new Set([liked, equal]));

    await app.app.get(CtrBook).refresh();
    const predictedCtr = predictCtr(shown, clicks);
    const second = await startTestApp({ sharing: app, env: { CLOCK: 'simulated' } });
    try {
      for (const one of [app, second]) {
        const { candidates } = await new Market(one).explain('nobody', { context, adGroupIds: [liked, equal] });
        expect(candidates).toMatchObject([
          { adGroupId: liked, factors: { predictedCtr, ecpmMicros: predictedCtr * 1000 * 500 * WON } },
          { adGroupId: equal, factors: { predictedCtr: PRIOR_CTR, ecpmMicros: 5_000 * WON } },
        ]);
        // It pays by the click what keeps it before the other: less than that one bids.
        expect(candidates[0]?.price).toBe(Math.ceil((500 * WON * PRIOR_CTR) / predictedCtr));
        expect(await winners(one, context)).toEqual(new Set([liked]));
      }
    } finally {
      await second.close();
    }
  });

  /** Over requests enough for equals to take turns. */
  async function winners(one: TestApp, context: object): Promise<ReadonlySet<string | undefined>> {
    const winners = new Set<string | undefined>();
    for (let i = 0; i < 16; i++) {
      const { candidates } = await new Market(one).explain('nobody', { context, requestId: `turn-${i}`, limit: 1 });
      winners.add(candidates[0]?.adGroupId);
    }
    return winners;
  }
});
