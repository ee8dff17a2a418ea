/** An index filled with a market, and the plain scan beside it that tells what it must answer. */
import type { OnProgress } from '../../../src/commands/progress.js';
import { BlockIndex } from '../../../src/core/index/block-index.js';
import type { MatchRequest, MoneySnapshot } from '../../../src/core/index/match-request.js';
import { PlainScan } from '../../../src/core/index/plain-scan.js';
import { type Market, RATES } from '../market.js';
import { Pieces } from '../pauses.js';

export const MEMBERS = 1_000;
const CHECKED_MEMBERS = 10;

export interface Filled {
  readonly index: BlockIndex;
  readonly oracle: PlainScan;
  readonly market: Market;
  readonly money: MoneySnapshot;
  readonly requests: readonly MatchRequest[];
  readonly buildMs: number;
  /** Of the first rebuild. */
  readonly steps: Pieces;
}

export function fill(market: Market, money: MoneySnapshot, size: number, onProgress: OnProgress): Filled {
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
    if (i % 10_000 === 0) onProgress(`${size} ad groups`, i, size);
  }
  const steps = rebuild(index);
  const requests = Array.from({ length: MEMBERS }, (_, i) => market.request(i));
  return { index, oracle, market, money, requests, buildMs: buildMs + sumOf(steps.ms), steps };
}

export function rebuild(index: BlockIndex): Pieces {
  const steps = new Pieces();
  const work = index.rebuild();
  for (let isDone = false; !isDone;) steps.time(() => (isDone = work.next().done === true));
  return steps;
}

function sumOf(ms: readonly number[]): number {
  return ms.reduce((sum, one) => sum + one, 0);
}

export function checkedRequests({ requests }: Filled): readonly MatchRequest[] {
  return requests.slice(0, CHECKED_MEMBERS);
}

/** Figures of an index that answers wrongly are worth nothing. */
export function check(filled: Filled): void {
  const { index, oracle, money } = filled;
  for (const request of checkedRequests(filled)) {
    const [found, expected] = [index, oracle].map((one) =>
      JSON.stringify(one.top(request, money, 20).map((scored) => [scored.candidate.record.id, scored.score])),
    );
    const sizes = [index, oracle].map((one) => one.eligible(request, money).size);
    if (found !== expected || sizes[0] !== sizes[1])
      throw new Error('The index does not answer as the plain scan does');
  }
}

/**
 * How loose the bounds are: how many ad groups have one that reaches the score of the fifth best, so that no order by bounds
 * can leave them out, on average over members.
 */
export function withinReach({ index, money, requests }: Filled): number {
  const bounds = Float64Array.from(index.all(), ({ ecpmMicros }) => ecpmMicros).sort();
  const counts = requests.map((request) => {
    const fifth = index.top(request, money, 5)[4]?.score ?? -Infinity;
    return bounds.length - firstAtLeast(bounds, fifth);
  });
  return counts.reduce((sum, count) => sum + count, 0) / counts.length;
}

/** The index of the first of `ascending` that is not below `value`; their number where all are. */
function firstAtLeast(ascending: Float64Array, value: number): number {
  let [low, high] = [0, ascending.length];
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (ascending[middle]! < value) low = middle + 1;
    else high = middle;
  }
  return low;
}
