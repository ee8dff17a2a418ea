/** How exactly budgets are spent by several API processes at full rate: `npm run bench:delivery -- --help`. */
import { setTimeout } from 'node:timers/promises';
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import pg from 'pg';
import { ApiClient } from '../../../src/commands/api-client.js';
import { launchCampaigns } from '../../../src/commands/launch-campaigns.js';
import { ProgressDisplay } from '../../../src/commands/progress.js';
import { migrateDatabase } from '../../../src/platform/database/migrate.js';
import { EmbeddedServers } from '../../../src/platform/embedded/embedded-servers.js';
import { untilSettled } from '../events/report-lag.js';
import type { ServerProcess } from '../http/server-process.js';
import { printTable, type Row, writeReport } from '../report.js';
import { KEY, startRole } from '../start-role.js';
import { BUDGETED, planBudgets } from './budgets.js';
import { FullRateClients } from './full-rate-clients.js';

/** Holds end within the run. */
const PLACEMENT = { maxMessages: 3, firstPosition: 1, spacing: 6, refreshAfterSeconds: 300, holdSeconds: 10 };

const HELP = `Usage: npm run bench:delivery -- [options]
  --processes N     API processes; default 4
  --messages N      what each cpm budget pays for; default 5000
  --clicks N        what each cpc budget pays for; default 100
  --click-percent N of the messages that are clicked; default 1
  --connections N   clients of each process; default 8
  --seconds N       at most; default 600
  --out FILE        where the figures go as JSON; default bench-results/delivery.json
`;

const { values } = parseArgs({
  options: {
    processes: { type: 'string', default: '4' },
    messages: { type: 'string', default: '5000' },
    clicks: { type: 'string', default: '100' },
    'click-percent': { type: 'string', default: '1' },
    connections: { type: 'string', default: '8' },
    seconds: { type: 'string', default: '600' },
    out: { type: 'string', default: 'bench-results/delivery.json' },
    help: { type: 'boolean', default: false },
  },
});

const progress = new ProgressDisplay();

interface SpentRow {
  readonly campaign_id: string;
  readonly spent: number;
  readonly refused_micros: number;
  readonly claimed_micros: number;
}

/** $1 the campaigns. */
const SPENT = `
  SELECT id AS campaign_id,
         (SELECT coalesce(sum(spent_micros), 0)::float8 FROM daily_spend WHERE campaign_id = id) AS spent,
         (SELECT coalesce(sum(price_micros), 0)::float8 FROM events
          WHERE campaign_id = id AND outcome = 'over_budget') AS refused_micros,
         (SELECT coalesce(sum(claimed_micros), 0)::float8 FROM budget_leases WHERE campaign_id = id) AS claimed_micros
  FROM unnest($1::text[]) AS id`;

const percent = (share: number): string => `${(share * 100).toFixed(3)} %`;

async function main(): Promise<void> {
  const dataDir = await mkdtemp(join(tmpdir(), 'matchum-bench-'));
  const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined };
  const servers = await EmbeddedServers.start({ dataDir, log: quiet, postgres: true, redis: true });
  const processes: ServerProcess[] = [];
  const [databaseUrl, redisUrl] = [servers.databaseUrl ?? '', servers.redisUrl ?? ''];
  const database = new pg.Client({ connectionString: databaseUrl });
  try {
    await migrateDatabase(databaseUrl);
    await database.connect();
    for (let i = 0; i < Number(values.processes); i++) processes.push(await startRole('api', databaseUrl, redisUrl));
    processes.push(await startRole('worker', databaseUrl, redisUrl));
    const urls = processes.slice(0, -1).map(({ url }) => url);
    const client = new ApiClient({ url: urls[0] ?? '', key: KEY });
    const clickShare = Number(values['click-percent']) / 100;
    const plan = planBudgets({ messages: Number(values.messages), clicks: Number(values.clicks), clickShare });
    const launched = await launchCampaigns(client, plan, { name: 'delivery', onProgress: progress.report });
    const campaignIds = launched.campaignIds.slice(0, BUDGETED.length);
    await client.call('PUT', '/v1/placements/chat_list', { body: PLACEMENT });
    // Other processes know the hold time within a second: what they decide before is bound for that of before.
    await setTimeout(2 * 1_000);
    const clients = new FullRateClients({ urls, key: KEY, connections: Number(values.connections), clickShare });
    const begun = performance.now();
    const counts = await clients.run(Number(values.seconds) * 1_000, new Set(campaignIds), (messages) =>
      progress.report('Messages', messages, messages),
    );
    const seconds = (performance.now() - begun) / 1000;
    await untilSettled(database);
    const { rows: spent } = await database.query<SpentRow>(SPENT, [campaignIds]);
    progress.stop();
    const rows = BUDGETED.map(({ name }, i): Row => {
      const budget = plan.budgets[i] ?? NaN;
      const row = spent.find(({ campaign_id }) => campaign_id === campaignIds[i]);
      const [charged, refused, claimed] = [row?.spent ?? NaN, row?.refused_micros ?? NaN, row?.claimed_micros ?? NaN];
      return {
        budget: name,
        'micros of it': budget,
        'under-delivered': percent(1 - charged / budget),
        'still claimed': percent(claimed / budget),
        'shown in vain': percent(refused / budget),
      };
    });
    printTable(
      `${values.processes} API processes: ${counts.matches} matches and ${counts.messages} messages in ${seconds.toFixed(0)} s, until ${counts.isCalm ? 'nothing of them could be placed' : 'time was over'}`,
      rows,
    );
    await writeReport(values.out, { seconds, ...counts, spent });
  } finally {
    progress.stop();
    await database.end();
    for (const one of processes) await one.stop();
    await servers.stop();
    await rm(dataDir, { recursive: true, force: true });
  }
}

if (values.help) process.stdout.write(HELP);
else await main();
