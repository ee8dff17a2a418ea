import { describe, expect, it, jest } from '@jest/globals';
import { ExposureStore } from '../../src/delivery/delivery.api.js';
import { BreakableProxy } from '../servers/breakable-proxy.js';
import { eventually, startTestApp } from '../servers/test-app.js';
import { createTestRedis } from '../servers/test-redis.js';
import { createServingCampaign } from './fixtures.js';

describe('an explanation among very many', () => {
  it('waits its turn behind two others, and is refused where too many wait', async () => {
    const app = await startTestApp();
    try {
      const exposure = app.app.get(ExposureStore, { strict: false });
      const going: (() => void)[] = [];
      const read = exposure.read.bind(exposure);
      const reads = jest.spyOn(exposure, 'read').mockImplementation(async (...asked) => {
        await new Promise<void>((resolve) => going.push(resolve));
        return read(...asked);
      });
      const ask = () => app.request('POST', '/v1/match/explain', { userId: 'm', placement: 'chat_list', chatCount: 9 });
      const answers = Array.from({ length: 60 }, ask);
      const refused = await Promise.any(answers);
      expect(refused).toMatchObject({ status: 503, body: { code: 'unavailable' } });
      expect(reads).toHaveBeenCalledTimes(2);
      reads.mockRestore();
      for (const go of going) go();
      const statuses = (await Promise.all(answers)).map(({ status }) => status);
      expect([statuses.filter((one) => one === 200).length, statuses.filter((one) => one === 503).length]).toEqual([
        52, 8,
      ]);
    } finally {
      await app.close();
    }
  });
});

describe.each(['cut', 'hang'] as const)('an explanation while Redis is away (%s)', (way) => {
  it('is unavailable, and there again as soon as Redis is', async () => {
    const redis = await createTestRedis();
    const proxy = await BreakableProxy.before(redis.url);
    const app = await startTestApp({ redisUrl: proxy.url });
    try {
      const advertiser = await app.request('POST', '/v1/advertisers', { name: 'a', currency: 'KRW', timeZone: 'UTC' });
      const { adGroupId } = await createServingCampaign(app, advertiser.body.id as string);
      const ask = () =>
        app.request('POST', '/v1/match/explain', { userId: 'm', placement: 'chat_list', chatCount: 42 });
      await eventually(async () => (await ask()).body.candidates?.[0]?.reason === 'balance');
      await proxy[way]();
      for (let i = 0; i < 3; i++) {
        const answer = await ask();
        expect(answer).toMatchObject({ status: 503, body: { code: 'unavailable' } });
        expect(Number(answer.headers.get('retry-after'))).toBeGreaterThan(0);
      }
      await proxy.mend();
      const { body } = await eventually(async () => {
        const answer = await ask();
        expect([200, 503]).toContain(answer.status);
        return answer.status === 200 && answer;
      });
      expect(body.candidates).toMatchObject([{ adGroupId, reason: 'balance' }]);
    } finally {
      await proxy.mend();
      await app.close();
      await proxy.cut();
      await redis.release();
    }
  }, 60_000);
});
