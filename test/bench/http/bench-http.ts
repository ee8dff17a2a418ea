/** Matches over HTTP beside a bare server with the same requests and answers: `npm run bench:http -- --help`. */
import { execFileSync } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { availableParallelism, tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import autocannon from 'autocannon';
import { ProgressDisplay } from '../../../src/commands/progress.js';
import { migrateDatabase } from '../../../src/platform/database/migrate.js';
import { EmbeddedServers } from '../../../src/platform/embedded/embedded-servers.js';
import { findFreePort } from '../../../src/platform/embedded/free-port.js';
import { printTable, type Row, short, writeReport } from '../report.js';
import { openLoop, type OpenLoopFigures } from './open-loop.js';
import { memberId, seed } from './seed.js';
import { ServerProcess } from './server-process.js';

const SERVER_CORE = 0;
const CLIENT_CORE = 1;
const BATCH = 50;
/** Each waits for fifty decisions; more would only wait for each other. */
const BATCH_CONNECTIONS = 4;
/** Shares of what the single route answers at most; open loop. */
const OFFERED_SHARES = [0.25, 0.5, 0.75];
const KEY = 'mk_admin_of_the_benchmark';
const HEADERS = { authorization: `Bearer ${KEY}`, 'content-type': 'application/json' };

const HELP = `Usage: npm run bench:http -- [options]
  --ad-groups N      default 100000
  --profiles N       default 1000000
  --members N        how many of them ask; default 60000
  --connections N    at the closed loop; default 64
  --seconds N        of each measurement; default 5
  --rounds N         of all servers in turn; default 3
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
const members = Number(values.members);
const connections = Number(values.connections);
const seconds = Number(values.seconds);

interface Subject {
  readonly name: string;
  readonly server: ServerProcess;
  readonly path: string;
  readonly matchesARequest: number;
}

interface Figures {
  readonly matchesASecond: number;
  readonly cpuUs: number;
  readonly p50: number;
  readonly p99: number;
  readonly p999: number;
  readonly failed: number;
}

function matchRequest(i: number): object {
  const context = {
    os: i % 2 === 0 ? 'android' : 'ios',
    osVersion: '14.0',
    appVersion: '3.2',
    carrier: 'SKT',
    deviceType: 'phone',
    language: 'ko',
    country: 'KR',
    region: `KR-${11 + (i % 17)}`,
    timeZone: 'Asia/Seoul',
  };
  return { userId: memberId(i % members), placement: 'chat_list', chatCount: 42, maxMessages: 3, context };
}

/** Each connection asks for members of its own, one after the other. */
async function load(subject: Subject): Promise<Figures> {
  const count = subject.matchesARequest === 1 ? connections : BATCH_CONNECTIONS;
  const share = Math.floor(members / count / subject.matchesARequest);
  let next = Math.floor(Math.random() * members);
  const body = (): string => {
    if (subject.matchesARequest === 1) return JSON.stringify(matchRequest(next++));
    return JSON.stringify({ requests: Array.from({ length: subject.matchesARequest }, () => matchRequest(next++)) });
  };
  const cpuBefore = await subject.server.cpuSeconds();
  const result = await autocannon({
    url: `${subject.server.url}${subject.path}`,
    method: 'POST',
    headers: HEADERS,
    connections: count,
    duration: seconds,
    setupClient: (client) =>
      client.setRequests(
        Array.from({ length: share }, () => ({ method: 'POST', path: subject.path, headers: HEADERS, body: body() })),
      ),
  });
  const cpu = (await subject.server.cpuSeconds()) - cpuBefore;
  const matches = result.requests.total * subject.matchesARequest;
  return {
    matchesASecond: matches / result.duration,
    cpuUs: (cpu * 1e6) / matches,
    p50: result.latency.p50,
    p99: result.latency.p99,
    p999: result.latency.p99_9,
    failed: result.non2xx + result.errors,
  };
}

function median(figures: readonly Figures[]): Figures {
  return [...figures].sort((a, b) => a.matchesASecond - b.matchesASecond)[Math.floor(figures.length / 2)]!;
}

/** Every member asks once, so that profiles and exposure states are where they are in the middle of a day. */
async function warmUp({ server }: Subject): Promise<void> {
  for (let from = 0; from < members; from += BATCH) {
    const requests = Array.from({ length: BATCH }, (_, i) => matchRequest(from + i));
    const body = JSON.stringify({ requests });
    await fetch(`${server.url}/v1/match/batch`, { method: 'POST', headers: HEADERS, body }).then((response) =>
      response.text(),
    );
    progress.report('Warming up', from, members);
  }
}

async function closedLoop(subjects: readonly Subject[]): Promise<ReadonlyMap<string, Figures>> {
  const all = new Map<string, Figures[]>(subjects.map(({ name }) => [name, []]));
  for (let round = 0; round <= Number(values.rounds); round++) {
    for (const subject of subjects) {
      const figures = await load(subject);
      // The first round warms up: code, caches, exposure state.
      if (round > 0) all.get(subject.name)?.push(figures);
      progress.report('Closed loop', round, Number(values.rounds));
    }
  }
  return new Map([...all].map(([name, figures]) => [name, median(figures)]));
}

async function atOfferedLoads(subjects: readonly Subject[], capacity: number) {
  const rounds = Number(values.rounds);
  const steps = OFFERED_SHARES.flatMap((share) =>
    subjects.map((subject) => ({ share, subject, rate: Math.round(capacity * share), seen: [] as OpenLoopFigures[] })),
  );
  for (let round = 0; round < rounds; round++) {
    for (const { subject, rate, seen } of steps) {
      const first = Math.floor(Math.random() * members);
      const bodyOf = (i: number): string => JSON.stringify(matchRequest(first + i));
      const url = `${subject.server.url}${subject.path}`;
      seen.push(await openLoop(url, { rate, seconds, headers: HEADERS }, bodyOf));
    }
    progress.report('Open loop', round + 1, rounds);
  }
  return steps.map(({ share, subject, rate, seen }) => {
    // A queue that one slow second of the machine left behind is one round's, not the server's: the worst is told beside.
    const ordered = [...seen].sort((a, b) => a.p99 - b.p99);
    const worstP99 = ordered.at(-1)?.p99 ?? NaN;
    return { name: subject.name, share, rate, worstP99, ...ordered[Math.floor(seen.length / 2)]! };
  });
}

/** How the matches so far ended, from the server's own counters. */
async function outcomes(server: ServerProcess): Promise<Record<string, number>> {
  const text = await (await fetch(`${server.url}/metrics`, { headers: { authorization: `Bearer ${KEY}` } })).text();
  const found = text.matchAll(/^matchum_decisions_total\{outcome="(\w+)"\} (\d+)/gm);
  return Object.fromEntries([...found].map(([, outcome, count]) => [outcome, Number(count)]));
}

async function sampleAnswer(server: ServerProcess): Promise<string> {
  const response = await fetch(`${server.url}/v1/match`, {
    method: 'POST',
    headers: HEADERS,
    body: JSON.stringify(matchRequest(1)),
  });
  const answer = await response.text();
  const { messages } = JSON.parse(answer) as { messages?: unknown[] };
  if (messages?.length !== 3) throw new Error(`A match places 3 messages here, not: ${answer}`);
  return answer;
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
    const subjects = [
      { name: 'bare Fastify', server: bare, path: '/v1/match', matchesARequest: 1 },
      { name: 'Fastify by the tick', server: tick, path: '/v1/match', matchesARequest: 1 },
      { name: '/v1/match', server: product, path: '/v1/match', matchesARequest: 1 },
      { name: `/v1/match/batch of ${BATCH}`, server: product, path: '/v1/match/batch', matchesARequest: BATCH },
    ];
    await warmUp(subjects[3]!);
    const before = await outcomes(product);
    const closed = await closedLoop(subjects);
    const capacity = closed.get('/v1/match')?.matchesASecond ?? 0;
    const open = await atOfferedLoads([subjects[0]!, subjects[2]!], capacity);
    progress.stop();
    const bareRate = closed.get('bare Fastify')?.matchesASecond ?? NaN;
    printTable(
      `Closed loop, ${connections} connections; request ${JSON.stringify(matchRequest(1)).length} B, answer ${Buffer.byteLength(answer)} B`,
      [...closed].map(([name, figures]): Row => ({
        server: name,
        'matches/s': Math.round(figures.matchesASecond),
        '× bare': short(figures.matchesASecond / bareRate),
        'CPU µs a match': short(figures.cpuUs),
        'p50 ms': figures.p50,
        'p99 ms': figures.p99,
        failed: figures.failed,
      })),
    );
    printTable(
      'Open loop',
      open.map(({ name, share, rate, p50, p99, p999, worstP99, failed }): Row => ({
        'share of capacity': share,
        'offered/s': rate,
        server: name,
        'p50 ms': short(p50),
        'p99 ms': short(p99),
        'p99.9 ms': short(p999),
        'p99 of the worst round': short(worstP99),
        failed,
      })),
    );
    const after = await outcomes(product);
    const ended = Object.fromEntries(
      Object.entries(after).map(([outcome, count]) => [outcome, count - (before[outcome] ?? 0)]),
    );
    printTable('How the matches ended', [ended]);
    await writeReport(values.out, { size, arePinned, closed: Object.fromEntries(closed), open, outcomes: ended });
  } finally {
    for (const server of servers) await server.stop();
    await databases.stop();
    await rm(dataDir, { recursive: true, force: true });
  }
}

if (values.help) process.stdout.write(HELP);
else await main();
