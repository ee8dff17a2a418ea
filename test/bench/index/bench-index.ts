/** How fast the candidate index answers and changes, beside what one could take instead: `npm run bench:index -- --help`. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ProgressDisplay } from '../../../src/commands/progress.js';
import { BlockIndex } from '../../../src/core/index/block-index.js';
import type { Candidate } from '../../../src/core/index/candidate.js';
import type { MatchRequest } from '../../../src/core/index/match-request.js';
import { PlainScan } from '../../../src/core/index/plain-scan.js';
import { EmbeddedServers } from '../../../src/platform/embedded/embedded-servers.js';
import { Market, MarketMoney, RATES, type Shape, WON } from '../market.js';
import { type Contestant, measure, type Timing } from '../measure.js';
import { printTable, type Row, short, writeReport } from '../report.js';
import { byJsonLogic, bySift, RuleEngine } from './peers.js';
import { PLAN_NAMES, PostgresPeer } from './postgres-peer.js';

/** Sunday, noon in Seoul. */
const NOW = Date.parse('2026-11-22T03:00:00Z');
const MEMBERS = 1_000;
const SLOW_MEMBERS = 3;
const CHECKED_MEMBERS = 10;
/** Above it, engines that look at every ad group take minutes. */
const MOST_FOR_SLOW = 100_000;
const UPDATES = 2_000;
const money = new MarketMoney();

const HELP = `Usage: npm run bench:index -- [options]
  --ad-groups LIST   sizes, by commas; default 1000,10000,100000
  --rounds N         rounds of all engines in turn; default 5
  --shapes LIST      flat, trees or both; default flat,trees
  --no-peers         the index and the plain loop alone
  --out FILE         where the figures go as JSON; default bench-results/index.json
`;

interface Filled {
  readonly index: BlockIndex;
  readonly oracle: PlainScan;
  readonly market: Market;
  readonly requests: readonly MatchRequest[];
  readonly buildMs: number;
  readonly longestStepMs: number;
}

const progress = new ProgressDisplay();

function fill(size: number, shape: Shape): Filled {
  const market = new Market(`bench ${size}`, NOW, shape);
  const index = new BlockIndex(RATES);
  const oracle = new PlainScan(RATES);
  let buildMs = 0;
  for (let i = 0; i < size; i++) {
    const record = market.adGroup(i);
    const ctr = market.ctr();
    oracle.upsert(record, ctr);
    const start = performance.now();
    index.load(record, ctr);
    buildMs += performance.now() - start;
    if (i % 10_000 === 0) progress.report(`${size} ${shape}`, i, size);
  }
  const { ms, longestMs } = rebuild(index);
  const requests = Array.from({ length: MEMBERS }, (_, i) => market.request(i));
  return { index, oracle, market, requests, buildMs: buildMs + ms, longestStepMs: longestMs };
}

function rebuild(index: BlockIndex): { ms: number; longestMs: number } {
  const start = performance.now();
  const steps = index.rebuild();
  let longestMs = 0;
  for (let isDone = false; !isDone;) {
    const before = performance.now();
    isDone = steps.next().done === true;
    longestMs = Math.max(longestMs, performance.now() - before);
  }
  return { ms: performance.now() - start, longestMs };
}

/** Figures of an index that answers wrongly are worth nothing. */
function check({ index, oracle, requests }: Filled): void {
  for (const request of requests.slice(0, CHECKED_MEMBERS)) {
    const [found, expected] = [index, oracle].map((one) =>
      JSON.stringify(one.top(request, money, 20).map((scored) => [scored.candidate.record.id, scored.score])),
    );
    const sizes = [index, oracle].map((one) => one.eligible(request, money).size);
    if (found !== expected || sizes[0] !== sizes[1])
      throw new Error('The index does not answer as the plain scan does');
  }
}

async function checkPeer(peer: PostgresPeer, { index, requests }: Filled): Promise<void> {
  for (const request of requests.slice(0, CHECKED_MEMBERS)) {
    const [found, expected] = [await peer.top('walk by bound', request, money, 5), index.top(request, money, 5)].map(
      (top) => JSON.stringify(top.map((scored) => scored.candidate.record.id)),
    );
    if (found !== expected) throw new Error('Postgres does not answer as the index does');
  }
}

/** What the product asks when the first hundred are all capped for a member: 8, then 64, then 512. */
function past100(index: BlockIndex, request: MatchRequest): void {
  for (const offer of [8, 64, 512]) index.top(request, money, offer);
}

function scenes({ index, oracle, requests }: Filled, size: number, shape: Shape): Contestant[] {
  const at = (i: number): MatchRequest => requests[i % requests.length]!;
  const slow = size <= 10_000 ? 30 : SLOW_MEMBERS;
  return [
    { name: 'index, top 5', calls: MEMBERS, call: (i) => index.top(at(i), money, 5) },
    {
      name: 'index, eligible',
      calls: size > 200_000 || shape === 'trees' ? 50 : MEMBERS,
      call: (i) => index.eligible(at(i), money),
    },
    { name: 'index, best 100 capped, one offer of 105', calls: 300, call: (i) => index.top(at(i), money, 105) },
    { name: 'index, best 100 capped, offers 8, 64, 512', calls: 300, call: (i) => past100(index, at(i)) },
    { name: 'plain loop, top 5', calls: slow, call: (i) => oracle.top(at(i), money, 5) },
  ];
}

function rulePeers(candidates: readonly Candidate[], requests: readonly MatchRequest[]): Contestant[] {
  return (
    [
      ['json-logic-js', byJsonLogic],
      ['sift', bySift],
    ] as const
  ).map(([name, compile]) => {
    const engine = new RuleEngine(candidates, compile);
    return { name: `${name}, top 5`, calls: SLOW_MEMBERS, call: (i) => engine.top(requests[i]!, money, 5) };
  });
}

function postgresPeers(peer: PostgresPeer, requests: readonly MatchRequest[]): Contestant[] {
  return PLAN_NAMES.flatMap((plan) => [
    { name: `Postgres (${plan}), top 5`, calls: 50, call: (i: number) => peer.top(plan, requests[i]!, money, 5) },
    {
      name: `Postgres (${plan}), eligible`,
      calls: SLOW_MEMBERS,
      call: (i: number) => peer.eligible(plan, requests[i]!),
    },
  ]);
}

interface UpdateFigures {
  readonly changeUs: number;
  readonly addUs: number;
  readonly pauseUs: number;
  readonly longestMs: number;
  /** Of a match right after an update. */
  readonly longestMatchMs: number;
}

/** As a process that has run for a while: updates are compiled, and an order that is due for it was built anew. */
function warmUpdates({ index, market }: Filled, size: number): void {
  for (let i = 0; i < UPDATES; i++) {
    const record = market.adGroup(size + UPDATES + i);
    index.upsert(record, market.ctr());
    index.upsert({ ...record, campaignStatus: 'paused' }, market.ctr());
    index.remove(record.id);
  }
  rebuild(index);
}

function update(filled: Filled, size: number): UpdateFigures {
  const { index, oracle, market, requests } = filled;
  warmUpdates(filled, size);
  let [longestMs, longestMatchMs] = [0, 0];
  const timed = (count: number, work: (i: number) => void): number => {
    let total = 0;
    for (let i = 0; i < count; i++) {
      const start = performance.now();
      work(i);
      const done = performance.now();
      index.top(requests[i % requests.length]!, money, 5);
      total += done - start;
      longestMs = Math.max(longestMs, done - start);
      longestMatchMs = Math.max(longestMatchMs, performance.now() - done);
    }
    return (total * 1_000) / count;
  };
  const known = [...oracle.all()].filter((_, i) => i % Math.max(1, Math.floor(size / UPDATES)) === 0).slice(0, UPDATES);
  const changed = known.map(({ record, ctr }, i) => ({
    record: {
      ...record,
      bid: { ...record.bid, amountMicros: record.bid.amountMicros + ((i % 40) - 20) * 10 * WON + 200 * WON },
    },
    ctr,
  }));
  const fresh = Array.from({ length: UPDATES }, (_, i) => ({ record: market.adGroup(size + i), ctr: market.ctr() }));
  const changeUs = timed(changed.length, (i) => index.upsert(changed[i]!.record, changed[i]!.ctr));
  const addUs = timed(UPDATES, (i) => index.upsert(fresh[i]!.record, fresh[i]!.ctr));
  const pauseUs = timed(changed.length, (i) =>
    index.upsert({ ...changed[i]!.record, campaignStatus: 'paused' }, changed[i]!.ctr),
  );
  for (const { record, ctr } of [...changed, ...fresh]) oracle.upsert(record, ctr);
  for (const { record, ctr } of changed) index.upsert(record, ctr);
  if (index.isWorn) rebuild(index);
  return { changeUs, addUs, pauseUs, longestMs, longestMatchMs };
}

async function run(size: number, shape: Shape, rounds: number, databaseUrl: string | null) {
  const filled = fill(size, shape);
  const { index, requests, oracle } = filled;
  check(filled);
  const bytes = index.bytes / size;
  const contestants = scenes(filled, size, shape);
  const arePeersFair = shape === 'flat' && databaseUrl !== null && size <= MOST_FOR_SLOW;
  const peer = arePeersFair ? await PostgresPeer.fill(databaseUrl, oracle.all()) : null;
  if (peer !== null) {
    await checkPeer(peer, filled);
    contestants.push(...rulePeers([...oracle.all()], requests), ...postgresPeers(peer, requests));
  }
  const timings = new Map(await measure(contestants, rounds));
  await peer?.close();
  const updates = update(filled, size);
  check(filled);
  const after = await measure(
    [{ ...scenes(filled, size, shape)[0]!, name: `index, top 5 after ${2 * UPDATES} updates` }],
    rounds,
  );
  for (const [name, timing] of after) timings.set(name, timing);
  return { size, shape, buildMs: filled.buildMs, longestStepMs: filled.longestStepMs, bytes, timings, updates };
}

function toRows(timings: ReadonlyMap<string, Timing>): Row[] {
  const reference = timings.get('index, top 5')?.mean ?? NaN;
  return [...timings].map(([name, { mean, p50, p99, calls }]) => ({
    engine: name,
    'mean µs': short(mean),
    'p50 µs': short(p50),
    'p99 µs': short(p99),
    '× index, top 5': short(mean / reference),
    calls,
  }));
}

const { values } = parseArgs({
  allowNegative: true,
  options: {
    'ad-groups': { type: 'string', default: '1000,10000,100000' },
    rounds: { type: 'string', default: '5' },
    shapes: { type: 'string', default: 'flat,trees' },
    peers: { type: 'boolean', default: true },
    out: { type: 'string', default: 'bench-results/index.json' },
    help: { type: 'boolean', default: false },
  },
});
if (values.help) process.stdout.write(HELP);
else {
  const dataDir = await mkdtemp(join(tmpdir(), 'matchum-bench-'));
  const quiet = { info: () => undefined, warn: () => undefined, error: () => undefined };
  const servers = values.peers
    ? await EmbeddedServers.start({ dataDir, log: quiet, postgres: true, redis: false, durable: false })
    : null;
  try {
    const results = [];
    for (const size of values['ad-groups'].split(',').map(Number)) {
      for (const shape of values.shapes.split(',') as Shape[]) {
        const result = await run(size, shape, Number(values.rounds), servers?.databaseUrl ?? null);
        progress.stop();
        printTable(`${size} ad groups, ${shape}`, toRows(result.timings));
        const { changeUs, addUs, pauseUs, longestMs, longestMatchMs } = result.updates;
        printTable('', [
          {
            'build s': short(result.buildMs / 1_000),
            'longest step ms': short(result.longestStepMs),
            'bytes an ad group': short(result.bytes),
            'bid changed µs': short(changeUs),
            'added µs': short(addUs),
            'paused µs': short(pauseUs),
            'longest update ms': short(longestMs),
            'longest match beside, ms': short(longestMatchMs),
          },
        ]);
        results.push({ ...result, timings: Object.fromEntries(result.timings) });
      }
    }
    await writeReport(values.out, { results });
  } finally {
    await servers?.stop();
    await rm(dataDir, { recursive: true, force: true });
  }
}
