import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { runAudit } from '../../src/delivery/audit/run-audit.js';
import { ExposureWriter } from '../../src/delivery/exposure/exposure-writer.js';
import { Settlement } from '../../src/delivery/settlement/settlement.js';
import { SystemClock } from '../../src/platform/clock.js';
import { startTestApp, type TestApp, type TestResponse } from '../servers/test-app.js';
import { acceptBatch, eventOf, LIMITS, NOON, sellCampaign, type SoldAdGroup } from './settlement-world.js';

describe('refunds', () => {
  let app: TestApp;
  let redis: Redis;
  let settlement: Settlement;
  let messages = 0;

  beforeAll(async () => {
    app = await startTestApp({ env: { ROLE: 'api' } });
    redis = new Redis(app.redisUrl);
    settlement = new Settlement(app.dataSource, new ExposureWriter(redis), new SystemClock(), LIMITS);
  });

  afterAll(async () => {
    const found = await runAudit(app.databaseUrl, { now: Date.now() });
    redis.disconnect();
    await app.close();
    expect(found.flatMap(({ examples }) => examples)).toEqual([]);
  });

  async function charge(sold: SoldAdGroup, priceMicros: number, occurredAt = NOON): Promise<void> {
    messages += 1;
    const event = eventOf(sold, { messageId: `refunded-${messages}`, priceMicros, occurredAt, decidedAt: occurredAt });
    await settlement.settle(await acceptBatch(app, [event]));
  }

  const refund = ({ advertiserId }: SoldAdGroup, fields: object, headers = {}): Promise<TestResponse> => {
    const body = { amountMicros: 1_000, reference: 'r-1', reason: '장애 보상', ...fields };
    return app.request('POST', `/v1/advertisers/${advertiserId}/refunds`, body, { headers });
  };

  async function balance({ advertiserId }: SoldAdGroup): Promise<unknown> {
    return (await app.request('GET', `/v1/advertisers/${advertiserId}/balance`)).body as unknown;
  }

  it('give charged money back once for each reference, and leave the spend of budgets as it is', async () => {
    const sold = await sellCampaign(app, { campaign: { budget: { dailyMicros: 3_000 } } });
    await charge(sold, 3_000);
    const first = await refund(sold, { campaignId: sold.campaignId, day: '2026-11-20' });
    expect(first).toMatchObject({
      status: 201,
      body: {
        amountMicros: 1_000,
        reason: '장애 보상',
        campaignId: sold.campaignId,
        adGroupId: null,
        day: '2026-11-20',
      },
    });
    const again = await refund(sold, { campaignId: sold.campaignId, day: '2026-11-20' });
    expect([again.status, again.body]).toEqual([201, first.body]);
    for (const other of [{ amountMicros: 999 }, { reason: 'x' }, { day: '2026-11-21' }, { campaignId: undefined }]) {
      const changed = await refund(sold, { campaignId: sold.campaignId, day: '2026-11-20', ...other });
      expect(changed).toMatchObject({ status: 409, body: { code: 'reference_reused' } });
    }
    expect(await balance(sold)).toMatchObject({
      balanceMicros: 999_998_000,
      spentMicros: 3_000,
      refundedMicros: 1_000,
    });
    await charge(sold, 1);
    expect(await balance(sold)).toMatchObject({ spentMicros: 3_000 });
  });

  it('never pass what was charged in their scope, less the refunds that overlap it', async () => {
    const sold = await sellCampaign(app);
    await charge(sold, 3_000);
    await charge(sold, 2_000, NOON + 86_400_000);
    const { campaignId, adGroupId } = sold;
    const tooMuch = async (fields: object): Promise<void> => {
      const answer = await refund(sold, { reference: 'too-much', ...fields });
      expect(answer).toMatchObject({ status: 422, body: { errors: [{ path: 'amountMicros' }] } });
    };
    await tooMuch({ amountMicros: 5_001 });
    await tooMuch({ amountMicros: 3_001, day: '2026-11-20' });
    await tooMuch({ amountMicros: 1, day: '2026-11-19' });
    expect((await refund(sold, { amountMicros: 2_500, adGroupId, day: '2026-11-20' })).body).toMatchObject({
      campaignId,
      adGroupId,
    });
    await tooMuch({ amountMicros: 501, campaignId, day: '2026-11-20' });
    await tooMuch({ amountMicros: 2_501 });
    expect((await refund(sold, { amountMicros: 2_000, campaignId, reference: 'r-2' })).status).toBe(201);
    await tooMuch({ amountMicros: 501 });
    expect((await refund(sold, { amountMicros: 500, reference: 'r-3' })).status).toBe(201);
    await tooMuch({ amountMicros: 1 });
    expect(await balance(sold)).toMatchObject({ balanceMicros: 1_000_000_000, refundedMicros: 5_000 });
  });

  it('that come at the same time give back no more than was charged', async () => {
    const sold = await sellCampaign(app);
    await charge(sold, 2_500);
    const answers = await Promise.all([1, 2, 3, 4].map((i) => refund(sold, { reference: `at-once-${i}` })));
    expect(answers.map(({ status }) => status).sort()).toEqual([201, 201, 422, 422]);
    expect(await balance(sold)).toMatchObject({ refundedMicros: 2_000 });
  });

  it('with one reference at the same time are one, with or without an Idempotency-Key', async () => {
    const sold = await sellCampaign(app);
    await charge(sold, 9_000);
    const key = { 'idempotency-key': `refund-${sold.advertiserId}` };
    const answers = await Promise.all([
      refund(sold, {}),
      refund(sold, {}),
      refund(sold, {}, key),
      refund(sold, {}, key),
    ]);
    for (const { status, body } of answers) expect([status, body]).toEqual([201, answers[0]?.body]);
    expect(await balance(sold)).toMatchObject({ refundedMicros: 1_000 });
  });

  it('name campaigns and ad groups of their own advertiser only', async () => {
    const [sold, other] = [await sellCampaign(app), await sellCampaign(app)];
    await charge(sold, 3_000);
    await charge(other, 3_000);
    for (const [fields, path] of [
      [{ campaignId: other.campaignId }, 'campaignId'],
      [{ campaignId: 'cmp_01KAN2ZAB3C5D7E9F1G3H5J7K9' }, 'campaignId'],
      [{ adGroupId: other.adGroupId }, 'adGroupId'],
      [{ campaignId: sold.campaignId, adGroupId: other.adGroupId }, 'adGroupId'],
    ] as const) {
      expect(await refund(sold, fields)).toMatchObject({ status: 422, body: { errors: [{ path }] } });
    }
    const nobody = { ...sold, advertiserId: 'adv_01KAN2Z5T8Q0V4W6X8Y0Z2B4D6' };
    expect((await refund(nobody, {})).status).toBe(404);
  });

  it.each([
    [{ amountMicros: 0 }, 'amountMicros'],
    [{ amountMicros: -5 }, 'amountMicros'],
    [{ amountMicros: 0.5 }, 'amountMicros'],
    [{ amountMicros: '5' }, 'amountMicros'],
    [{ amountMicros: 1e300 }, 'amountMicros'],
    [{ reason: undefined }, 'reason'],
    [{ reason: ' ' }, 'reason'],
    [{ reason: '\u202egnp' }, 'reason'],
    [{ reason: 'x'.repeat(501) }, 'reason'],
    [{ reference: '' }, 'reference'],
    [{ day: '2026-02-30' }, 'day'],
    [{ day: '2026-13-01' }, 'day'],
    [{ day: 'yesterday' }, 'day'],
    [{ day: '0000-01-01' }, 'day'],
    [{ day: null }, 'day'],
    [{ campaignId: "' OR 1=1 --" }, 'campaignId'],
    [{ currency: 'USD' }, 'currency'],
  ])('refuse %j at its path', async (fields, path) => {
    const sold = await sellCampaign(app);
    const { status, body } = await refund(sold, fields);
    expect({ status, path: body.errors[0].path }).toEqual({ status: 422, path });
    expect(await balance(sold)).toMatchObject({ refundedMicros: 0 });
  });

  it('stand in the ledger beside credits and charges, which an advertiser reads page by page', async () => {
    const sold = await sellCampaign(app);
    const credit = { amountMicros: 5_000, reference: 'gift', reason: '환영합니다' };
    const credited = await app.request('POST', `/v1/advertisers/${sold.advertiserId}/credits`, credit);
    expect(credited).toMatchObject({ status: 201, body: { reason: '환영합니다' } });
    await charge(sold, 3_000);
    await refund(sold, { adGroupId: sold.adGroupId });
    const { body: issued } = await app.request('POST', '/v1/api-keys', {
      role: 'advertiser',
      name: 'own',
      advertiserId: sold.advertiserId,
    });
    const entries: unknown[] = [];
    for (let cursor = ''; ;) {
      const path = `/v1/advertisers/${sold.advertiserId}/ledger?limit=2${cursor}`;
      const { status, body } = await app.request('GET', path, undefined, { key: issued.key });
      expect(status).toBe(200);
      entries.push(...body.data);
      if (body.nextCursor === null) break;
      cursor = `&cursor=${body.nextCursor}`;
    }
    const [campaignId, adGroupId, createdAt] = [sold.campaignId, sold.adGroupId, expect.any(String)];
    expect(entries).toMatchObject([
      { kind: 'credit', amountMicros: 1_000_000_000, reason: null, reference: 'first', campaignId: null, createdAt },
      { kind: 'credit', amountMicros: 5_000, reason: '환영합니다', reference: 'gift', day: null, createdAt },
      { kind: 'charge', amountMicros: 3_000, reason: null, campaignId, adGroupId, day: '2026-11-20', createdAt },
      { kind: 'refund', amountMicros: 1_000, reason: '장애 보상', campaignId, adGroupId, day: null, createdAt },
    ]);
  });
});
