import type { Scored } from '../../core/index/candidate.js';
import { rankOrder } from '../../core/auction/rank-order.js';
import { inSlices } from '../../platform/in-slices.js';

/** So many are sorted at once: less than a millisecond. */
const RUN_LENGTH = 1_000;

/**
 * The best `most`, at least 1, in rank order. Sorted a slice at a time: of a hundred thousand at once, matches of others would
 * wait for a tenth of a second.
 */
export async function rankInSlices(scored: readonly Scored[], seed: number, most: number): Promise<readonly Scored[]> {
  const order = rankOrder(seed);
  let runs: Scored[][] = [];
  await inSlices(sortRuns());
  return runs[0] ?? [];

  function* sortRuns(): Generator<undefined, void> {
    for (let start = 0; start < scored.length; start += RUN_LENGTH) {
      runs.push(scored.slice(start, start + RUN_LENGTH).sort(order));
      yield;
    }
    while (runs.length > 1) {
      const merged: Scored[][] = [];
      for (let i = 0; i < runs.length; i += 2) merged.push(yield* merge(runs[i] ?? [], runs[i + 1] ?? []));
      runs = merged;
    }
    runs = runs.map((run) => run.slice(0, most));
  }

  function* merge(left: readonly Scored[], right: readonly Scored[]): Generator<undefined, Scored[]> {
    const merged: Scored[] = [];
    for (let i = 0, j = 0; merged.length < most && (i < left.length || j < right.length);) {
      const [a, b] = [left[i], right[j]];
      if (b === undefined || (a !== undefined && order(a, b) < 0)) merged.push(left[i++]!);
      else merged.push(right[j++]!);
      yield;
    }
    return merged;
  }
}
