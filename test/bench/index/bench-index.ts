/** How fast the candidate index answers and changes, beside what one could take instead: `npm run bench:index -- --help`. */
import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { ProgressDisplay } from '../../../src/commands/progress.js';
import type { Verdict } from '../../../src/core/auction/select-winners.js';
import type { BlockIndex } from '../../../src/core/index/block-index.js';
import type { Candidate } from '../../../src/core/index/candidate.js';
import type { MatchRequest } from '../../../src/core/index/match-request.js';
import { EmbeddedServers } from '../../../src/platform/embedded/embedded-servers.js';
import { Offers } from '../../../src/serving/match/offers.js';
import { asOffered } from '../../properties/as-offered.js';
import { Market, MarketMoney, type Shape } from '../market.js';
import { type Contestant, measure, type Timing } from '../measure.js';
import { Collections, type Pause, type Pieces, toPauseRow } from '../pauses.js';
import { printTable, type Row, short, writeReport } from '../report.js';
import { check, checkedRequests, fill, type Filled, MEMBERS, withinReach } from './filled.js';
import { LooseMarket, LooseMoney } from './loose-market.js';
import { byJsonLogic, bySift, RuleEngine } from './peers.js';
import { PLAN_NAMES, PostgresPeer } from './postgres-peer.js';
import { timingOf, update, type UpdateFigures, UPDATES } from './updates.js';

/** Sunday, noon in Seoul. */
const NOW = Date.parse('2026-11-22T03:00:00Z');
const SLOW_MEMBERS = 3;
/** Messages of a list. */
const WANTED = 3;
/** Above it, peers that look at every ad group take minutes. */
const MOST_FOR_PEERS = 100_000;
const money = new MarketMoney();
const LOOSE = 'loose bound (CTRs over 100 ×, weights up to 0.1, pacing 0.5 to 1)';

const HELP = `Usage: npm run bench:index -- [options]
  --ad-groups LIST   sizes, by commas; default 1000,10000,100000; beyond 100000 the plain loop is the only peer
  --rounds N         rounds of all engines in turn; default 5
  --shapes LIST      flat, trees or both; default both, and flat alone beyond 100000, since trees take much memory
  --no-peers         the index and the plain loop alone
  --out FILE         where the figures go as JSON; default bench-results/index.json
`;

const progress = new ProgressDisplay();
const collections = new Collections();

function shapesAt(size: number): readonly Shape[] {
  if (values.shapes !== undefined) return values.shapes.split(',') as Shape[];
  return size > MOST_FOR_PEERS ? ['flat'] : ['flat', 'trees'];
}

async function checkPeer(peer: PostgresPeer, filled: Filled): Promise<void> {
  const { index } = filled;
  for (const request of checkedRequests(filled)) {
    const [found, expected] = [await peer.top('walk by bound', request, money, 5), index.top(request, money, 5)].map(
      (top) => JSON.stringify(top.map((scored) => scored.candidate.record.id)),
    );
    if (found !== expected) throw new Error('Postgres does not answer as the index does');
  }
}

/** What a decision asks when the first hundred are each capped for a member. */
function past100(index: BlockIndex, request: MatchRequest): void {
  const offers = new Offers(request, WANTED, asOffered(index, money));
  for (let offered = 0; offered <= 100 + WANTED;) {
    const offer = offers.next();
    offered += offer.ranked.length;
    if (offer.isLast) return;
    offers.passOver(offer, Array<Verdict>(offer.ranked.length).fill('adGroup'));
  }
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
    { name: 'index, best 100 capped, offers of a decision', calls: 300, call: (i) => past100(index, at(i)) },
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

/** The same questions where bounds say little of scores; built after the other market was let go, since each takes much memory. */
async function runLoose(size: number, shape: Shape, rounds: number) {
  const filled = fill(new LooseMarket(`bench ${size}`, NOW, shape), new LooseMoney(), size, progress.report);
  check(filled);
  const { index, oracle, money, requests } = filled;
  const at = (i: number): MatchRequest => requests[i % requests.length]!;
  const timings = await measure(
    [
      { name: `index, top 5, ${LOOSE}`, calls: MEMBERS, call: (i) => index.top(at(i), money, 5) },
      { name: `plain loop, top 5, ${LOOSE}`, calls: SLOW_MEMBERS, call: (i) => oracle.top(at(i), money, 5) },
    ],
    rounds,
  );
  return { timings, withinReach: withinReach(filled) };
}

async function run(size: number, shape: Shape, rounds: number, databaseUrl: string | null) {
  const filled = fill(new Market(`bench ${size}`, NOW, shape), money, size, progress.report);
  const { index, requests, oracle, buildMs, steps } = filled;
  check(filled);
  const bytes = index.bytes / size;
  const reach = withinReach(filled);
  const contestants = scenes(filled, size, shape);
  const arePeersFair = shape === 'flat' && databaseUrl !== null && size <= MOST_FOR_PEERS;
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
  const pauses = await explained(updates, steps);
  return { size, shape, buildMs, bytes, withinReach: reach, timings, updates: toTimings(updates), pauses };
}

/** What the longest steps, updates and matches right after one spent their time on. */
async function explained({ kinds, steps }: UpdateFigures, first: Pieces): Promise<Record<string, readonly Pause[]>> {
  const pauses: Record<string, readonly Pause[]> = {
    'step of the first rebuild': await collections.explain(first),
    'step of a later one': await collections.explain(steps),
  };
  for (const { name, updates, matches } of kinds) {
    pauses[`update: ${name}`] = await collections.explain(updates);
    pauses[`match right after one: ${name}`] = await collections.explain(matches);
  }
  return pauses;
}

function toTimings({ kinds }: UpdateFigures) {
  return kinds.map(({ name, updates }) => ({ name, update: timingOf(updates) }));
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

function toFacts(result: Awaited<ReturnType<typeof run>>, looseReach: number): Row {
  return {
    'build s': short(result.buildMs / 1_000),
    'bytes an ad group': short(result.bytes),
    'ad groups whose bound reaches the fifth score': Math.round(result.withinReach),
    'with the loose bound': Math.round(looseReach),
  };
}

function toUpdateRows(updates: ReturnType<typeof toTimings>): Row[] {
  return updates.map(({ name, update: { mean, p50, p99, longest, calls } }) => ({
    update: name,
    'mean µs': short(mean),
    'p50 µs': short(p50),
    'p99 µs': short(p99),
    'longest µs': short(longest),
    updates: calls,
  }));
}

const { values } = parseArgs({
  allowNegative: true,
  options: {
    'ad-groups': { type: 'string', default: '1000,10000,100000' },
    rounds: { type: 'string', default: '5' },
    shapes: { type: 'string' },
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
      if (servers !== null && size > MOST_FOR_PEERS) {
        progress.stop();
        process.stdout.write(`\nPeers other than the plain loop are skipped at ${size} ad groups.\n`);
      }
      for (const shape of shapesAt(size)) {
        const rounds = Number(values.rounds);
        const result = await run(size, shape, rounds, servers?.databaseUrl ?? null);
        const loose = await runLoose(size, shape, rounds);
        const timings = new Map([...result.timings, ...loose.timings]);
        progress.stop();
        printTable(`${size} ad groups, ${shape}`, toRows(timings));
        printTable('Building, memory, bounds', [toFacts(result, loose.withinReach)]);
        printTable('Updates', toUpdateRows(result.updates));
        const pauses = Object.entries(result.pauses).map(([what, longest]) => toPauseRow(what, longest));
        printTable('Where the longest spent their time', pauses);
        results.push({ ...result, timings: Object.fromEntries(timings), withinReachLoose: loose.withinReach });
      }
    }
    await writeReport(values.out, { results });
  } finally {
    await servers?.stop();
    await rm(dataDir, { recursive: true, force: true });
  }
}
