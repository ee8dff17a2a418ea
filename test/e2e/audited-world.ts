import { expect } from '@jest/globals';
import { Redis } from 'ioredis';
import { ExposureWriter } from '../../src/delivery/exposure/exposure-writer.js';
import { Settlement } from '../../src/delivery/settlement/settlement.js';
import { SystemClock } from '../../src/platform/clock.js';
import type { VerifiedEvent } from '../../src/tracking/verified-event.js';
import { startTestApp, type TestApp } from '../servers/test-app.js';
import { creativeBody } from './fixtures.js';
import { acceptBatch, eventOf, LIMITS, NOON, sellCampaign, type SoldAdGroup } from './settlement-world.js';

/** A bit of all that the rules are about. The last batches stay unsettled, one of them parked. */
export async function fillWorld(databaseUrl: string): Promise<void> {
  const app = await startTestApp({ env: { ROLE: 'api' }, databaseUrl });
  const redis = new Redis(app.redisUrl);
  const settlement = new Settlement(app.dataSource, new ExposureWriter(redis), new SystemClock(), LIMITS);
  const settle = async (events: readonly VerifiedEvent[]): Promise<void> => {
    await settlement.settle(await acceptBatch(app, events));
  };
  try {
    await spendBudgets(app, settle);
    await raiseBudgets(app, settle);
    await clickAround(app, settle);
    await clickInvalidly(app, settle);
    await fillCaps(app, settle);
    await fillPlacements(app, settle);
    await lowerLimits(app, settle);
    const last = await sellCampaign(app);
    await acceptBatch(app, [eventOf(last, { messageId: 'unsettled' })]);
    const parked = await acceptBatch(app, [eventOf(last, { messageId: 'parked' })]);
    await app.dataSource.query(`UPDATE event_batches SET parked_at = received_at WHERE id = $1`, [parked]);
  } finally {
    redis.disconnect();
    await app.close();
  }
}

type Settle = (events: readonly VerifiedEvent[]) => Promise<void>;

async function spendBudgets(app: TestApp, settle: Settle): Promise<void> {
  const two = (sold: Parameters<typeof eventOf>[0], name: string, count = 2) =>
    settle(Array.from({ length: count }, (_, i) => eventOf(sold, { messageId: `${name}-${i}` })));
  const daily = await sellCampaign(app, { campaign: { name: 'daily', budget: { dailyMicros: 2_500 } } });
  await two(daily, 'daily', 3);
  await two(await sellCampaign(app, { campaign: { name: 'total', budget: { totalMicros: 2_500 } } }), 'total');
  await two(await sellCampaign(app, { adGroup: { name: 'group', dailyBudgetMicros: 2_500 } }), 'group');
  const refund = { amountMicros: 700, reference: 'r', reason: 'late', campaignId: daily.campaignId };
  const { status } = await app.request('POST', `/v1/advertisers/${daily.advertiserId}/refunds`, refund);
  expect(status).toBe(201);
}

/** What was spent up to the raise fits the budgets of before it, and all that was spent does not. */
async function raiseBudgets(app: TestApp, settle: Settle): Promise<void> {
  const low = { budget: { totalMicros: 1_500, dailyMicros: 1_500 } };
  const raised = await sellCampaign(app, { campaign: low, adGroup: { dailyBudgetMicros: 1_500 } });
  await settle([eventOf(raised, { messageId: 'before-raise' })]);
  for (const [path, limits] of [
    [`campaigns/${raised.campaignId}`, { budget: { totalMicros: 9_000, dailyMicros: 9_000 } }],
    [`ad-groups/${raised.adGroupId}`, { dailyBudgetMicros: 9_000 }],
  ] as const) {
    expect((await app.request('PATCH', `/v1/${path}`, limits)).status).toBe(200);
  }
  await settle([eventOf(raised, { messageId: 'after-raise' })]);
}

async function clickAround(app: TestApp, settle: Settle): Promise<void> {
  const hourly = [{ limit: 1, window: { length: 1, unit: 'hour', kind: 'rolling' } }];
  const capped = await sellCampaign(app, {
    campaign: { frequencyCaps: hourly },
    adGroup: { frequencyCaps: [{ limit: 1, window: { length: 1, unit: 'day', kind: 'calendar' } }] },
  });
  const of = (messageId: string, type: VerifiedEvent['type']) =>
    eventOf(capped, { messageId, type, chargedFor: 'click', priceMicros: 700 });
  await settle([of('early', 'click'), of('lost', 'click')]);
  await settle([of('clicked', 'impression'), of('clicked', 'click'), of('clicked', 'hide'), of('early', 'impression')]);
}

/** One member's clicks: a second before its impression would be within the skew of clocks, ten are not. */
async function clickInvalidly(app: TestApp, settle: Settle): Promise<void> {
  const sold = await sellCampaign(app);
  const reactions = { before: -10_000, soon: 50, first: 1_000, second: 2_000 };
  await settle(
    Object.entries(reactions).flatMap(([name, reactionMs]) => {
      const of = (type: VerifiedEvent['type'], occurredAt: number) =>
        eventOf(sold, { messageId: `click-${name}`, memberId: 'clicker', type, occurredAt, isTimeStated: true });
      const shownAt = NOON + 20_000;
      return [of('impression', shownAt), of('click', shownAt + reactionMs)];
    }),
  );
}

const DAY_MS = 86_400_000;
const HOUR_MS = 3_600_000;
const MIDNIGHT_IN_SEOUL = Date.parse('2026-11-20T15:00:00Z');

/** What one member saw; each message was decided when it was seen, but for what is said otherwise. */
function seenBy(memberId: string, seen: readonly (readonly [sold: SoldAdGroup, at: number, placement?: string])[]) {
  return seen.map(([sold, at, placement = 'chat_list'], i) =>
    eventOf(sold, { messageId: `${memberId}-${i}`, memberId, occurredAt: at, decidedAt: at, placement }),
  );
}

/** Members who saw just as much as caps of creatives and advertisers allow. */
async function fillCaps(app: TestApp, settle: Settle): Promise<void> {
  const once = [{ limit: 1, window: { length: 1, unit: 'day', kind: 'calendar' } }];
  const creative = await sellCampaign(app, { adGroup: { creatives: [creativeBody({ frequencyCaps: once })] } });
  const twice = [{ limit: 2, window: { length: 1, unit: 'hour', kind: 'rolling' } }];
  const advertiser = await sellCampaign(app, { advertiser: { frequencyCaps: twice } });
  await settle([
    ...seenBy('creative', [
      [creative, MIDNIGHT_IN_SEOUL - 1],
      [creative, MIDNIGHT_IN_SEOUL],
    ]),
    ...seenBy('advertiser', [
      [advertiser, NOON],
      [advertiser, NOON + 1],
      [advertiser, NOON + HOUR_MS],
    ]),
  ]);
}

async function putPlacement(app: TestApp, id: string, rules: object = {}): Promise<void> {
  const layout = { maxMessages: 3, firstPosition: 1, spacing: 6, refreshAfterSeconds: 300, holdSeconds: 600 };
  expect((await app.request('PUT', `/v1/placements/${id}`, { ...layout, ...rules })).status).toBe(200);
}

/** Members who saw just as much as placements allow, of one advertiser and of another. */
async function fillPlacements(app: TestApp, settle: Settle): Promise<void> {
  const [one, other] = [await sellCampaign(app), await sellCampaign(app)];
  const once = [{ limit: 1, window: { length: 1, unit: 'day', kind: 'calendar' } }];
  await putPlacement(app, 'capped', { frequencyCaps: once });
  await putPlacement(app, 'two_a_day', { maxPerMemberPerDay: 2 });
  await putPlacement(app, 'apart', { minGapSeconds: 600 });
  await putPlacement(app, 'one_of_each_a_day', { maxPerAdvertiserPerDay: 1 });
  await putPlacement(app, 'each_apart', { minAdvertiserGapSeconds: 600 });
  const midnight = Date.parse('2026-11-21T00:00:00Z');
  await settle([
    ...seenBy('placement', [
      [one, midnight - 1, 'capped'],
      [other, midnight, 'capped'],
      [other, midnight],
    ]),
    ...seenBy('member-load', [
      [one, NOON],
      [other, NOON + 1, 'two_a_day'],
      [one, NOON + DAY_MS, 'two_a_day'],
    ]),
    ...seenBy('member-gap', [
      [one, NOON],
      [other, NOON + 600_000, 'apart'],
      [one, NOON + 600_000, 'apart'],
    ]),
    ...seenBy('advertiser-load', [
      [one, NOON],
      [other, NOON + 1, 'one_of_each_a_day'],
      [one, NOON + DAY_MS, 'one_of_each_a_day'],
    ]),
    ...seenBy('advertiser-gap', [
      [one, NOON],
      [other, NOON + 1, 'each_apart'],
      [one, NOON + 600_000, 'each_apart'],
    ]),
  ]);
}

/** What was delivered before limits were lowered keeps to the earlier ones. */
async function lowerLimits(app: TestApp, settle: Settle): Promise<void> {
  const lowered = await sellCampaign(app, {
    campaign: { budget: { dailyMicros: 10_000 }, frequencyCaps: [{ limit: 3, window: 'lifetime' }] },
  });
  await putPlacement(app, 'lowered');
  const times = [NOON, NOON + 20_000, NOON + 40_000];
  await settle(
    seenBy(
      'faithful',
      times.map((at) => [lowered, at, 'lowered'] as const),
    ),
  );
  const frequencyCaps = [{ limit: 1, window: 'lifetime' }];
  const { advertiserId, campaignId, creativeId } = lowered;
  for (const [path, limits] of [
    [`campaigns/${campaignId}`, { budget: { dailyMicros: 1_000 }, frequencyCaps }],
    [`creatives/${creativeId}`, { frequencyCaps }],
    [`advertisers/${advertiserId}`, { frequencyCaps }],
  ] as const) {
    expect((await app.request('PATCH', `/v1/${path}`, limits)).status).toBe(200);
  }
  const [most, gap] = [1, 3_600];
  await putPlacement(app, 'lowered', {
    ...{ frequencyCaps, maxPerMemberPerDay: most, maxPerAdvertiserPerDay: most },
    ...{ minGapSeconds: gap, minAdvertiserGapSeconds: gap },
  });
}
