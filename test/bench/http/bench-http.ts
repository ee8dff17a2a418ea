/** Matches over HTTP beside a bare server with the same requests and answers: `npm run bench:http -- --help`. */
import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { ProgressDisplay } from '../../../src/commands/progress.js';
import { migrateDatabase } from '../../../src/platform/database/migrate.js';
import { EmbeddedServers } from '../../../src/platform/embedded/embedded-servers.js';
import { findFreePort } from '../../../src/platform/embedded/free-port.js';
import { writeReport } from '../report.js';
import { type ClosedLoop, closedLoop } from './closed-loop.js';
import { openLoop } from './open-loop.js';
import { OutcomeTally } from './outcomes.js';
import { HEADERS, KEY, Questions, type Subject } from './questions.js';
import { seed, type SeedSize } from './seed.js';
import { ServerProcess } from './server-process.js';
import { printClosedLoop, printOpenLoop, printOutcomes, printRatios, ratioOf } from './tables.js';

const SERVER_CORE = 0;
const CLIENT_CORE = 1;
const BATCH = 50;
/** Each waits for fifty decisions; more would only wait for each other. */
const BATCH_CONNECTIONS = 4;
const MOST_SAMPLES = 100;
/** Of matches a second, within one run: see the ratios below. */
const TARGETS = { singleToBare: 1, singleToTick: 0.6, batchToSingle: 5 };

const HELP = `Usage: npm run bench:http -- [options]
All servers at a closed loop, then at 0.25, 0.5, 0.75 and 0.9 of what /v1/match answered there: with 4 servers, a round of
both takes 20 times --seconds.
  --ad-groups N      default 100000
  --profiles N       default 1000000
  --members N        how many of them ask; default 60000
  --connections N    at the closed loop; default 64
  --seconds N        of each measurement; default 5
  --rounds N         of all servers in turn, besides one that warms up; default 3
  --out FILE         where the figures go as JSON; default bench-results/http.json
`;

const { values } = parseArgs({
  options: {
    'ad-groups': { type: 'string', default: '100000' },
    profiles: { type: 'string', default: '1000000' },
    members: { type: 'string', default: '60000' },
    connections: { type: 'string', default: '64' },
    seconds: { type: 'string', default: '5' },
    rounds: { type: 'string', default: '3' },
    out: { type: 'string', default: 'bench-results/http.json' },
    help: { type: 'boolean', default: false },
  },
});
const questions = new Questions(Number(values.members));
const connections = Number(values.connections);
const [seconds, rounds] = [Number(values.seconds), Number(values.rounds)];

/** Every member asks once, so that profiles and exposure states are where they are in the middle of a day. */
async function warmUp(url: string): Promise<void> {
  for (let from = 0; from < questions.members; from += BATCH) {
    const body = questions.body(from, BATCH);
    const response = await fetch(`${url}/v1/match/batch`, { method: 'POST', headers: HEADERS, body });
    await response.text();
    progress.report('Warming up', from, questions.members);
  }
}

/** Asks until an answer is full: the first matches of a process are slow, and claim the money of the next. */
async function sampleAnswer(server: ServerProcess): Promise<string> {
  let answer = '';
  for (let asked = 0; asked < MOST_SAMPLES; asked++) {
    const body = questions.body(asked, 1);
    const response = await fetch(`${server.url}/v1/match`, { method: 'POST', headers: HEADERS, body });
    answer = await response.text();
    const { messages } = JSON.parse(answer) as { messages?: unknown[] };
    if (messages?.length === 3) return answer;
    await pause(100);
  }
  throw new Error(`A match places 3 messages here, not: ${answer}`);
}

async function startBare(answerFile: string, isTick: boolean): Promise<ServerProcess> {
  const port = await findFreePort();
  const file = fileURLToPath(new URL('./bare-server.ts', import.meta.url));
  const command = [process.execPath, '--import', 'tsx', file, '--port', String(port), '--answer', answerFile];
  return ServerProcess.start(isTick ? [...command, '--tick'] : command, { port, path: '/', core: serverCore });
}

async function startProduct(databaseUrl: string, redisUrl: string): Promise<ServerProcess> {
  const port = await findFreePort();
  const main = fileURLToPath(new URL('../../../dist/src/main.js', import.meta.url));
  const env = {
    ROLE: 'api',
    PORT: String(port),
    DATABASE_URL: databaseUrl,
    REDIS_URL: redisUrl,
    ADMIN_KEY: KEY,
    TOKEN_SECRETS: 'k1:a-secret-of-the-benchmark-that-is-long-enough',
    PROFILE_CACHE_SIZE: '1000000',
    LOG_LEVEL: 'warn',
  };
  return ServerProcess.start([process.execPath, '--max-semi-space-size=64', main], {
    port,
    path: '/health/ready',
    core: serverCore,
    env,
  });
}

const arePinned = availableParallelism() > 1 && process.platform === 'linux';
const serverCore = arePinned ? SERVER_CORE : null;
const progress = new ProgressDisplay();

/** Measures all and tells it; `subjects`: bare, by the tick, single, batch. */
async function compare(subjects: readonly Subject[], answer: string, size: SeedSize): Promise<void> {
  const tally = new OutcomeTally();
  const by = { tally, onProgress: progress.report };
  const closed = await closedLoop(subjects, questions, { seconds, rounds }, by);
  const [bare, tick, single, batch] = closed as [ClosedLoop, ClosedLoop, ClosedLoop, ClosedLoop];
  const capacity = single.middle.matchesASecond;
  const open = await openLoop(subjects, questions, { capacity, seconds, rounds }, by);
  progress.stop();
  const ratios = [
    ratioOf(single, bare, TARGETS.singleToBare),
    ratioOf(single, tick, TARGETS.singleToTick),
    ratioOf(batch, single, TARGETS.batchToSingle),
  ];
  const sizes = `request ${questions.body(1, 1).length} B, answer ${Buffer.byteLength(answer)} B`;
  printClosedLoop(`Closed loop, ${connections} connections (batch: ${BATCH_CONNECTIONS}); ${sizes}`, closed);
  printRatios(ratios);
  printOpenLoop(open);
  printOutcomes(tally.all());
  const outcomes = Object.fromEntries(tally.all());
  await writeReport(values.out, { size, arePinned, closed, ratios, open, outcomes });
}

async function main(): Promise<void> {
  // What is started from here on, Postgres and Redis too, stays beside the client; servers take the other core.
  if (arePinned) execFileSync('taskset', ['-acp', String(CLIENT_CORE), String(process.pid)], { stdio: 'ignore' });
  const dataDir = await mkdtemp(join(tmpdir(), 'matchum-bench-'));
  const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined };
  const databases = await EmbeddedServers.start({
    dataDir,
    log: quiet,
    postgres: true,
    redis: true,
    redisAppendOnly: true,
  });
  const servers: ServerProcess[] = [];
  try {
    const [databaseUrl, redisUrl] = [databases.databaseUrl ?? '', databases.redisUrl ?? ''];
    await migrateDatabase(databaseUrl);
    const size = { adGroups: Number(values['ad-groups']), profiles: Number(values.profiles) };
    await seed(databaseUrl, size, Date.now(), progress.report);
    const product = await startProduct(databaseUrl, redisUrl);
    servers.push(product);
    const answerFile = join(dataDir, 'answer.json');
    const answer = await sampleAnswer(product);
    await writeFile(answerFile, answer);
    const [bare, tick] = [await startBare(answerFile, false), await startBare(answerFile, true)];
    servers.push(bare, tick);
    const single = { path: '/v1/match', matchesARequest: 1, connections };
    const subjects: readonly Subject[] = [
      { ...single, name: 'bare Fastify', server: bare, isProduct: false },
      { ...single, name: 'Fastify by the tick', server: tick, isProduct: false },
      { ...single, name: '/v1/match', server: product, isProduct: true },
      {
        name: `/v1/match/batch of ${BATCH}`,
        server: product,
        path: '/v1/match/batch',
        matchesARequest: BATCH,
        connections: BATCH_CONNECTIONS,
        isProduct: true,
      },
    ];
    await warmUp(product.url);
    await compare(subjects, answer, size);
  } finally {
    for (const server of servers) await server.stop();
    await databases.stop();
    await rm(dataDir, { recursive: true, force: true });
  }
}

if (values.help) process.stdout.write(HELP);
else await main();
