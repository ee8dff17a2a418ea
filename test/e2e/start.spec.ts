import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { mkdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import type { ApiClient } from '../../src/commands/api-client.js';
import { DEMO_MEMBER } from '../../src/commands/demo/demo-member.js';
import { planDemo } from '../../src/commands/demo/plan-demo.js';
import type { ProductProcess } from '../servers/product-process.js';
import { until } from '../servers/until.js';
import { beginUpload, type Message, paste, ProductScene, report, untilReported } from './product-scene.js';

jest.setTimeout(180_000);

/** One story: each test goes on where the one before ended. */
describe('the product with its own servers', () => {
  let scene: ProductScene;
  let product: ProductProcess;
  let client: ApiClient;
  let shown: readonly Message[];

  beforeAll(async () => {
    scene = await ProductScene.open();
  });

  afterAll(() => scene.close());

  async function start(): Promise<void> {
    product = scene.start();
    client = await scene.client(await product.untilUp());
  }

  it('prints where it listens, the key, and a request that answers with sponsored messages as pasted', async () => {
    await start();
    expect(product.stdout).toMatch(new RegExp(`^ +Admin key +${await scene.adminKey()}$`, 'm'));
    const page = await fetch(await product.untilPrinted(/API page +(\S+)$/m));
    expect([page.status, page.headers.get('content-type')]).toEqual([200, expect.stringContaining('text/html')]);
    const { messages } = await paste(await product.untilPrinted(/^ +(curl .*)$/m));
    expect(messages).toHaveLength(3);
    shown = messages;
    expect(product.troubles).toEqual([]);
    expect(product.stderr).toBe('');
  });

  it('keeps what is secret from others', async () => {
    for (const name of ['admin-key', 'token-secret', 'postgres-password', 'redis-password']) {
      expect([name, (await stat(join(scene.dataDir, name))).mode & 0o777]).toEqual([name, 0o600]);
    }
  });

  it('comes back with all its data when everything was killed at once, and does not fill in the demo again', async () => {
    await report(client, shown, 'impression');
    const before = await untilReported(client, 3);
    await report(client, shown, 'click');
    await product.killWith(scene.dataDir);
    await start();
    expect(product.stdout).not.toContain('Filling');
    const after = await untilReported(client, 6);
    for (const { advertiserId } of shown) {
      const account = after.get(advertiserId);
      expect(account).toMatchObject({ impressions: 1, clicks: 1 });
      expect(account?.spendMicros).toBeGreaterThanOrEqual(before.get(advertiserId)?.spendMicros ?? NaN);
      const balance = await client.get(`/v1/advertisers/${advertiserId}/balance`);
      expect(balance).toMatchObject({ spentMicros: account?.spendMicros });
    }
    expect(await client.listAll('/v1/advertisers')).toHaveLength(50);
    expect((await paste(await product.untilPrinted(/^ +(curl .*)$/m))).messages).toHaveLength(3);
  });

  it.each([
    ['SIGTERM', 9],
    ['SIGINT', 12],
  ] as const)(
    'answers what has begun before it stops at %s, and loses no event that it took',
    async (signal, events) => {
      const { messages } = await client.post<{ messages: readonly Message[] }>('/v1/match', {
        body: { userId: DEMO_MEMBER, placement: 'chat_list', chatCount: 42 },
      });
      expect(messages).toHaveLength(3);
      const upload = await beginUpload(client.url, await scene.adminKey());
      await report(client, messages, 'impression');
      product.send(signal);
      await product.untilPrinted(/"msg":"stopping"/);
      expect(await upload.finish([`member-at-${signal}`])).toBe(1);
      await scene.expectCleanEnd(product);
      await start();
      await untilReported(client, events);
    },
  );
});

describe('the demo of a new database', () => {
  let scene: ProductScene;

  beforeAll(async () => {
    scene = await ProductScene.open();
  });

  afterAll(() => scene.close());

  /** Answers once a part of the demo is there. */
  async function startFilling(advertisers: number): Promise<ProductProcess> {
    const product = scene.start();
    await product.untilPrinted(/Filling/);
    const client = await scene.client(await product.untilPrinted(/Server listening at (http[^"]+)/));
    await until('some of the demo is there', async () => {
      return (await client.listAll('/v1/advertisers')).length >= advertisers;
    });
    return product;
  }

  it('is begun although the data directory remembers another one, whose files were removed', async () => {
    await mkdir(scene.dataDir);
    await writeFile(join(scene.dataDir, 'demo'), 'filled');
    const product = await startFilling(5);
    product.send('SIGINT');
    await scene.expectCleanEnd(product);
  });

  it('is completed, and nothing of it doubled, by the start after those that were cut off', async () => {
    await (await startFilling(20)).killWith(scene.dataDir);
    expect(await readFile(join(scene.dataDir, 'demo'), 'utf8')).toBe('begun');
    const product = scene.start();
    const client = await scene.client(await product.untilUp());
    const advertisers = await client.listAll<{ name: string }>('/v1/advertisers');
    expect([advertisers.length, new Set(advertisers.map(({ name }) => name)).size]).toEqual([50, 50]);
    expect(await client.listAll('/v1/campaigns')).toHaveLength(planDemo(1).campaigns.length);
    expect((await paste(await product.untilPrinted(/^ +(curl .*)$/m))).messages).toHaveLength(3);
    product.send('SIGTERM');
    await scene.expectCleanEnd(product);
  });
});
