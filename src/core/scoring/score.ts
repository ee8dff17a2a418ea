/**
 * What a candidate is worth: score = eCPM × relevance × pacing, in micros of the base currency per 1,000
 * impressions.
 *
 * eCPM of a cpm bid is the bid; of a cpc bid it is bid × predicted CTR × 1,000. Relevance lies in
 * [`LEAST_RELEVANCE`, 1]: the least where the expression names no segment or the member has none of them, and in between
 * it grows with the member's strongest weight among the segments that the expression names positively. The strongest
 * weight, not the mean: an advertiser who names more segments must not lose by it. Pacing lies in [`LEAST_RANK_FACTOR`, 1]
 * (see `rank-factor.ts`). Since no factor is above 1, the highest score that an ad group can reach is known before any
 * member is seen: its eCPM, or that times the least relevance where it names no segment. That is the bound by which the
 * candidate index is ordered. Scores rank; they are never charged.
 */
export const LEAST_RELEVANCE = 0.5;

/**
 * Predicted CTR of a message that nobody has seen yet, of the order that display messages in feeds reach, and how many
 * impressions that expectation weighs against what is observed.
 */
export const PRIOR_CTR = 0.01;
export const PRIOR_IMPRESSIONS = 1_000;

/** Bounds of a prediction: past them, observations are rather faults or fraud than appeal. */
export const LEAST_CTR = 0.0001;
export const HIGHEST_CTR = 0.2;

/**
 * The mean of a Beta prior updated by what was observed, (clicks + prior) / (impressions + weight of the prior), within
 * [`LEAST_CTR`, `HIGHEST_CTR`]. Counts are whole, 0 or more.
 */
export function predictCtr(impressions: number, clicks: number): number {
  const mean = (clicks + PRIOR_CTR * PRIOR_IMPRESSIONS) / (impressions + PRIOR_IMPRESSIONS);
  return Math.min(Math.max(mean, LEAST_CTR), HIGHEST_CTR);
}

/** `segments` as `positiveSegments` gives them; weights in [0, 1]. O(segments). */
export function relevance(segments: readonly string[], interests: ReadonlyMap<string, number>): number {
  let strongest = 0;
  for (const segment of segments) strongest = Math.max(strongest, interests.get(segment) ?? 0);
  return relevanceOf(strongest);
}

/** Of an expression that names these segments, over all members. */
export function highestRelevance(segments: readonly string[]): number {
  return segments.length === 0 ? LEAST_RELEVANCE : 1;
}

/** The relevance that a strongest weight gives; 0 where there is none. */
export function relevanceOf(strongest: number): number {
  return LEAST_RELEVANCE + (1 - LEAST_RELEVANCE) * strongest;
}

/** `bidMicros` in the base currency; micros per 1,000 impressions. */
export function ecpmMicros(model: 'cpm' | 'cpc', bidMicros: number, ctr: number): number {
  return model === 'cpm' ? bidMicros : bidMicros * ctr * 1000;
}
