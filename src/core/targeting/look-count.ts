import type { Predicate, Targeting } from './expression.js';

/** A comparison of versions reads two texts part by part and takes as long as four looks. */
const LOOKS_OF_VERSION = 4;

/**
 * The most looks at a node or a value that one evaluation of the expression takes: some 10 to 25 ns each. O(size of the
 * expression).
 */
export function lookCount(targeting: Targeting): number {
  switch (targeting.kind) {
    case 'all':
    case 'any':
      return targeting.of.reduce((sum, part) => sum + lookCount(part), 1);
    case 'not':
      return 1 + lookCount(targeting.of);
    default:
      return predicateLooks(targeting);
  }
}

/** As `lookCount`, for one predicate. O(1). */
export function predicateLooks(predicate: Predicate): number {
  switch (predicate.kind) {
    case 'segments':
      return 1 + predicate.ids.length;
    case 'oneOf':
    case 'attributeIn':
      return 1 + predicate.values.length;
    case 'version':
      return LOOKS_OF_VERSION;
    default:
      return 1;
  }
}
