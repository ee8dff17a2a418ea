import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Redis } from 'ioredis';
import { DataSource } from 'typeorm';
import { ExposureWriter } from '../../src/delivery/exposure/exposure-writer.js';
import { Settlement } from '../../src/delivery/settlement/settlement.js';
import { SystemClock } from '../../src/platform/clock.js';
import { dataSourceOptions } from '../../src/platform/database/data-source.js';
import { startTestApp, type TestApp } from '../servers/test-app.js';
import { findFaults, snapshot } from './settlement-oracle.js';
import { acceptBatch, eventOf, LIMITS, NOON, sellCampaign, type SoldAdGroup } from './settlement-world.js';

describe('settlement', () => {
  let app: TestApp;
  let redis: Redis;
  let sources: DataSource[];
  /** Two workers, each with connections of its own; the app itself runs none. */
  let workers: readonly [Settlement, Settlement];

  beforeAll(async () => {
    app = await startTestApp({ env: { ROLE: 'api' } });
    redis = new Redis(app.redisUrl);
    // What is right must not hang on the plan that Postgres chooses.
    const plans = ['', '?options=-c%20enable_indexscan%3Doff'];
    sources = await Promise.all(
      plans.map((plan) => new DataSource(dataSourceOptions(app.databaseUrl + plan, 4)).initialize()),
    );
    const [first, second] = sources.map(
      (one) => new Settlement(one, new ExposureWriter(redis), new SystemClock(), LIMITS),
    );
    workers = [first as Settlement, second as Settlement];
  });

  afterAll(async () => {
    for (const one of sources) await one.destroy();
    redis.disconnect();
    await app.close();
  });

  async function outcomes(batchId: string): Promise<readonly string[]> {
    const rows = await app.dataSource.query<{ outcome: string }[]>(
      'SELECT outcome FROM events WHERE batch_id = $1 ORDER BY ordinal',
      [batchId],
    );
    return rows.map(({ outcome }) => outcome);
  }

  it('of a batch that comes again changes nothing', async () => {
    const sold = await sellCampaign(app);
    const batch = await acceptBatch(app, [eventOf(sold, { messageId: 'again' })]);
    expect(await workers[0].settle(batch)).toBe('settled');
    const after = await snapshot(app.dataSource);
    expect(await workers[0].settle(batch)).toBe('settled_before');
    expect(await workers[1].settle(batch)).toBe('settled_before');
    expect(await snapshot(app.dataSource)).toEqual(after);
    expect(await findFaults(app.dataSource)).toEqual({});
  });

  it('of a batch that several workers have at once is done by one of them', async () => {
    const sold = await sellCampaign(app);
    const batch = await acceptBatch(app, [eventOf(sold, { messageId: 'at-once' })]);
    const results = await Promise.all([0, 1, 0, 1].map((i) => workers[i as 0 | 1].settle(batch)));
    expect(results.filter((result) => result === 'settled')).toHaveLength(1);
    expect(await findFaults(app.dataSource)).toEqual({});
  });

  it.each([
    ['the balance', { creditMicros: 2_500 }],
    ['a total budget', { campaign: { budget: { totalMicros: 2_500 } } }],
    ['a daily budget', { campaign: { budget: { dailyMicros: 2_500 } } }],
    ['a daily budget of the ad group', { adGroup: { dailyBudgetMicros: 2_500 } }],
  ])('never passes %s, and charges in the order in which events were accepted', async (name, limits) => {
    const sold = await sellCampaign(app, limits);
    // Later in the order of their keys, but accepted first.
    const messages = ['d', 'c', 'b', 'a'].map((letter) => eventOf(sold, { messageId: `${name}-${letter}` }));
    const batch = await acceptBatch(app, messages);
    await workers[1].settle(batch);
    expect(await outcomes(batch)).toEqual(['accepted', 'accepted', 'over_budget', 'over_budget']);
    const cheaper = await acceptBatch(app, [eventOf(sold, { messageId: `${name}-e`, priceMicros: 500 })]);
    await workers[0].settle(cheaper);
    expect(await outcomes(cheaper)).toEqual(['accepted']);
    expect(await findFaults(app.dataSource)).toEqual({});
  });

  it('looks at single events only where money is short, and charges all others by their sums', async () => {
    const rich = await sellCampaign(app);
    const poor = await sellCampaign(app, { campaign: { budget: { totalMicros: 2_500 } } });
    const batch = await acceptBatch(app, [
      ...[0, 1, 2].map((i) => eventOf(rich, { messageId: `rich-${i}`, memberId: 'both' })),
      ...[0, 1].map((i) => eventOf(poor, { messageId: `poor-${i}`, memberId: 'both', priceMicros: 900 })),
      eventOf(poor, { messageId: 'poor-2', chargedFor: 'click', priceMicros: 800 }),
      eventOf(poor, { type: 'click', messageId: 'poor-2', chargedFor: 'click', priceMicros: 800 }),
      eventOf(poor, { messageId: 'poor-3', priceMicros: 700 }),
    ]);
    await workers[0].settle(batch);
    const poorOnes = ['accepted', 'accepted', 'accepted', 'over_budget', 'accepted'];
    expect(await outcomes(batch)).toEqual(['accepted', 'accepted', 'accepted', ...poorOnes]);
    expect(await findFaults(app.dataSource)).toEqual({});
  });

  it('of impressions whose prices are more than any balance together charges what there is money for', async () => {
    const sold = await sellCampaign(app);
    const dear = Number.MAX_SAFE_INTEGER - 1;
    const prices = [dear, 1_000, dear];
    const batch = await acceptBatch(
      app,
      prices.map((priceMicros, i) => eventOf(sold, { messageId: `dear-${i}`, priceMicros })),
    );
    await workers[1].settle(batch);
    expect(await outcomes(batch)).toEqual(['over_budget', 'accepted', 'over_budget']);
    expect(await findFaults(app.dataSource)).toEqual({});
  });

  it('charges the day in the advertiser’s zone in which the event happened', async () => {
    const sold = await sellCampaign(app, { campaign: { budget: { dailyMicros: 1_000 } } });
    const midnight = Date.parse('2026-11-20T15:00:00Z');
    const batch = await acceptBatch(app, [
      eventOf(sold, { messageId: 'before-midnight', occurredAt: midnight - 1 }),
      eventOf(sold, { messageId: 'at-midnight', occurredAt: midnight }),
      eventOf(sold, { messageId: 'after-midnight', occurredAt: midnight + 1 }),
    ]);
    await workers[0].settle(batch);
    expect(await outcomes(batch)).toEqual(['accepted', 'accepted', 'over_budget']);
    expect(await findFaults(app.dataSource)).toEqual({});
  });

  describe('of a click whose impression came in another batch', () => {
    const click = (sold: SoldAdGroup, messageId: string) =>
      eventOf(sold, { type: 'click', messageId, chargedFor: 'click', priceMicros: 700 });
    const impression = (sold: SoldAdGroup, messageId: string) =>
      eventOf(sold, { messageId, chargedFor: 'click', priceMicros: 700 });

    async function spent(sold: SoldAdGroup): Promise<number> {
      const { body } = await app.request('GET', `/v1/advertisers/${sold.advertiserId}/balance`);
      return body.spentMicros as number;
    }

    it('waits for the impression, and is charged once', async () => {
      const sold = await sellCampaign(app);
      const early = await acceptBatch(app, [click(sold, 'early-click')]);
      await workers[0].settle(early);
      expect([await outcomes(early), await spent(sold)]).toEqual([['waiting'], 0]);
      await workers[0].settle(await acceptBatch(app, [impression(sold, 'early-click')]));
      expect([await outcomes(early), await spent(sold)]).toEqual([['accepted'], 700]);
      await workers[0].settle(await acceptBatch(app, [eventOf(sold, { type: 'hide', messageId: 'early-click' })]));
      expect(await spent(sold)).toBe(700);
      expect(await findFaults(app.dataSource)).toEqual({});
    });

    it('charges it once, whichever of them is settled first', async () => {
      const sold = await sellCampaign(app);
      const clicked = await acceptBatch(app, [click(sold, 'both-there')]);
      const seen = await acceptBatch(app, [impression(sold, 'both-there')]);
      await workers[0].settle(clicked);
      expect(await outcomes(clicked)).toEqual(['accepted']);
      await workers[0].settle(seen);
      expect(await spent(sold)).toBe(700);
      expect(await findFaults(app.dataSource)).toEqual({});
    });

    it('charges it once when both are accepted and settled at the same time', async () => {
      const sold = await sellCampaign(app);
      for (let turn = 0; turn < 10; turn++) {
        const messages = Array.from({ length: 4 }, (_, i) => `racing-${turn}-${i}`);
        await Promise.all(
          messages.flatMap((messageId, i) => {
            const settle = async (event: ReturnType<typeof click>, worker: 0 | 1) =>
              workers[worker].settle(await acceptBatch(app, [event]));
            const inTurn = [settle(click(sold, messageId), 0), settle(impression(sold, messageId), 1)];
            return i % 2 === 0 ? inTurn : inTurn.reverse();
          }),
        );
      }
      expect(await spent(sold)).toBe(40 * 700);
      expect(await findFaults(app.dataSource)).toEqual({});
    });
  });

  it('by two workers at once makes of any events what SQL makes of them, and passes no limit', async () => {
    const anyEvent = fc.record({
      message: fc.nat(30),
      type: fc.constantFrom(
        'impression' as const,
        'impression' as const,
        'click' as const,
        'hide' as const,
        'conversion' as const,
      ),
      eventId: fc.constantFrom('', 'order-1'),
      batch: fc.nat(11),
      hours: fc.nat(47),
    });
    const anyMessages = fc.array(
      fc.record({
        adGroup: fc.nat(3),
        chargedFor: fc.constantFrom('impression' as const, 'click' as const),
        priceMicros: fc.nat(900),
      }),
      { minLength: 31, maxLength: 31 },
    );
    let run = 0;
    await fc.assert(
      fc.asyncProperty(anyMessages, fc.array(anyEvent, { minLength: 60, maxLength: 120 }), async (messages, events) => {
        run++;
        const sold = await Promise.all([
          sellCampaign(app, { creditMicros: 3_000 }),
          sellCampaign(app, { campaign: { budget: { totalMicros: 4_000, dailyMicros: 1_500 } } }),
          sellCampaign(app, { campaign: { budget: { dailyMicros: 2_000 } }, adGroup: { dailyBudgetMicros: 1_200 } }),
          sellCampaign(app),
        ]);
        const batches = Array.from({ length: 12 }, (_, batch) =>
          events.flatMap(({ message, type, eventId, hours, ...event }) => {
            const { adGroup, ...placed } = messages[message] ?? { adGroup: 0 };
            if (event.batch !== batch) return [];
            const id = type === 'conversion' ? eventId : '';
            return eventOf(sold[adGroup] as SoldAdGroup, {
              ...placed,
              messageId: `run-${run}-${message}`,
              type,
              eventId: id,
              occurredAt: NOON + hours * 3_600_000,
            });
          }),
        );
        await Promise.all(
          batches.map(async (batch, i) => {
            if (batch.length === 0) return;
            const batchId = await acceptBatch(app, batch);
            await Promise.all([workers[0].settle(batchId), i % 3 === 0 ? workers[1].settle(batchId) : null]);
          }),
        );
        expect(await findFaults(app.dataSource)).toEqual({});
      }),
      { numRuns: 4, endOnFailure: true },
    );
  });

  it.each([
    'UPDATE ledger_transfers SET amount_micros = 1',
    'DELETE FROM ledger_transfers',
    'TRUNCATE ledger_transfers',
  ])('leaves a ledger that refuses %s', async (sql) => {
    await expect(app.dataSource.query(sql)).rejects.toThrow('ledger_transfers is append-only');
  });
});
