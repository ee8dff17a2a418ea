import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { LONGEST_COMMIT_MS } from '../../src/delivery/delivery.api.js';
import { EPOCH_KEY, exposureKey } from '../../src/delivery/exposure/exposure-scripts.js';
import { eventually, startTestApp, type TestApp } from '../servers/test-app.js';
import {
  at,
  createAdvertiser,
  createServingCampaign,
  creativeBody,
  impressions,
  match,
  untilKnown,
  untilSettled,
  WON,
} from './fixtures.js';
import { whileSettlementWaits } from './held-settlement.js';

interface Message {
  readonly adGroupId: string;
  readonly token: string;
}

const NOON = '2026-11-20T03:00:00Z';
const CLOCK = { env: { CLOCK: 'simulated' } };

function later(start: string, minutes: number): string {
  return new Date(Date.parse(start) + minutes * 60_000).toISOString();
}

describe('frequency caps in a fleet of two', () => {
  let fleet: readonly [TestApp, TestApp];
  let app: TestApp;
  let redis: Redis;

  beforeAll(async () => {
    app = await startTestApp(CLOCK);
    fleet = [app, await startTestApp({ ...CLOCK, sharing: app })];
    redis = new Redis(app.redisUrl);
  });

  afterAll(async () => {
    redis.disconnect();
    await fleet[1].close();
    await app.close();
  });

  /** A campaign that only members of this carrier see, so that those of several tests do not compete. */
  async function serve(carrier: string, fields: object, adGroup: object = {}) {
    const advertiserId = await createAdvertiser(app, { name: carrier });
    const campaign = await createServingCampaign(
      app,
      advertiserId,
      { startsAt: '2012-01-01T00:00:00Z', ...fields },
      { targeting: { carrier: [carrier] }, ...adGroup },
    );
    await untilServed(campaign.adGroupId, carrier);
    return campaign;
  }

  async function untilServed(adGroupId: string, carrier: string): Promise<void> {
    for (const one of fleet) await untilKnown(one, adGroupId, at(NOON), { context: { carrier } });
  }

  /** `count` matches of one member at once, spread over the fleet. */
  async function matchAtOnce(count: number, userId: string, carrier: string, time = NOON): Promise<Message[]> {
    const answers = await Promise.all(
      Array.from({ length: count }, (_, i) =>
        match(fleet[i % 2] as TestApp, userId, { maxMessages: 1, context: { carrier } }, at(time)),
      ),
    );
    for (const { status } of answers) expect(status).toBe(200);
    return answers.flatMap(({ body }) =>
      (body.messages as Message[]).map(({ adGroupId, token }) => ({ adGroupId, token })),
    );
  }

  async function show(messages: readonly Message[], time = NOON): Promise<void> {
    const { status, body } = await app.request('POST', '/v1/events', impressions(messages), at(time));
    expect(status).toBe(202);
    expect(body.results).toEqual(messages.map(() => ({ status: 'accepted' })));
  }

  const HOUR = { length: 1, unit: 'hour' } as const;
  const DAY = { length: 1, unit: 'day' } as const;

  it.each([
    ['rolling hour', 'campaign', { ...HOUR, kind: 'rolling' }],
    ['rolling hour', 'ad group', { ...HOUR, kind: 'rolling' }],
    ['calendar hour', 'campaign', { ...HOUR, kind: 'calendar' }],
    ['calendar day', 'ad group', { ...DAY, kind: 'calendar' }],
    ['calendar day', 'campaign', { ...DAY, kind: 'calendar' }],
    ['lifetime', 'ad group', 'lifetime'],
    ['lifetime', 'campaign', 'lifetime'],
  ])(
    'give 64 matches at once no more than a cap of a %s of the %s allows, also once they are seen',
    async (name, scope, window) => {
      const frequencyCaps = [{ limit: 3, window }];
      const carrier = `${name} ${scope}`.replaceAll(' ', '-');
      await serve(
        carrier,
        scope === 'campaign' ? { frequencyCaps } : {},
        scope === 'campaign' ? {} : { frequencyCaps },
      );
      const placed = await matchAtOnce(64, carrier, carrier);
      expect(placed).toHaveLength(3);
      const [first, ...others] = placed;
      await show(first === undefined ? [] : [first]);
      const [whileSettling] = await Promise.all([matchAtOnce(16, carrier, carrier), show(others)]);
      expect(whileSettling).toEqual([]);
      await untilSettled(app);
      expect(await matchAtOnce(16, carrier, carrier)).toEqual([]);
    },
  );

  it('hold an ad group to its own cap and to that of its campaign', async () => {
    const carrier = 'both';
    const lifetime = (limit: number) => [{ limit, window: 'lifetime' }];
    const first = await serve(carrier, { frequencyCaps: lifetime(3) }, { frequencyCaps: lifetime(2) });
    const group = await app.request('POST', `/v1/campaigns/${first.campaignId}/ad-groups`, {
      name: 'second',
      targeting: { carrier: [carrier] },
      bid: { model: 'cpm', amountMicros: 4_000 * WON },
      frequencyCaps: lifetime(2),
      creatives: [creativeBody()],
    });
    expect(group.status).toBe(201);
    const [creative] = group.body.creatives;
    await app.request('POST', `/v1/creatives/${creative.id}/approve`, {});
    await untilServed(group.body.id as string, carrier);
    const placed = await matchAtOnce(32, 'both', carrier);
    const adGroups = placed.map(({ adGroupId }) => adGroupId);
    expect(adGroups.filter((id) => id === first.adGroupId)).toHaveLength(2);
    expect(adGroups.filter((id) => id === group.body.id)).toHaveLength(1);
  });

  it('count holds and what was seen also when simulated time goes back by years', async () => {
    const carrier = 'in-2012';
    const { advertiserId } = await serve(carrier, {
      frequencyCaps: [{ limit: 1, window: { ...DAY, kind: 'calendar' } }],
    });
    const then = '2012-06-06T03:00:00Z';
    const placed = await matchAtOnce(1, carrier, carrier, then);
    expect(placed).toHaveLength(1);
    expect(await matchAtOnce(4, carrier, carrier, later(then, 9))).toHaveLength(0);
    await whileSettlementWaits(app, advertiserId, async () => {
      await show(placed, later(then, 9));
      expect(await untilLagging(later(then, 10))).toBeGreaterThan(0);
      expect(await matchAtOnce(4, carrier, carrier, later(then, 11))).toHaveLength(0);
    });
  });

  it('count what was seen while the worker lags behind, however long', async () => {
    const carrier = 'lagging';
    const { advertiserId } = await serve(carrier, { frequencyCaps: [{ limit: 1, window: 'lifetime' }] });
    await whileSettlementWaits(app, advertiserId, async () => {
      await show(await matchAtOnce(1, carrier, carrier));
      expect(await untilLagging(later(NOON, 1))).toBeGreaterThan(0);
      expect(await matchAtOnce(8, carrier, carrier, later(NOON, 60))).toHaveLength(0);
    });
    await untilSettled(app);
    expect(await matchAtOnce(8, carrier, carrier, later(NOON, 120))).toHaveLength(0);
  });

  it('count events that are not settled when a state is built anew', async () => {
    const carrier = 'rebuilt';
    const { advertiserId } = await serve(carrier, { frequencyCaps: [{ limit: 2, window: 'lifetime' }] });
    await whileSettlementWaits(app, advertiserId, async () => {
      await show(await matchAtOnce(2, carrier, carrier));
      await redis.del(exposureKey(carrier));
      expect(await matchAtOnce(8, carrier, carrier)).toHaveLength(0);
    });
  });

  /** Waits until every process has seen that something is not settled. */
  async function untilLagging(time: string): Promise<number> {
    const lags = fleet.map((one) =>
      eventually(async () => {
        const { text } = await one.request('GET', '/metrics', undefined, at(time));
        const lag = Number(/^matchum_settlement_lag_seconds (\S+)$/m.exec(text)?.[1]);
        return lag > 0 && lag;
      }),
    );
    return Math.min(...(await Promise.all(lags)));
  }

  describe('when Redis loses all its data', () => {
    /** Rank below the capped ones. */
    const UNCAPPED = { bid: { model: 'cpm', amountMicros: 2_000 * WON } };

    /** Waits until each process places this ad group. */
    async function untilPlaced(adGroupId: string, carrier: string, time: string): Promise<void> {
      for (const [i, one] of fleet.entries()) {
        await eventually(async () => {
          const { body } = await match(
            one,
            `somebody-${carrier}-${i}`,
            { maxMessages: 1, context: { carrier } },
            at(time),
          );
          return body.messages[0]?.adGroupId === adGroupId;
        });
      }
    }

    /** Until what has no caps is placed again, which is at once; then the member gets it, too. */
    async function loseEverything(uncapped: string, userId: string, carrier: string, time: string): Promise<void> {
      await redis.flushdb();
      await untilPlaced(uncapped, carrier, time);
      expect((await matchAtOnce(1, userId, carrier, time)).map(({ adGroupId }) => adGroupId)).toEqual([uncapped]);
    }

    it('counts what was seen before, and what is seen of the holds that were lost', async () => {
      const carrier = 'lost';
      const start = later(NOON, 24 * 60);
      const capped = await serve(carrier, { frequencyCaps: [{ limit: 3, window: 'lifetime' }] });
      const uncapped = await serve(carrier, {}, UNCAPPED);
      const [first, second] = (await matchAtOnce(2, carrier, carrier, start)) as [Message, Message];
      expect([first.adGroupId, second.adGroupId]).toEqual([capped.adGroupId, capped.adGroupId]);
      await show([first], start);
      await loseEverything(uncapped.adGroupId, carrier, carrier, later(start, 1));
      const waiting = await matchAtOnce(8, carrier, carrier, later(start, 9));
      expect(waiting.map(({ adGroupId }) => adGroupId)).toEqual(waiting.map(() => uncapped.adGroupId));
      await show([second], later(start, 9));
      await untilSettled(app);

      const after = await eventually(async () => {
        const placed = await matchAtOnce(16, carrier, carrier, later(start, 12));
        const ofCapped = placed.filter(({ adGroupId }) => adGroupId === capped.adGroupId);
        return ofCapped.length > 0 && ofCapped;
      });
      expect(after).toHaveLength(1);
      const more = await matchAtOnce(16, carrier, carrier, later(start, 12));
      expect(more.filter(({ adGroupId }) => adGroupId === capped.adGroupId)).toHaveLength(0);
    });

    /** Waits until the life after a loss has begun: simulated time must not run ahead of it. */
    async function untilBegun(): Promise<void> {
      await eventually(async () => (await redis.exists(EPOCH_KEY)) === 1);
    }

    it('places no more than a cap allows when it happens amid 64 matches', async () => {
      const carrier = 'lost-amid';
      const start = later(NOON, 36 * 60);
      const capped = await serve(carrier, { frequencyCaps: [{ limit: 3, window: 'lifetime' }] });
      await untilPlaced(capped.adGroupId, carrier, start);
      const [, placed] = await Promise.all([redis.flushdb(), matchAtOnce(64, carrier, carrier, start)]);
      await untilBegun();
      await redis.flushdb();
      placed.push(...(await matchAtOnce(16, carrier, carrier, later(start, 1))));
      expect(placed.length).toBeLessThanOrEqual(3);
      if (placed.length > 0) await show(placed, later(start, 2));
      await untilBegun();
      await eventually(async () => {
        placed.push(...(await matchAtOnce(16, carrier, carrier, later(start, 15))));
        return placed.length >= 3;
      });
      placed.push(...(await matchAtOnce(16, carrier, carrier, later(start, 15))));
      expect(placed).toHaveLength(3);
    });

    it('waits with what has caps until the lost holds that were seen are settled, too', async () => {
      const carrier = 'lost-and-lagging';
      const start = later(NOON, 48 * 60);
      const capped = await serve(carrier, { frequencyCaps: [{ limit: 1, window: 'lifetime' }] });
      const uncapped = await serve(carrier, {}, UNCAPPED);
      await untilPlaced(capped.adGroupId, carrier, start);
      const placed = await matchAtOnce(1, carrier, carrier, start);
      expect(placed.map(({ adGroupId }) => adGroupId)).toEqual([capped.adGroupId]);
      await loseEverything(uncapped.adGroupId, carrier, carrier, later(start, 1));
      await whileSettlementWaits(app, capped.advertiserId, async () => {
        await show(placed, later(start, 9));
        expect(await untilLagging(later(start, 10))).toBeGreaterThan(0);
        const others = await matchAtOnce(8, carrier, carrier, later(start, 30));
        expect(others.map(({ adGroupId }) => adGroupId)).toEqual(others.map(() => uncapped.adGroupId));
      });
    });
  });

  it('keep the state of a member who asks without end small, and go on once its holds have expired', async () => {
    const carrier = 'endless';
    await serve(carrier, {});
    const first = await matchAtOnce(270, carrier, carrier);
    expect(first).toHaveLength(256);
    const size = await redis.strlen(exposureKey(carrier));
    expect(await matchAtOnce(20, carrier, carrier)).toEqual([]);
    expect(await redis.strlen(exposureKey(carrier))).toBe(size);
    expect(await matchAtOnce(1, carrier, carrier, later(NOON, 11))).toHaveLength(1);
  });

  // The last one, since a loss of Redis now is waited out for a day.
  it('keep a member’s holds in mind for longer than the longest of them lasts', async () => {
    const carrier = 'day-long';
    await serve(carrier, {});
    const rules = { maxMessages: 1, firstPosition: 0, spacing: 0, refreshAfterSeconds: 60, holdSeconds: 86_400 };
    expect((await app.request('PUT', '/v1/placements/day_long', rules)).status).toBe(200);
    await match(app, carrier, { placement: 'day_long', context: { carrier } }, at(NOON));
    expect(await redis.pttl(exposureKey(carrier))).toBeGreaterThan(86_400_000 + LONGEST_COMMIT_MS);
  });
});
