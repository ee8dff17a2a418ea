import type { AdGroupRecord } from '../ad-group-record.js';
import type { Candidate } from '../candidate.js';

/** Sign, exponent and 11 bits of the mantissa of a 32-bit float: equal for numbers within 0.05 % of each other. */
const KEY_SHIFT = 12;
const KEYS = 0x7f800000 >>> KEY_SHIFT;
const STEP = 256;

/**
 * The candidates that can serve by their highest score, highest first, those within 0.05 % of each other in any order:
 * counting sort, O(candidates), in steps of some tens of µs between which the caller may do something else.
 */
export function* byBound(
  candidates: Iterable<Candidate>,
  canServe: (record: AdGroupRecord) => boolean,
): Generator<undefined, readonly Candidate[]> {
  const all: Candidate[] = [];
  const starts = new Int32Array(KEYS + 2);
  let seen = 0;
  for (const candidate of candidates) {
    if (++seen % STEP === 0) yield;
    if (!canServe(candidate.record)) continue;
    starts[keyOf(candidate) + 1]!++;
    all.push(candidate);
  }
  for (let key = 0; key <= KEYS; key++) {
    starts[key + 1]! += starts[key]!;
    if (key % (STEP * 16) === 0) yield;
  }
  const sorted = new Array<Candidate>(all.length);
  for (let i = 0; i < all.length; i++) {
    sorted[starts[keyOf(all[i]!)]!++] = all[i]!;
    if (i % STEP === 0) yield;
  }
  return sorted;
}

const float = new Float32Array(1);
const bits = new Int32Array(float.buffer);

function keyOf({ highestScore }: Candidate): number {
  float[0] = highestScore;
  return KEYS - (bits[0]! >>> KEY_SHIFT);
}
