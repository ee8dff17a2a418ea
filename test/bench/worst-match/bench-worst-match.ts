/** How long one match takes at worst, beside the 50 ms that none may take: `npm run bench:worst-match -- --help`. */
import { parseArgs } from 'node:util';
import type { Verdict } from '../../../src/core/auction/select-winners.js';
import type { MatchRequest } from '../../../src/core/index/match-request.js';
import { toHoldCandidate } from '../../../src/serving/match/hold-candidates.js';
import { Offers } from '../../../src/serving/match/offers.js';
import { asOffered } from '../../properties/as-offered.js';
import { Collections, longestOwn, type Pause, Pieces } from '../pauses.js';
import { printTable, type Row, short, writeReport } from '../report.js';
import { hostileCatalogues, hostileRequests, type HostileScene, hostileTargeting } from './hostile-scenes.js';

const PROMISED_MS = 50;
/** Calls that compile what is measured then. */
const WARM_CALLS = 5;

const HELP = `Usage: npm run bench:worst-match -- [options]
  --ad-groups N   of the ordinary catalogues; default 100000
  --calls N       matches measured of each scene, whose 20 requests take turns; default 60
  --wanted N      messages of one list; default 3
  --out FILE      where the figures go as JSON; default bench-results/worst-match.json

A match is measured as the process decides it when the caps of all that it offers are full: the index is asked for longer
and longer offers, and all candidates are written out for Redis. The longest is one call, noise of the machine and of the
benchmark's heap included; of its own, the longest without garbage and the time in which it did not run. The slowest request
is the one whose median is the highest.
`;

interface Figures {
  readonly name: string;
  /** Sizes of a match's offers. */
  readonly offers: readonly number[];
  readonly medianMs: number;
  /** Of the index alone, asked once for the first offer. */
  readonly firstOfferMs: number;
  /** Of the requests of a scene, the one whose median is the highest: what a caller can bring about whenever it likes. */
  readonly slowestMs: number;
  readonly longest: Pause;
  readonly longestOwnMs: number;
}

const { values } = parseArgs({
  options: {
    'ad-groups': { type: 'string', default: '100000' },
    calls: { type: 'string', default: '60' },
    wanted: { type: 'string', default: '3' },
    out: { type: 'string', default: 'bench-results/worst-match.json' },
    help: { type: 'boolean', default: false },
  },
});

const collections = new Collections();

function offersOf({ index, money }: HostileScene, request: MatchRequest, wanted: number): Offers {
  return new Offers(request, wanted, asOffered(index, money));
}

/** All that a match does in this process before the last answer of Redis, none of whose candidates has room. */
function decide(scene: HostileScene, request: MatchRequest, wanted: number): readonly number[] {
  const offers = offersOf(scene, request, wanted);
  const sizes: number[] = [];
  for (;;) {
    const offer = offers.next();
    for (const scored of offer.ranked) toHoldCandidate(scored, request);
    sizes.push(offer.ranked.length);
    if (offer.isLast) return sizes;
    offers.passOver(offer, Array<Verdict>(offer.ranked.length).fill('adGroup'));
  }
}

async function measure(scene: HostileScene, calls: number, wanted: number): Promise<Figures> {
  const { requests, name } = scene;
  const at = (i: number): MatchRequest => requests[i % requests.length]!;
  for (let i = 0; i < WARM_CALLS; i++) decide(scene, at(i), wanted);
  // What other scenes left behind is not collected during a match of this one.
  global.gc?.();
  const [first, whole] = [new Pieces(), new Pieces()];
  for (let i = 0; i < calls; i++) {
    first.time(() => offersOf(scene, at(i), wanted).next());
    whole.time(() => decide(scene, at(i), wanted));
  }
  const pauses = await collections.explain(whole);
  return {
    name,
    offers: decide(scene, at(0), wanted),
    medianMs: medianOf(whole.ms),
    firstOfferMs: medianOf(first.ms),
    slowestMs: Math.max(
      ...requests.slice(0, calls).map((_, r) => medianOf(whole.ms.filter((_ms, i) => i % requests.length === r))),
    ),
    longest: pauses[0]!,
    longestOwnMs: longestOwn(pauses),
  };
}

function medianOf(ms: readonly number[]): number {
  return [...ms].sort((a, b) => a - b)[ms.length >> 1]!;
}

function toRow({ name, offers, medianMs, firstOfferMs, slowestMs, longest, longestOwnMs }: Figures): Row {
  return {
    scene: name,
    offers: offers.join(', '),
    'first offer, median ms': short(firstOfferMs),
    'whole match, median ms': short(medianMs),
    'slowest request, median ms': short(slowestMs),
    'longest ms': short(longest.ms),
    'of which garbage': short(longest.garbageMs),
    'of which waiting': short(longest.waitedMs),
    'longest of its own': short(longestOwnMs),
    [`within ${PROMISED_MS} ms`]:
      longest.ms <= PROMISED_MS ? 'all' : longestOwnMs <= PROMISED_MS ? 'its own work' : 'no',
  };
}

if (values.help) process.stdout.write(HELP);
else {
  const [size, calls, wanted] = [values['ad-groups'], values.calls, values.wanted].map(Number) as [
    number,
    number,
    number,
  ];
  const figures: Figures[] = [];
  const groups = [
    () => hostileTargeting(),
    () => hostileRequests(size, 'flat'),
    () => hostileRequests(size, 'trees'),
    () => hostileCatalogues(size),
  ];
  for (const scenes of groups) for (const scene of scenes()) figures.push(await measure(scene, calls, wanted));
  printTable(`The longest match (${calls} of each scene; promised: ${PROMISED_MS} ms)`, figures.map(toRow));
  await writeReport(values.out, { promisedMs: PROMISED_MS, figures });
}
