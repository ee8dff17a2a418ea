import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { createAdvertiser, createServingCampaign, match, untilKnown } from '../e2e/fixtures.js';
import { whileSettlementWaits } from '../e2e/held-settlement.js';
import { findFaults } from '../e2e/settlement-oracle.js';
import { ProductProcess } from '../servers/product-process.js';
import { eventually, startTestApp, type TestApp } from '../servers/test-app.js';

/** Workers that die in mid-batch. */
const VICTIMS = 3;
const RECOVERY_MS = 60_000;

describe('a worker that is killed in mid-batch, again and again', () => {
  let api: TestApp;
  let dataDir: string;
  const advertisers: string[] = [];
  const workers: ProductProcess[] = [];

  beforeAll(async () => {
    dataDir = await mkdtemp(join(tmpdir(), 'matchum-chaos-'));
    api = await startTestApp({ env: { ROLE: 'api' } });
    for (const name of ['First', 'Second', 'Third']) {
      const advertiserId = await createAdvertiser(api, { name });
      advertisers.push(advertiserId);
      const { adGroupId } = await createServingCampaign(api, advertiserId);
      await untilKnown(api, adGroupId);
    }
  }, 60_000);

  afterAll(async () => {
    for (const worker of workers) worker.send('SIGKILL');
    await Promise.all(workers.map(({ ended }) => ended));
    await api.close();
    await rm(dataDir, { recursive: true, force: true });
  });

  async function startWorker(): Promise<ProductProcess> {
    const worker = new ProductProcess({
      ROLE: 'worker',
      DATABASE_URL: api.databaseUrl,
      REDIS_URL: api.redisUrl,
      DATA_DIR: dataDir,
      LOG_LEVEL: 'error',
    });
    workers.push(worker);
    await worker.untilUp();
    return worker;
  }

  /** Sends events until it is told to stop; answers how many were accepted. */
  async function sendEvents(isOver: () => boolean): Promise<number> {
    let accepted = 0;
    for (let member = 0; !isOver(); member++) {
      const { body } = await match(api, `member-${member}`);
      const events = (body.messages as { token: string }[]).flatMap(({ token }, i) => [
        ...(i % 2 === 0 ? [{ type: 'click', token }] : []),
        { type: 'impression', token },
      ]);
      const { body: answer } = await api.request('POST', '/v1/events', { events });
      for (const { status } of answer.results as { status: string }[]) if (status === 'accepted') accepted++;
    }
    return accepted;
  }

  async function count(sql: string): Promise<number> {
    const [row] = await api.dataSource.query<{ count: number }[]>(sql);
    return row?.count ?? NaN;
  }

  /** Settlements that have begun: they wait for the account that the test has locked. */
  async function untilSettling(most: number): Promise<void> {
    await eventually(async () => {
      const waiting = await count(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'",
      );
      return waiting >= most;
    });
  }

  it(
    'loses nothing and doubles nothing',
    async () => {
      const running = await Promise.all(Array.from({ length: VICTIMS }, startWorker));
      console.log('up', performance.now());
      let isOver = false;
      const sending = sendEvents(() => isOver);
      for (const [i, victim] of running.entries()) {
        await whileSettlementWaits(api, advertisers[i % advertisers.length] ?? '', async () => {
          // Each worker that is left has four batches in its hands, the one that dies among them.
          await untilSettling(Math.min(4 * (VICTIMS - i), 8));
          victim.send('SIGKILL');
          await victim.ended;
        });
      }
      console.log('killed', performance.now());
      await startWorker();
      console.log('new', performance.now());
      isOver = true;
      const accepted = await sending;
      await eventually(
        async () => (await count('SELECT count(*) FROM event_batches WHERE settled_at IS NULL')) === 0,
        RECOVERY_MS,
      );

      console.log('settled', performance.now(), accepted);
      expect(accepted).toBeGreaterThan(100);
      expect(await count('SELECT count(*) FROM events')).toBe(accepted);
      expect(await count('SELECT sum(impressions + clicks)::bigint AS count FROM report_rows')).toBe(accepted);
      expect(await findFaults(api.dataSource)).toEqual({});
    },
    3 * RECOVERY_MS,
  );
});
