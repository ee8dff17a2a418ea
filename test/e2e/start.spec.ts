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

  /** Resolves once a part of the demo is there. */
  async function startFilling(advertisers: number): Promise<void> {
    product = scene.start();
    await product.untilPrinted(/Filling/);
    client = await scene.client(await product.untilPrinted(/Server listening at (http[^"]+)/));
    await until('some of the demo is there', async () => {
      return (await client.listAll('/v1/advertisers')).length >= advertisers;
    });
  }

  it('begins its demo although the data directory remembers another one, whose files were removed', async () => {
    await mkdir(scene.dataDir);
    await writeFile(join(scene.dataDir, 'demo'), 'filled');
    await startFilling(5);
    product.send('SIGINT');
    await scene.expectCleanEnd(product);
  });

  it('completes the demo after starts that were cut off, and doubles nothing of it', async () => {
    await startFilling(20);
    await product.killWith(scene.dataDir);
    expect(await readFile(join(scene.dataDir, 'demo'), 'utf8')).toBe('begun');
    await start();
    const advertisers = await client.listAll<{ name: string }>('/v1/advertisers');
    expect([advertisers.length, new Set(advertisers.map(({ name }) => name)).size]).toEqual([50, 50]);
    expect(await client.listAll('/v1/campaigns')).toHaveLength(planDemo(1).campaigns.length);
  });

  it('prints where it listens, the key, and a request that answers with sponsored messages as pasted', async () => {
    expect(product.stdout).toMatch(new RegExp(`^ +Admin key +${await scene.adminKey()}$`, 'm'));
    const page = await fetch(await product.untilPrinted(/API page +(\S+)$/m));
    expect([page.status, page.headers.get('content-type')]).toEqual([200, expect.stringContaining('text/html')]);
    const { messages } = await paste(await product.untilPrinted(/^ +(curl .*)$/m));
    expect(messages).toHaveLength(3);
    shown = messages;
    scene.expectNoTrouble(product);
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

  it('answers what has begun before it stops at SIGTERM, and loses no event that it took', async () => {
    const { messages } = await client.post<{ messages: readonly Message[] }>('/v1/match', {
      body: { userId: DEMO_MEMBER, placement: 'chat_list', chatCount: 42 },
    });
    expect(messages).toHaveLength(3);
    const upload = await beginUpload(client.url, await scene.adminKey());
    await report(client, messages, 'impression');
    product.send('SIGTERM');
    await product.untilPrinted(/"msg":"stopping"/);
    expect(await upload.finish(['member-of-an-upload'])).toBe(1);
    await scene.expectCleanEnd(product);
    await start();
    await untilReported(client, 9);
  });
});
