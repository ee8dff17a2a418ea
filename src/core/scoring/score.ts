/**
 * What a candidate is worth: score = eCPM × relevance, in micros of the base currency per 1,000 impressions.
 *
 * eCPM of a cpm bid is the bid; of a cpc bid it is bid × predicted CTR × 1,000. Relevance lies in
 * [`LEAST_RELEVANCE`, 1]: the least where the expression names no segment or the member has none of them, and in between
 * it grows with the member's strongest weight among the segments that the expression names positively. The strongest
 * weight, not the mean: an advertiser who names more segments must not lose by it. Both factors are bounded, so that an
 * ad group's highest reachable score is known before any member is seen. Scores rank; they are never charged.
 */
export const LEAST_RELEVANCE = 0.5;

/**
 * Predicted CTR of a message nobody has clicked yet. A prior to start from, of the order that display messages in feeds
 * reach; observed rates replace it when there are any.
 */
export const PRIOR_CTR = 0.01;

/** `segments` as `positiveSegments` gives them; weights in [0, 1]. O(segments). */
export function relevance(segments: readonly string[], interests: ReadonlyMap<string, number>): number {
  let strongest = 0;
  for (const segment of segments) strongest = Math.max(strongest, interests.get(segment) ?? 0);
  return LEAST_RELEVANCE + (1 - LEAST_RELEVANCE) * strongest;
}

/** `bidMicros` in the base currency; micros per 1,000 impressions. */
export function ecpmMicros(model: 'cpm' | 'cpc', bidMicros: number, ctr: number): number {
  return model === 'cpm' ? bidMicros : bidMicros * ctr * 1000;
}
