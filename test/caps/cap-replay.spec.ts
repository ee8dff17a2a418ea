import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createTestRedis, type TestRedis } from '../servers/test-redis.js';
import { replayCaps } from './cap-replay.js';

/** `npm run replay:caps` does the same with 200,000. */
const OPPORTUNITIES = 3_500;

describe('caps of every level', () => {
  let redis: TestRedis;

  beforeAll(async () => {
    redis = await createTestRedis();
  });

  afterAll(() => redis.release());

  it('let 8 clients at once show exactly what a naive count of each member allows', async () => {
    const result = await replayCaps({ redisUrl: redis.url, opportunities: OPPORTUNITIES, clients: 8, seed: 'caps' });
    expect(result).toMatchObject({ opportunities: OPPORTUNITIES, differences: 0, served: result.expected });
    for (const met of [result.served, result.impressions, result.capped, result.rebuilds]) {
      expect(met).toBeGreaterThan(50);
    }
  }, 120_000);
});
