import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { Redis } from 'ioredis';
import { DataSource } from 'typeorm';
import { ExposureWriter } from '../../src/delivery/exposure/exposure-writer.js';
import { Settlement } from '../../src/delivery/settlement/settlement.js';
import { SystemClock } from '../../src/platform/clock.js';
import { dataSourceOptions } from '../../src/platform/database/data-source.js';
import type { VerifiedEvent } from '../../src/tracking/verified-event.js';
import { startTestApp, type TestApp } from '../servers/test-app.js';
import { findFaults, snapshot } from './settlement-oracle.js';
import {
  acceptBatch,
  type EventFields,
  eventOf,
  LIMITS,
  NOON,
  sellCampaign,
  type SoldAdGroup,
} from './settlement-world.js';

const PRICE = 700;

describe('clicks that are found invalid when they are settled', () => {
  let app: TestApp;
  let redis: Redis;
  let sources: DataSource[];
  let workers: readonly [Settlement, Settlement];

  beforeAll(async () => {
    app = await startTestApp({ env: { ROLE: 'api' } });
    redis = new Redis(app.redisUrl);
    sources = await Promise.all([0, 1].map(() => new DataSource(dataSourceOptions(app.databaseUrl, 4)).initialize()));
    const [first, second] = sources.map((source) => worker(source, new ExposureWriter(redis)));
    workers = [first as Settlement, second as Settlement];
  });

  afterAll(async () => {
    for (const one of sources) await one.destroy();
    redis.disconnect();
    await app.close();
  });

  function worker(source: DataSource, exposure: ExposureWriter): Settlement {
    return new Settlement(source, exposure, new SystemClock(), LIMITS);
  }

  /** The impression of a message and its click, which is what is paid for. */
  function seenAndClicked(sold: SoldAdGroup, fields: EventFields): VerifiedEvent[] {
    const paid = { chargedFor: 'click' as const, priceMicros: PRICE };
    return [
      eventOf(sold, { ...paid, ...fields, occurredAt: NOON }),
      eventOf(sold, { ...paid, ...fields, type: 'click' }),
    ];
  }

  /** Of clicks, by message in the order of their names: why they are invalid, else their outcome. */
  async function outcomes(memberId: string): Promise<readonly string[]> {
    const rows = await app.dataSource.query<{ outcome: string }[]>(
      `SELECT coalesce(invalid_reason, outcome) AS outcome FROM events WHERE member_id = $1 AND type = 'click'
       ORDER BY message_id COLLATE "C"`,
      [memberId],
    );
    return rows.map(({ outcome }) => outcome);
  }

  async function spent({ advertiserId }: SoldAdGroup): Promise<number> {
    const [row] = await app.dataSource.query<{ spent: number }[]>(
      `SELECT coalesce(sum(amount_micros), 0)::bigint AS spent FROM ledger_transfers
       WHERE kind = 'charge' AND advertiser_id = $1`,
      [advertiserId],
    );
    return row?.spent ?? NaN;
  }

  async function reported({ advertiserId }: SoldAdGroup): Promise<unknown> {
    const query = `from=2026-11-20&to=2026-11-21&advertiserId=${advertiserId}`;
    const totals = await app.request(
      'GET',
      `/v1/reports?${query}&metrics=impressions,clicks,invalidClicks,spendMicros`,
    );
    const reasons = await app.request('GET', `/v1/reports?${query}&metrics=invalidClicks&dimensions=invalidReason`);
    return { ...totals.body.rows[0], reasons: reasons.body.rows };
  }

  it('past the rate are never billed, nor counted as clicks; the ledger says so too', async () => {
    const sold = await sellCampaign(app);
    const memberId = 'eager';
    const events = [0, 1, 2, 3, 4].flatMap((i) =>
      seenAndClicked(sold, { messageId: `eager-${i}`, memberId, occurredAt: NOON + i * 1_000 }),
    );
    await workers[0].settle(await acceptBatch(app, events));
    expect(await outcomes(memberId)).toEqual(['accepted', 'accepted', 'accepted', 'click_rate', 'click_rate']);
    expect(await spent(sold)).toBe(3 * PRICE);
    expect(await reported(sold)).toEqual({
      ...{ currency: 'KRW', impressions: 5, clicks: 3, invalidClicks: 2, spendMicros: 3 * PRICE },
      reasons: [{ invalidReason: 'click_rate', invalidClicks: 2 }],
    });
    expect(await findFaults(app.dataSource)).toEqual({});
  });

  it('count towards the rate over advertisers and batches, whichever of these is settled first', async () => {
    const sold = [await sellCampaign(app), await sellCampaign(app)] as const;
    const memberId = 'widely';
    const batches: string[] = [];
    for (const i of [0, 1, 2, 3, 4]) {
      const fields = { messageId: `widely-${i}`, memberId, occurredAt: NOON + i };
      batches.push(await acceptBatch(app, seenAndClicked(sold[i % 2 === 0 ? 0 : 1], fields)));
    }
    for (const batch of batches.reverse()) await workers[0].settle(batch);
    expect(await outcomes(memberId)).toEqual(['accepted', 'accepted', 'accepted', 'click_rate', 'click_rate']);
    expect([await spent(sold[0]), await spent(sold[1])]).toEqual([2 * PRICE, PRICE]);
    expect(await findFaults(app.dataSource)).toEqual({});
  });

  it('are judged by two workers at once, each batch twice, as by one that settles in turn', async () => {
    const click = fc.record({
      batch: fc.nat(5),
      member: fc.nat(1),
      advertiser: fc.nat(2),
      seconds: fc.integer({ min: 0, max: 400 }),
      // Of a click that waits for an impression in another batch.
      impressionBatch: fc.option(fc.nat(5), { nil: null }),
    });
    let run = 0;
    let invalid = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(click, { minLength: 20, maxLength: 40 }), async (clicks) => {
        run++;
        const sold = await Promise.all([sellCampaign(app), sellCampaign(app), sellCampaign(app)]);
        const batchIds: string[] = [];
        for (const batch of [0, 1, 2, 3, 4, 5]) {
          const events = clicks.flatMap(({ member, advertiser, seconds, impressionBatch, ...of }, i) => {
            const fields = {
              ...{ messageId: `crowd-${run}-${String(i).padStart(3, '0')}`, memberId: `crowd-${run}-${member}` },
              occurredAt: NOON + seconds * 1_000,
            };
            const [seen, clicked] = seenAndClicked(sold[advertiser] as SoldAdGroup, fields);
            return [
              ...((impressionBatch ?? of.batch) === batch ? [seen as VerifiedEvent] : []),
              ...(of.batch === batch ? [clicked as VerifiedEvent] : []),
            ];
          });
          batchIds.push(events.length > 0 ? await acceptBatch(app, events) : '');
        }
        const shuffled = fc.sample(fc.shuffledSubarray(batchIds, { minLength: batchIds.length }), 1)[0] ?? [];
        await Promise.all(
          shuffled.filter((id) => id !== '').flatMap((id) => [workers[0].settle(id), workers[1].settle(id)]),
        );
        expect(await findFaults(app.dataSource)).toEqual({});
        invalid += await expectNaiveOutcomes([0, 1].map((member) => `crowd-${run}-${member}`));
      }),
      { numRuns: 6, endOnFailure: true },
    );
    expect(invalid).toBeGreaterThan(10);
  });

  /** Each click against those accepted before it in some window with it, by SQL; answers how many are invalid. */
  async function expectNaiveOutcomes(memberIds: readonly string[]): Promise<number> {
    const rows = await app.dataSource.query<{ message_id: string; outcome: string; naive: boolean }[]>(
      `SELECT c.message_id, c.outcome, EXISTS (
         SELECT FROM unnest($2::integer[], $3::integer[]) AS l (most, seconds),
           LATERAL (SELECT w.occurred_at AS start FROM events w WHERE w.type = 'click' AND w.member_id = c.member_id) s
         WHERE start <= c.occurred_at AND c.occurred_at < start + make_interval(secs => seconds) AND most <= (
           SELECT count(*) FROM events o WHERE o.type = 'click' AND o.member_id = c.member_id
             AND o.occurred_at >= start AND o.occurred_at < start + make_interval(secs => seconds)
             AND (o.batch_id COLLATE "C", o.ordinal) < (c.batch_id COLLATE "C", c.ordinal))) AS naive
       FROM events c WHERE c.type = 'click' AND c.member_id = ANY($1)`,
      [memberIds, LIMITS.map(({ clicks }) => clicks), LIMITS.map(({ windowMs }) => windowMs / 1_000)],
    );
    expect(rows.filter(({ outcome, naive }) => (outcome === 'invalid') !== naive)).toEqual([]);
    return rows.filter(({ naive }) => naive).length;
  }

  it('of a batch that comes again, or whose settlement broke off, are counted once', async () => {
    const sold = await sellCampaign(app);
    const events = [0, 1, 2, 3].flatMap((i) =>
      seenAndClicked(sold, { messageId: `again-${i}`, memberId: 'again', occurredAt: NOON + i }),
    );
    const batch = await acceptBatch(app, events);
    const before = await snapshot(app.dataSource);
    const dying = { confirm: () => Promise.reject(new Error('killed')) } as unknown as ExposureWriter;
    await expect(worker(sources[0] as DataSource, dying).settle(batch)).rejects.toThrow('killed');
    expect(await snapshot(app.dataSource)).toEqual(before);
    expect(await workers[0].settle(batch)).toBe('settled');
    const after = await snapshot(app.dataSource);
    expect(await workers[1].settle(batch)).toBe('settled_before');
    expect(await snapshot(app.dataSource)).toEqual(after);
    expect(await outcomes('again')).toEqual(['accepted', 'accepted', 'accepted', 'click_rate']);
    expect(await findFaults(app.dataSource)).toEqual({});
  });

  it.each<[string, number, boolean, string]>([
    ['too soon after its impression, by times that a client stated', 50, true, 'click_too_soon'],
    ['as soon, by times of arrival, which say nothing', 50, false, 'accepted'],
    ['long before its impression, by times that a client stated', -5_001, true, 'click_before_impression'],
    ['long before its impression, by times of arrival: the report was sent again', -60_000, false, 'accepted'],
    ['before its impression by the skew of two clocks', -5_000, true, 'accepted'],
    ['at the instant of its impression', 0, true, 'accepted'],
    ['a moment after its impression', 100, true, 'accepted'],
  ])('are judged by their time: %s', async (what, ms, isTimeStated, outcome) => {
    const sold = await sellCampaign(app);
    const fields = { messageId: what, memberId: `timed ${what}`, occurredAt: NOON + ms, isTimeStated };
    await workers[0].settle(await acceptBatch(app, seenAndClicked(sold, fields)));
    expect(await outcomes(fields.memberId)).toEqual([outcome]);
    expect(await spent(sold)).toBe(outcome === 'accepted' ? PRICE : 0);
    expect(await findFaults(app.dataSource)).toEqual({});
  });

  it('that waited for their impression are judged when it comes', async () => {
    const sold = await sellCampaign(app);
    const fields = { messageId: 'waited', memberId: 'waiting', occurredAt: NOON + 50, isTimeStated: true };
    const [seen, clicked] = seenAndClicked(sold, fields) as [VerifiedEvent, VerifiedEvent];
    await workers[0].settle(await acceptBatch(app, [clicked]));
    expect(await outcomes('waiting')).toEqual(['waiting']);
    await workers[0].settle(await acceptBatch(app, [seen]));
    expect(await outcomes('waiting')).toEqual(['click_too_soon']);
    expect(await spent(sold)).toBe(0);
    expect(await findFaults(app.dataSource)).toEqual({});
  });

  it('leave the impression as it is: counted, and charged where it is what is paid for', async () => {
    const sold = await sellCampaign(app);
    const paid = { messageId: 'shown', memberId: 'seeing', chargedFor: 'impression' as const, isTimeStated: true };
    const events = [
      eventOf(sold, { ...paid, priceMicros: PRICE }),
      eventOf(sold, { ...paid, priceMicros: PRICE, type: 'click', occurredAt: NOON + 1 }),
    ];
    await workers[0].settle(await acceptBatch(app, events));
    expect(await reported(sold)).toMatchObject({ impressions: 1, clicks: 0, invalidClicks: 1, spendMicros: PRICE });
    expect(await findFaults(app.dataSource)).toEqual({});
  });

  it('are found by an index', async () => {
    const plan = await app.dataSource.transaction(async (tx) => {
      await tx.query('SET LOCAL enable_seqscan = off');
      return tx.query<unknown[]>(
        `EXPLAIN SELECT * FROM events WHERE type = 'click' AND member_id = 'x' AND occurred_at BETWEEN now() AND now()`,
      );
    });
    expect(JSON.stringify(plan)).toContain('events_clicks_by_member');
  });
});
