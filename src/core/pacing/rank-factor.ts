/**
 * How much of its rank an evenly paced campaign keeps: all of it while its spend is on its plan or behind it, less in a
 * straight line as it gets ahead, never less than `LEAST_RANK_FACTOR`. Throttling holds it to the plan; this only lets
 * others go first in the requests that it still takes part in.
 */
export const LEAST_RANK_FACTOR = 0.5;
/** Shares of the budget by which spend is ahead: noise below the first, all of the 3 % that pacing allows itself from the second on. */
const EASE_FROM = 0.005;
const EASE_UNTIL = 0.03;

/**
 * A factor in [`LEAST_RANK_FACTOR`, 1] that ranks and is never charged, so floats serve. Amounts in micros.
 *
 * @param aheadMicros spend above the plan; negative where it is behind
 * @param budgetMicros of the paced period, above 0
 */
export function rankFactor(aheadMicros: number, budgetMicros: number): number {
  const way = (aheadMicros / budgetMicros - EASE_FROM) / (EASE_UNTIL - EASE_FROM);
  return 1 - (1 - LEAST_RANK_FACTOR) * Math.min(Math.max(way, 0), 1);
}
