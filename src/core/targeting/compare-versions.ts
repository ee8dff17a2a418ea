/** Decides the order of two dotted versions, as `osVersion` and `appVersion` predicates need it. */
import { VERSION_PATTERN } from './vocabulary.js';

const DOT = 46;
const ZERO = 48;

/**
 * Compares two versions numerically part by part; missing parts are 0, so "4.0" equals "4.0.0" and comes before "4.10".
 * Returns −1, 0 or 1, or NaN when either text is no version (see `VERSION_PATTERN`): then `<= 0` and `>= 0` are both
 * false, as two-valued targeting wants it of something unknown. Linear in the lengths, allocates nothing.
 */
export function compareVersions(left: string, right: string): number {
  if (!VERSION_PATTERN.test(left) || !VERSION_PATTERN.test(right)) return NaN;
  let l = 0;
  let r = 0;
  while (l < left.length || r < right.length) {
    let leftPart = 0;
    let rightPart = 0;
    for (; l < left.length && left.charCodeAt(l) !== DOT; l++) leftPart = leftPart * 10 + left.charCodeAt(l) - ZERO;
    for (; r < right.length && right.charCodeAt(r) !== DOT; r++)
      rightPart = rightPart * 10 + right.charCodeAt(r) - ZERO;
    if (leftPart !== rightPart) return leftPart < rightPart ? -1 : 1;
    l++;
    r++;
  }
  return 0;
}
