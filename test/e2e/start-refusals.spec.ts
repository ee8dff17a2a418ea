import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { type AddressInfo, createServer } from 'node:net';
import { dirname, join } from 'node:path';
import type { ProductProcess } from '../servers/product-process.js';
import { createTestDatabase, type TestDatabase } from '../servers/test-database.js';
import { createTestRedis, type TestRedis } from '../servers/test-redis.js';
import { ProductScene } from './product-scene.js';

jest.setTimeout(180_000);

const PASSWORD = 'hunter2-and-then-some';

describe('a start that cannot succeed ends with code 1, and says what to do about', () => {
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

  function startOnTestServers(env: Readonly<Record<string, string>>): ProductProcess {
    return scene.start({ DATABASE_URL: database.url, REDIS_URL: redis.url, LOG_LEVEL: 'error', ...env });
  }

  /** Its standard error, which is for a person: without a stack. */
  async function complaintOf(product: ProductProcess): Promise<string> {
    expect(await product.ended).toEqual({ code: 1, signal: null });
    expect(product.stdout).not.toContain('Matchum listens');
    for (const output of [product.stdout, product.stderr]) {
      expect(output).not.toMatch(/\n\s+at /);
      expect(output).not.toContain(PASSWORD);
    }
    return product.stderr;
  }

  it('all faults of its configuration at once', async () => {
    const complaint = await complaintOf(
      scene.start({
        PORT: '70000',
        ROLE: 'both',
        DATABASE_URL: `mysql://u:${PASSWORD}@db/m`,
        ADMIN_KEY: 'short',
        DEMO: '',
      }),
    );
    const named = [...complaint.matchAll(/^ {2}- ([A-Z_]+) must /gm)].map(([, name]) => name);
    expect(named.sort()).toEqual(['ADMIN_KEY', 'DATABASE_URL', 'PORT', 'ROLE']);
  });

  it('a port that is in use', async () => {
    const occupant = createServer().listen(0, '127.0.0.1');
    await once(occupant, 'listening');
    const { port } = occupant.address() as AddressInfo;
    const complaint = await complaintOf(startOnTestServers({ PORT: String(port) })).finally(() => occupant.close());
    expect(complaint).toContain(`127.0.0.1:${port}`);
    expect(complaint).toContain('Set PORT');
  });

  it('an address that this machine does not have', async () => {
    const complaint = await complaintOf(startOnTestServers({ HOST: '203.0.113.7' }));
    expect(complaint).toContain('203.0.113.7');
    expect(complaint).toContain('Set HOST');
  });

  it('a database where nobody listens', async () => {
    const url = `postgres://matchum:${PASSWORD}@localhost:1/matchum`;
    const complaint = await complaintOf(startOnTestServers({ DATABASE_URL: url }));
    expect(complaint).toContain('DATABASE_URL');
    expect(complaint).toContain('localhost:1/matchum');
  });

  it('a data directory that is none', async () => {
    const DATA_DIR = join(dirname(scene.dataDir), 'file');
    await writeFile(DATA_DIR, '');
    const complaint = await complaintOf(scene.start({ DATA_DIR }));
    expect(complaint).toContain(DATA_DIR);
    expect(complaint).toContain('DATA_DIR must');
  });

  it('a Redis that is nowhere to be found', async () => {
    const complaint = await complaintOf(scene.start({ PATH: dirname(scene.dataDir) }));
    expect(complaint).toContain('npm run setup');
    expect(complaint).toContain('REDIS_URL');
  });
});
