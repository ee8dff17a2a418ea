/**
 * What is kept free for clicks: as much as leaves at most one chance in a hundred that they cost a whole click more.
 * `e^-4.6` is 1 %.
 */
const RISK = 4.6;
/** But never less than half as much again as is expected: predictions may be wrong by so much. */
const LEAST_MARGIN = 1.5;
/** Less is taken for so much, whose logarithm is finite. */
const LEAST_EXPECTED = 1e-9;
/** Newton's steps from above: the last changes less than a thousandth. */
const STEPS = 6;

/**
 * How much has to be kept for clicks that are expected to cost `expectedMicros` in all, each at most `priceMicros`; whole
 * micros. Clicks come by chance, so that few need much more than is expected of them (a tenth of one 1.2 prices, one 4.3,
 * ten 20), and many half as much again. So much that the chance of one click more is at most `e^-RISK`, by Chernoff's bound
 * for Poisson's distribution: of `k` or more where `m` are expected, `e^-(m - k + k ln(k / m))`.
 */
export function keptForClicks(expectedMicros: number, priceMicros: number): number {
  if (expectedMicros <= 0 || priceMicros <= 0) return 0;
  const expected = Math.max(expectedMicros / priceMicros, LEAST_EXPECTED);
  let clicks = expected + Math.sqrt(2 * expected * RISK) + RISK;
  for (let step = 0; step < STEPS; step++) {
    const logRatio = Math.log(clicks / expected);
    clicks -= (expected - clicks + clicks * logRatio - RISK) / logRatio;
  }
  // So many must not come, and one less has to be paid for.
  return Math.ceil(Math.max(clicks - 1, expected * LEAST_MARGIN) * priceMicros);
}
