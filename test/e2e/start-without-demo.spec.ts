import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import type { ProductProcess } from '../servers/product-process.js';
import { until } from '../servers/until.js';
import { ProductScene } from './product-scene.js';

jest.setTimeout(180_000);

/** One story: each test goes on where the one before ended. */
describe('the product with its own servers and DEMO=off', () => {
  let scene: ProductScene;
  let product: ProductProcess;

  beforeAll(async () => {
    scene = await ProductScene.open();
  });

  afterAll(() => scene.close());

  it('leaves nothing behind when its first start is broken off while the database is made', async () => {
    product = scene.start({ DEMO: 'off' });
    await until('the database is being made', () => exists(join(scene.dataDir, 'postgres.new')));
    product.send('SIGINT');
    await scene.expectCleanEnd(product);
    expect(product.stdout).not.toContain('Matchum listens');
  });

  it('starts empty after that', async () => {
    product = scene.start({ DEMO: 'off' });
    const client = await scene.client(await product.untilUp());
    expect(product.stdout).not.toContain('curl');
    expect(await client.listAll('/v1/advertisers')).toEqual([]);
    expect(await client.listAll('/v1/segments')).toEqual([]);
    expect(await exists(join(scene.dataDir, 'demo'))).toBe(false);
  });

  it('keeps a second product off its data directory, unharmed itself', async () => {
    const second = scene.start({ DEMO: 'off' });
    expect(await second.ended).toEqual({ code: 1, signal: null });
    expect(second.stderr).toContain(`${scene.dataDir} is in use by another Matchum (process ${product.child.pid})`);
    expect(second.stderr).not.toMatch(STACK);
    const client = await scene.client(await product.untilUp());
    await client.post('/v1/advertisers', { body: { name: '내 가게', currency: 'KRW', timeZone: 'Asia/Seoul' } });
    expect(product.troubles).toEqual([]);
  });

  it('stops at SIGTERM', async () => {
    product.send('SIGTERM');
    await scene.expectCleanEnd(product);
  });

  it('leaves nothing behind when it is told to stop as soon as its parts are built', async () => {
    product = scene.start({ DEMO: 'off' });
    await product.untilPrinted(/index is built/);
    product.send('SIGINT');
    await scene.expectCleanEnd(product);
  });

  it('is not filled with the demo later, since it is not empty', async () => {
    product = scene.start();
    const client = await scene.client(await product.untilUp());
    expect(product.stdout).not.toContain('curl');
    expect(await client.listAll('/v1/advertisers')).toMatchObject([{ name: '내 가게' }]);
    product.send('SIGTERM');
    await scene.expectCleanEnd(product);
  });
});

const STACK = /\n\s+at /;

function exists(path: string): Promise<boolean> {
  return stat(path).then(
    () => true,
    () => false,
  );
}
