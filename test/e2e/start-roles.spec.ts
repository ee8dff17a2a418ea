import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { ApiClient } from '../../src/commands/api-client.js';
import type { ServingPlan } from '../../src/commands/campaign-plan.js';
import { launchCampaigns } from '../../src/commands/launch-campaigns.js';
import { findFreePort } from '../../src/platform/embedded/free-port.js';
import type { ProductProcess } from '../servers/product-process.js';
import { createTestDatabase, type TestDatabase } from '../servers/test-database.js';
import { createTestRedis, type TestRedis } from '../servers/test-redis.js';
import { until } from '../servers/until.js';
import { beginUpload, type Message, ProductScene, report, untilReported } from './product-scene.js';

jest.setTimeout(180_000);

const ADMIN_KEY = 'mk_admin_of_the_roles';
const WON = 1_000_000;

describe('the product on servers of one’s own', () => {
  let scene: ProductScene;
  let database: TestDatabase;
  let redis: TestRedis;

  beforeAll(async () => {
    [scene, database, redis] = await Promise.all([ProductScene.open(), createTestDatabase(), createTestRedis()]);
  });

  afterAll(async () => {
    await scene.close();
    await Promise.all([database.drop(), redis.release()]);
  });

  function start(env: Readonly<Record<string, string>>): ProductProcess {
    const servers = { DATABASE_URL: database.url, REDIS_URL: redis.url };
    return scene.start({ ...servers, ADMIN_KEY, TOKEN_SECRETS: 'r1:a-secret-of-the-roles', ...env });
  }

  async function get(url: string): Promise<{ status: number; text: string }> {
    const response = await fetch(url);
    return { status: response.status, text: await response.text() };
  }

  it('settles by ROLE=worker what ROLE=api takes, and ends both at SIGTERM', async () => {
    const api = start({ ROLE: 'api' });
    const client = new ApiClient({ url: await api.untilUp(), key: ADMIN_KEY });
    await launchCampaigns(client, PLAN, { name: 'roles', onProgress: () => undefined });
    const body = { userId: 'member-1', placement: 'chat_list', chatCount: 42 };
    const { messages } = await client.post<{ messages: readonly Message[] }>('/v1/match', { body });
    expect(messages).toHaveLength(1);
    await report(client, messages, 'impression');
    expect((await get(`${client.url}/metrics`)).text).not.toMatch(/^matchum_settled_batches_total/m);

    const worker = start({ ROLE: 'worker' });
    const workerUrl = await worker.untilUp();
    await untilReported(client, 1);
    expect(await get(`${workerUrl}/health/ready`)).toMatchObject({ status: 200 });
    expect((await get(`${workerUrl}/metrics`)).text).toMatch(/^matchum_settled_batches_total\{outcome="settled"\} 1$/m);
    expect(await get(`${workerUrl}/v1/advertisers`)).toMatchObject({ status: 404 });
    for (const product of [api, worker]) {
      product.send('SIGTERM');
      expect(await product.ended).toEqual({ code: 0, signal: null });
      expect([product.troubles, product.stderr]).toEqual([[], '']);
    }
  });

  it('takes a SIGINT that arrives twice, as by Ctrl-C under npm, for one', async () => {
    const api = start({ ROLE: 'api' });
    const upload = await beginUpload(await api.untilUp(), ADMIN_KEY);
    api.send('SIGINT');
    await api.untilPrinted(/"msg":"stopping"/);
    api.send('SIGINT');
    expect(await upload.finish(['member-2'])).toBe(1);
    expect(await api.ended).toEqual({ code: 0, signal: null });
  });

  it('stops waiting for a request when it is told to a second time', async () => {
    const api = start({ ROLE: 'api' });
    const upload = await beginUpload(await api.untilUp(), ADMIN_KEY);
    await until('it ends', async () => {
      api.send('SIGINT');
      return api.hasEnded;
    });
    expect(await api.ended).toEqual({ code: 1, signal: null });
    await expect(upload.finish(['member-3'])).rejects.toThrow();
  });

  it('serves on when nobody reads its output, and waits for a request no longer than DRAIN_DEADLINE_MS', async () => {
    const port = await findFreePort();
    const product = start({ PORT: String(port), LOG_LEVEL: 'trace', DRAIN_DEADLINE_MS: '200' });
    product.child.stdout?.destroy();
    product.child.stderr?.destroy();
    const url = `http://127.0.0.1:${port}`;
    const ready = (): Promise<boolean> =>
      get(`${url}/health/ready`).then(
        ({ status }) => status === 200,
        () => false,
      );
    await until('it is ready', ready);
    for (let request = 0; request < 20; request++) expect(await ready()).toBe(true);
    const upload = await beginUpload(url, ADMIN_KEY);
    product.send('SIGTERM');
    expect(await product.ended).toEqual({ code: 0, signal: null });
    await expect(upload.finish(['member-4'])).rejects.toThrow();
  });
});

/** One ad group for everybody. */
const PLAN: ServingPlan = {
  advertisers: [{ name: '한빛전기차', currency: 'KRW', timeZone: 'Asia/Seoul', creditMicros: 1_000 * WON }],
  campaigns: [
    {
      advertiser: 0,
      name: '가을 시승',
      startsAt: '2026-01-01T00:00:00Z',
      budget: {},
      pacing: 'asap',
      frequencyCaps: [],
      adGroups: [
        {
          name: '모든 회원',
          targeting: {},
          bid: { model: 'cpm', amountMicros: 5_000 * WON },
          creatives: [
            {
              senderName: '한빛전기차',
              title: '이번 주말 시승하세요',
              body: '가까운 전시장에서 30분 시승을 예약할 수 있습니다.',
              callToAction: '시승 예약',
              landingUrl: 'https://example.com/ev',
            },
          ],
        },
      ],
    },
  ],
};
