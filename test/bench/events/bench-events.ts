/** Events made durable and settled, beside plain inserts of the same rows: `npm run bench:events -- --help`. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import pg from 'pg';
import { ProgressDisplay } from '../../../src/commands/progress.js';
import { migrateDatabase } from '../../../src/platform/database/migrate.js';
import { EmbeddedServers } from '../../../src/platform/embedded/embedded-servers.js';
import { DecisionTokens } from '../../../src/tracking/decision-token.js';
import { seed } from '../http/seed.js';
import type { ServerProcess } from '../http/server-process.js';
import { printTable, type Row, short, writeReport } from '../report.js';
import { KEY, SECRET, startRole } from '../start-role.js';
import { EventStream, plainInserts, readTargets } from './event-stream.js';
import { ReportLag, untilSettled } from './report-lag.js';

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

/** Shares of what was settled in full flow: at all of them settlement should keep up. */
const OFFERED_SHARES = [0.25, 0.5, 0.75, 0.9];

const progress = new ProgressDisplay();

interface Round {
  readonly accepted: number;
  readonly plain: number;
}

/** Nothing is settled meanwhile. */
async function measureIntake(api: ServerProcess, client: pg.Client, stream: EventStream): Promise<readonly Round[]> {
  const rounds: Round[] = [];
  for (let round = 0; round <= Number(values.rounds); round++) {
    const { accepted, seconds } = await stream.run(api.url, Number(values.seconds));
    const plain = await plainInserts(client, stream, accepted);
    // The first round warms up.
    if (round > 0) rounds.push({ accepted: accepted / seconds, plain });
    progress.report('Intake', round, Number(values.rounds));
  }
  return rounds;
}

interface Sustained {
  readonly accepted: number;
  /** Until the last was settled. */
  readonly settled: number;
  /** From the end of intake until the last was settled. */
  readonly behindSeconds: number;
}

async function measureSettlement(
  api: ServerProcess,
  client: pg.Client,
  stream: EventStream,
): Promise<readonly Sustained[]> {
  const rounds: Sustained[] = [];
  for (let round = 0; round <= Number(values.rounds); round++) {
    const { accepted, seconds, begun } = await stream.run(api.url, Number(values.seconds));
    await untilSettled(client);
    const settledIn = (performance.now() - begun) / 1000;
    if (round > 0) {
      rounds.push({
        accepted: accepted / seconds,
        settled: accepted / settledIn,
        behindSeconds: settledIn - seconds,
      });
    }
    progress.report('Settlement', round, Number(values.rounds));
  }
  return rounds;
}

const middle = (figures: readonly number[]): number =>
  [...figures].sort((a, b) => a - b)[Math.floor(figures.length / 2)] ?? NaN;

async function main(): Promise<void> {
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
    processes.push(api);
    const intake = await measureIntake(api, client, stream);
    processes.push(await startRole('worker', databaseUrl, redisUrl));
    await untilSettled(client);
    const sustained = await measureSettlement(api, client, stream);
    const accepted = middle(intake.map((round) => round.accepted));
    const plain = middle(intake.map((round) => round.plain));
    const beside = middle(sustained.map((round) => round.accepted));
    const settled = middle(sustained.map((round) => round.settled));
    const lag = new ReportLag(client, stream);
    const lags = [];
    for (const share of OFFERED_SHARES) {
      lags.push({ share, ...(await lag.measure(api.url, settled * share, Number(values.seconds))) });
      progress.report('Steady intake', lags.length, OFFERED_SHARES.length);
    }
    progress.stop();
    const row = (what: string, rate: number): Row => ({
      what,
      'a second': Math.round(rate),
      '× plain': short(rate / plain),
    });
    const rows: Row[] = [
      row('plain inserts of the same rows, 1,000 a statement', plain),
      row('accepted durably by one API process', accepted),
      row('the same with a worker that settles them', beside),
      row('accepted and settled, until the last is', settled),
    ];
    const behind = middle(sustained.map((round) => round.behindSeconds));
    printTable(
      `Events. After ${values.seconds} s of full flow with a worker, the last one was settled ${behind.toFixed(2)} s later`,
      rows,
    );
    printTable(
      'From 202 to the report row at a steady intake, as shares of what was settled',
      lags.map(({ share, sentASecond, p50, p99, samples }): Row => ({
        share,
        'events a second': Math.round(sentASecond),
        'p50 ms': Math.round(p50),
        'p99 ms': Math.round(p99),
        requests: samples,
      })),
    );
    await writeReport(values.out, { intake, sustained, lags });
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
