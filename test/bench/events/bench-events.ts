/** Events made durable and settled, beside plain inserts of the same rows: `npm run bench:events -- --help`. */
import { execFileSync } from 'node:child_process';
import { mkdtemp, rm } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import pg from 'pg';
import { ProgressDisplay } from '../../../src/commands/progress.js';
import { migrateDatabase } from '../../../src/platform/database/migrate.js';
import { EmbeddedServers } from '../../../src/platform/embedded/embedded-servers.js';
import { findFreePort } from '../../../src/platform/embedded/free-port.js';
import { DecisionTokens } from '../../../src/tracking/decision-token.js';
import { seed } from '../http/seed.js';
import { ServerProcess } from '../http/server-process.js';
import { printTable, type Row, short, writeReport } from '../report.js';
import { EventStream, plainInserts, readTargets } from './event-stream.js';
import { ReportLag, untilSettled } from './report-lag.js';

const SERVER_CORE = 0;
const CLIENT_CORE = 1;
const KEY = 'mk_admin_of_the_benchmark';
const SECRET = { keyId: 'k1', secret: 'a-secret-of-the-benchmark-that-is-long-enough' };

const HELP = `Usage: npm run bench:events -- [options]
  --ad-groups N     default 1000
  --request N       events a request; default 500
  --connections N   default 8
  --seconds N       of each measurement; default 10
  --rounds N        of intake and plain inserts in turn; default 3
  --out FILE        where the figures go as JSON; default bench-results/events.json
`;

const { values } = parseArgs({
  options: {
    'ad-groups': { type: 'string', default: '1000' },
    request: { type: 'string', default: '500' },
    connections: { type: 'string', default: '8' },
    seconds: { type: 'string', default: '10' },
    rounds: { type: 'string', default: '3' },
    out: { type: 'string', default: 'bench-results/events.json' },
    help: { type: 'boolean', default: false },
  },
});

const progress = new ProgressDisplay();
const arePinned = availableParallelism() > 1 && process.platform === 'linux';

async function startRole(role: 'api' | 'worker', databaseUrl: string, redisUrl: string): Promise<ServerProcess> {
  const port = await findFreePort();
  const main = fileURLToPath(new URL('../../../dist/src/main.js', import.meta.url));
  const env = {
    ROLE: role,
    PORT: String(port),
    DATABASE_URL: databaseUrl,
    REDIS_URL: redisUrl,
    ADMIN_KEY: KEY,
    TOKEN_SECRETS: `${SECRET.keyId}:${SECRET.secret}`,
    MAX_UNSETTLED_EVENTS: '100000000',
    LOG_LEVEL: 'warn',
  };
  const core = arePinned && role === 'api' ? SERVER_CORE : null;
  return ServerProcess.start([process.execPath, '--max-semi-space-size=64', main], {
    port,
    path: '/health/ready',
    core,
    env,
  });
}

interface Round {
  readonly accepted: number;
  readonly plain: number;
  readonly settled: number;
}

async function measureRounds(api: ServerProcess, client: pg.Client, stream: EventStream): Promise<readonly Round[]> {
  const rounds: Round[] = [];
  for (let round = 0; round <= Number(values.rounds); round++) {
    const begun = performance.now();
    const accepted = await stream.run(api.url, Number(values.seconds));
    const seconds = (performance.now() - begun) / 1000;
    await untilSettled(client);
    const settledIn = (performance.now() - begun) / 1000;
    const plain = await plainInserts(client, stream, accepted);
    // The first round warms up.
    if (round > 0) rounds.push({ accepted: accepted / seconds, plain, settled: accepted / settledIn });
    progress.report('Rounds', round, Number(values.rounds));
  }
  return rounds;
}

const middle = (figures: readonly number[]): number =>
  [...figures].sort((a, b) => a - b)[Math.floor(figures.length / 2)] ?? NaN;

async function main(): Promise<void> {
  if (arePinned) execFileSync('taskset', ['-acp', String(CLIENT_CORE), String(process.pid)], { stdio: 'ignore' });
  const dataDir = await mkdtemp(join(tmpdir(), 'matchum-bench-'));
  const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined };
  const servers = await EmbeddedServers.start({
    dataDir,
    log: quiet,
    postgres: true,
    redis: true,
    redisAppendOnly: true,
  });
  const processes: ServerProcess[] = [];
  const [databaseUrl, redisUrl] = [servers.databaseUrl ?? '', servers.redisUrl ?? ''];
  const client = new pg.Client({ connectionString: databaseUrl });
  try {
    await migrateDatabase(databaseUrl);
    await seed(databaseUrl, { adGroups: Number(values['ad-groups']), profiles: 0 }, Date.now(), progress.report);
    await client.connect();
    const stream = new EventStream(new DecisionTokens([SECRET]), await readTargets(client), {
      eventsARequest: Number(values.request),
      connections: Number(values.connections),
      key: KEY,
    });
    const api = await startRole('api', databaseUrl, redisUrl);
    processes.push(api, await startRole('worker', databaseUrl, redisUrl));
    const rounds = await measureRounds(api, client, stream);
    const [accepted, plain, settled] = (['accepted', 'plain', 'settled'] as const).map((what) =>
      middle(rounds.map((round) => round[what])),
    ) as [number, number, number];
    const lag = new ReportLag(client, stream);
    const lags = await lag.measure(api.url, accepted / 4, Number(values.seconds));
    progress.stop();
    const rows: Row[] = [
      {
        what: 'events accepted durably by one API process',
        'a second': Math.round(accepted),
        '× plain': short(accepted / plain),
      },
      { what: 'plain inserts of the same rows, 1,000 a statement', 'a second': Math.round(plain), '× plain': 1 },
      {
        what: 'accepted and settled, until the last is',
        'a second': Math.round(settled),
        '× plain': short(settled / plain),
      },
    ];
    printTable('Events', rows);
    printTable('From 202 to the report row, at a quarter of that', [
      { 'p50 ms': Math.round(lags.p50), 'p99 ms': Math.round(lags.p99), samples: lags.samples },
    ]);
    await writeReport(values.out, { rounds, lags });
  } finally {
    progress.stop();
    await client.end();
    for (const one of processes) await one.stop();
    await servers.stop();
    await rm(dataDir, { recursive: true, force: true });
  }
}

if (values.help) process.stdout.write(HELP);
else await main();
