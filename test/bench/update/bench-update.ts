/**
 * How long a change takes to be in force: from the commit of a pause until the last answer is there that still placed the
 * campaign, whenever it was asked for: `npm run bench:update -- --help`.
 */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import pg from 'pg';
import { ProgressDisplay } from '../../../src/commands/progress.js';
import { migrateDatabase } from '../../../src/platform/database/migrate.js';
import { EmbeddedServers } from '../../../src/platform/embedded/embedded-servers.js';
import { findFreePort } from '../../../src/platform/embedded/free-port.js';
import { seed } from '../http/seed.js';
import { ServerProcess } from '../http/server-process.js';
import { printTable, short, writeReport } from '../report.js';

const KEY = 'mk_admin_of_the_benchmark';
const HEADERS = { authorization: `Bearer ${KEY}`, 'content-type': 'application/json' };
/** Questions on their way at any time, one after the other each. */
const ASKERS = 4;
/** After a pause, decisions are watched for this long: twice what the poll behind the notifications takes. */
const WATCHED_MS = 1_200;
const HIGHEST_BID_MICROS = 1_000_000_000_000;

const HELP = `Usage: npm run bench:update -- [options]
From the commit of a pause until the last answer is there that still holds the ad group, whenever it was asked for.
  --ad-groups N   default 100000
  --pauses N      default 50
  --out FILE      where the figures go as JSON; default bench-results/update.json
`;

const { values } = parseArgs({
  options: {
    'ad-groups': { type: 'string', default: '100000' },
    pauses: { type: 'string', default: '50' },
    out: { type: 'string', default: 'bench-results/update.json' },
    help: { type: 'boolean', default: false },
  },
});
const progress = new ProgressDisplay();

interface Seen {
  readonly answeredAt: number;
  readonly campaignIds: readonly string[];
}

/** Asks without end for members who were not asked about before; tells what each answer placed. */
class Watcher {
  private readonly seen: Seen[] = [];
  private isStopped = false;
  private next = 0;
  private readonly asking: Promise<void>;

  constructor(private readonly url: string) {
    this.asking = Promise.all(Array.from({ length: ASKERS }, () => this.ask())).then(() => undefined);
  }

  /** When the last answer was there that still placed the campaign; −Infinity: none did. */
  lastPlaced(campaignId: string): number {
    const placed = this.seen.filter(({ campaignIds }) => campaignIds.includes(campaignId));
    return Math.max(-Infinity, ...placed.map(({ answeredAt }) => answeredAt));
  }

  async stop(): Promise<void> {
    this.isStopped = true;
    await this.asking;
  }

  private async ask(): Promise<void> {
    while (!this.isStopped) {
      const body = JSON.stringify({ userId: `nobody-${this.next++}`, placement: 'chat_list', chatCount: 42 });
      const response = await fetch(`${this.url}/v1/match`, { method: 'POST', headers: HEADERS, body });
      const { messages } = (await response.json()) as { messages: { campaignId: string }[] };
      this.seen.push({ answeredAt: performance.now(), campaignIds: messages.map(({ campaignId }) => campaignId) });
    }
  }
}

const pause = (ms: number): Promise<void> => new Promise((resolve) => setTimeout(resolve, ms));

/** Makes one campaign the best for everybody, waits until it is placed, pauses it, and tells how long it was placed still. */
async function timePause(client: pg.Client, url: string, campaignId: string): Promise<number> {
  await client.query(
    `UPDATE ad_groups SET targeting = '{}', day_parts = NULL, bid_model = 'cpm', bid_micros = $2 WHERE campaign_id = $1`,
    [campaignId, HIGHEST_BID_MICROS],
  );
  await client.query(
    `UPDATE campaigns SET daily_budget_micros = NULL, ends_at = NULL, pacing = 'asap', version = version + 1 WHERE id = $1`,
    [campaignId],
  );
  const watcher = new Watcher(url);
  while (watcher.lastPlaced(campaignId) < 0) await pause(5);
  await client.query(`UPDATE campaigns SET status = 'paused', version = version + 1 WHERE id = $1`, [campaignId]);
  const committedAt = performance.now();
  await pause(WATCHED_MS);
  await watcher.stop();
  return Math.max(0, watcher.lastPlaced(campaignId) - committedAt);
}

async function main(): Promise<void> {
  const dataDir = await mkdtemp(join(tmpdir(), 'matchum-bench-'));
  const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined };
  const databases = await EmbeddedServers.start({ dataDir, log: quiet, postgres: true, redis: true });
  let product: ServerProcess | null = null;
  try {
    const [databaseUrl, redisUrl] = [databases.databaseUrl ?? '', databases.redisUrl ?? ''];
    await migrateDatabase(databaseUrl);
    await seed(databaseUrl, { adGroups: Number(values['ad-groups']), profiles: 1 }, Date.now(), progress.report);
    const port = await findFreePort();
    const file = fileURLToPath(new URL('../../../dist/src/main.js', import.meta.url));
    const env = {
      ROLE: 'api',
      PORT: String(port),
      DATABASE_URL: databaseUrl,
      REDIS_URL: redisUrl,
      ADMIN_KEY: KEY,
      LOG_LEVEL: 'warn',
    };
    product = await ServerProcess.start([process.execPath, file], {
      port,
      path: '/health/ready',
      core: null,
      env: { ...env, TOKEN_SECRETS: 'k1:a-secret-of-the-benchmark-that-is-long-enough' },
    });
    const client = new pg.Client({ connectionString: databaseUrl });
    await client.connect();
    const { rows } = await client.query<{ id: string }>(`SELECT id FROM campaigns ORDER BY id LIMIT $1`, [
      Number(values.pauses),
    ]);
    const times: number[] = [];
    for (const { id } of rows) {
      times.push(await timePause(client, product.url, id));
      progress.report('Pauses', times.length, rows.length);
    }
    await client.end();
    progress.stop();
    times.sort((a, b) => a - b);
    const at = (share: number): number =>
      short(times[Math.min(times.length - 1, Math.floor(times.length * share))] ?? NaN);
    const figures = { pauses: times.length, 'p50 ms': at(0.5), 'p99 ms': at(0.99), 'longest ms': at(1) };
    printTable(`From a committed pause to the last answer that still held it, ${values['ad-groups']} ad groups`, [
      figures,
    ]);
    await writeReport(values.out, { adGroups: Number(values['ad-groups']), times });
  } finally {
    await product?.stop();
    await databases.stop();
    await rm(dataDir, { recursive: true, force: true });
  }
}

if (values.help) process.stdout.write(HELP);
else await main();
