import { setTimeout } from 'node:timers/promises';
import { afterEach, beforeEach, describe, expect, it } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { BullJobQueue } from '../../src/platform/queue/bull-job-queue.js';
import { BreakableProxy } from '../servers/breakable-proxy.js';
import { createTestRedis, type TestRedis } from '../servers/test-redis.js';
import { eventually } from '../servers/test-app.js';

describe('the job queue', () => {
  let redis: TestRedis;
  let proxy: BreakableProxy;
  let queue: BullJobQueue<{ readonly n: number }>;

  beforeEach(async () => {
    Logger.overrideLogger(false);
    redis = await createTestRedis();
    proxy = await BreakableProxy.before(redis.url);
    queue = new BullJobQueue('test', proxy.url);
    await untilTaken('first');
  });

  afterEach(async () => {
    await proxy.cut();
    await queue.close();
    await redis.release();
  });

  const isTaken = (id: string): Promise<boolean> =>
    queue.add(id, { n: 0 }).then(
      () => true,
      () => false,
    );
  const untilTaken = (id: string): Promise<true> => eventually(async () => (await isTaken(id)) || null);

  it('refuses jobs at once while Redis is away, keeps none of them, and takes them again', async () => {
    await proxy.cut();
    await eventually(async () => {
      const start = performance.now();
      return !(await isTaken('lost')) && performance.now() - start < 1_000 ? true : null;
    });
    const start = performance.now();
    for (let n = 0; n < 1_000; n++) expect(await isTaken(`lost-${n}`)).toBe(false);
    // Far less than one time-out for each would take.
    expect(performance.now() - start).toBeLessThan(20_000);
    await proxy.mend();
    await untilTaken('last');
    const ids: string[] = [];
    queue.consume(1, ({ id }) => Promise.resolve(void ids.push(id)));
    await eventually(() => Promise.resolve(ids.includes('last') || null));
    expect(ids.filter((id) => id.startsWith('lost-'))).toEqual([]);
  });

  it('stops in an outage, whose end a running job can no longer be told', async () => {
    const begun = new Promise<void>((resolve) => {
      queue.consume(1, async () => {
        resolve();
        await setTimeout(300);
      });
    });
    await begun;
    await proxy.cut();
    await expect(queue.close()).resolves.toBeUndefined();
  });

  it('keeps few jobs for a Redis that does not answer', async () => {
    proxy.hang();
    const refusals = await Promise.all(
      Array.from({ length: 1_000 }, (_, n) =>
        queue.add(`hung-${n}`, { n }).then(
          () => 'taken',
          (error: Error) => error.message,
        ),
      ),
    );
    expect(refusals.filter((reason) => reason === 'The job queue does not answer').length).toBeGreaterThan(500);
    expect(refusals).not.toContain('taken');
  });
});
