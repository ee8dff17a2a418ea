/**
 * How much of its rank an evenly paced campaign keeps as its spend comes near the plan: all of it while spend is below
 * `EASE_FROM` of what is planned, then less in a straight line, down to `LEAST_PACING` where spend reaches the plan (from
 * where on `isAheadOfPlan` makes it wait). So it gives way to others little by little, not all at once.
 */
export const LEAST_PACING = 0.5;
/** Share of the planned spend from which a campaign gives way; a start that observation may correct. */
export const EASE_FROM = 0.9;

/**
 * A factor in [`LEAST_PACING`, 1] that ranks and is never charged, so floats serve. 1 where nothing is spent. Amounts in
 * micros, `plannedMicros` as of the same instant as `spentMicros`, both 0 or more.
 */
export function pacingFactor(spentMicros: number, plannedMicros: number): number {
  if (spentMicros <= plannedMicros * EASE_FROM) return 1;
  if (spentMicros >= plannedMicros) return LEAST_PACING;
  const way = (spentMicros / plannedMicros - EASE_FROM) / (1 - EASE_FROM);
  return 1 - (1 - LEAST_PACING) * Math.min(Math.max(way, 0), 1);
}
