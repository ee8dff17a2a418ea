import { invariant } from '../invariant-violation.js';

/**
 * The quotient of two whole amounts, rounded to the nearest whole number; a half goes up, towards +∞ (5/2 → 3, −5/2 → −2).
 * Exact at any size, unlike `roundHalfUpMicros`: for averages of sums, which may pass 2^53. Throws `InvariantViolation`
 * when the divisor is not above 0. O(n²) in the number of digits, some 0.2 µs for sums of money.
 */
export function divideHalfUp(dividend: bigint, divisor: bigint): bigint {
  invariant(divisor > 0n, 'an amount is divided by a count above 0');
  const doubled = 2n * dividend + divisor;
  const quotient = doubled / (2n * divisor);
  // BigInt division goes towards 0; below 0 that is up, where the next lower whole number is meant.
  return doubled < 0n && doubled % (2n * divisor) !== 0n ? quotient - 1n : quotient;
}
