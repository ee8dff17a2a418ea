import { invariant } from '../invariant-violation.js';

/**
 * Money is whole micros of a currency: ₩1 = 1,000,000. A single price or amount is a checked integer of type `number`; a
 * sum is a `bigint`, since sums may pass 2^53. A fraction becomes money only through one of the roundings named here.
 * A result that is no safe integer (NaN, infinite, 2^53 or more) is a broken invariant: it throws and is never charged.
 */
export type Micros = number;

/** The highest amount that the API takes: nine billion units of a currency, below 2^53 micros. */
export const MAX_AMOUNT_MICROS = 9_000_000_000_000_000;

/** `n` when it is a safe integer, of either sign (−0 becomes 0); throws `InvariantViolation` otherwise. */
export function checkedMicros(n: number): Micros {
  invariant(Number.isSafeInteger(n), 'an amount of money must be a whole number of micros below 2^53');
  return n === 0 ? 0 : n;
}

/** Up, towards +∞: for a floor price, so that rounding never undercuts it. */
export function ceilMicros(x: number): Micros {
  return checkedMicros(Math.ceil(x));
}

/** Down, towards −∞: for a price that someone pays, so that rounding is never at the payer's cost. */
export function floorMicros(x: number): Micros {
  return checkedMicros(Math.floor(x));
}

/** To the nearest; a half goes up, towards +∞ (2.5 → 3, −2.5 → −2): for averages that are only shown. */
export function roundHalfUpMicros(x: number): Micros {
  // Not floor(x + 0.5): that sum is itself rounded, and makes 1 of 0.49999999999999994.
  return checkedMicros(Math.round(x));
}
