import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { createAdvertiser, createServingCampaign, match, untilKnown } from '../e2e/fixtures.js';
import { untilSettling, whileSettlementHalts, whileSettlementWaits } from '../e2e/held-settlement.js';
import { findFaults } from '../e2e/settlement-oracle.js';
import { ProductProcess } from '../servers/product-process.js';
import { eventually, startTestApp, type TestApp } from '../servers/test-app.js';

jest.setTimeout(120_000);

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
  });

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

  async function kill(victims: readonly ProductProcess[]): Promise<void> {
    for (const victim of victims) victim.send('SIGKILL');
    await Promise.all(victims.map(({ ended }) => ended));
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

  it(
    'loses nothing and doubles nothing',
    async () => {
      // The first compiles what the others then find.
      const running = [await startWorker(), ...(await Promise.all([startWorker(), startWorker()]))];
      let isOver = false;
      const sending = sendEvents(() => isOver);
      // Before anything of a batch is written. Each of the three has batches in its hands.
      await whileSettlementWaits(api, advertisers[0] ?? '', async () => {
        await untilSettling(api, 3);
        await kill(running.slice(0, 1));
      });
      // Half-way: one of the two has written charges.
      await whileSettlementHalts(api, async () => {
        await untilSettling(api, 2);
        await kill(running.slice(1));
      });
      await startWorker();
      isOver = true;
      const accepted = await sending;
      await eventually(
        async () => (await count('SELECT count(*) FROM event_batches WHERE settled_at IS NULL')) === 0,
        RECOVERY_MS,
      );

      expect(accepted).toBeGreaterThan(100);
      expect(await count('SELECT count(*) FROM events')).toBe(accepted);
      expect(await count('SELECT sum(impressions + clicks)::bigint AS count FROM report_rows')).toBe(accepted);
      expect(await findFaults(api.dataSource)).toEqual({});
    },
    3 * RECOVERY_MS,
  );
});
