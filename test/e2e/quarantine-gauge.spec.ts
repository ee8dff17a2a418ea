import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { CLOCK_MARGIN_MS, LONGEST_COMMIT_MS } from '../../src/delivery/delivery.api.js';
import { eventually, startTestApp, type TestApp } from '../servers/test-app.js';
import { at, createAdvertiser, createServingCampaign, match, untilKnown } from './fixtures.js';

const NOON = Date.parse('2026-11-20T03:00:00Z');
const HOLD_SECONDS = 600;

describe('the gauge of the quarantine after a loss of Redis', () => {
  let app: TestApp;
  let redis: Redis;

  beforeAll(async () => {
    app = await startTestApp({ env: { CLOCK: 'simulated' } });
    redis = new Redis(app.redisUrl);
    const { adGroupId } = await createServingCampaign(app, await createAdvertiser(app));
    await untilKnown(app, adGroupId);
  });

  afterAll(async () => {
    redis.disconnect();
    await app.close();
  });

  /** After a match at this time, from which a process learns of a loss, and how far settlement is. */
  async function secondsLeft(minutesAfterNoon: number): Promise<number> {
    const time = at(new Date(NOON + minutesAfterNoon * 60_000).toISOString());
    await match(app, 'member', {}, time);
    const { text } = await app.request('GET', '/metrics', undefined, time);
    return Number(/^matchum_exposure_quarantine_seconds (\S+)$/m.exec(text)?.[1]);
  }

  it('tells the seconds that are left, and 0 when ad groups with caps serve', async () => {
    expect(await secondsLeft(0)).toBe(0);
    await redis.flushdb();
    const left = await eventually(async () => {
      const seconds = await secondsLeft(0);
      return seconds > 0 && seconds;
    });
    const most = HOLD_SECONDS + (LONGEST_COMMIT_MS + CLOCK_MARGIN_MS) / 1000;
    expect(left).toBeGreaterThanOrEqual(HOLD_SECONDS);
    expect(left).toBeLessThanOrEqual(most);
    await eventually(async () => (await secondsLeft(5)) <= most - 300);
    expect(await secondsLeft(5)).toBeGreaterThanOrEqual(HOLD_SECONDS - 300);
    await eventually(async () => (await secondsLeft(12)) === 0);
  });
});
