import type { Candidate } from '../candidate.js';

/** Sign, exponent and 11 bits of the mantissa of a 32-bit float: equal for numbers within 0.05 % of each other. */
const KEY_SHIFT = 12;
const KEYS = 0x7f800000 >>> KEY_SHIFT;
const STEP = 1_024;

/**
 * The candidates by their highest score, highest first, those within 0.05 % of each other in any order: counting sort,
 * O(candidates), in steps of some tens of µs between which the caller may do something else.
 */
export function* byBound(candidates: readonly Candidate[]): Generator<undefined, Candidate[]> {
  const starts = new Int32Array(KEYS + 2);
  const keys = new Int32Array(candidates.length);
  const float = new Float32Array(1);
  const bits = new Int32Array(float.buffer);
  for (let i = 0; i < candidates.length; i++) {
    float[0] = candidates[i]!.ecpmMicros;
    keys[i] = KEYS - (bits[0]! >>> KEY_SHIFT);
    starts[keys[i]! + 1]!++;
    if (i % STEP === 0) yield;
  }
  for (let key = 0; key <= KEYS; key++) starts[key + 1]! += starts[key]!;
  const sorted = new Array<Candidate>(candidates.length);
  for (let i = 0; i < candidates.length; i++) {
    sorted[starts[keys[i]!]!++] = candidates[i]!;
    if (i % STEP === 0) yield;
  }
  return sorted;
}
