/** Decides what an expression reads of a member: the interests that it asks for, and whether it needs consent. */
import type { Targeting } from './expression.js';

/**
 * The distinct ids of the segments that stand under an even number of `not`s, in the order of their first occurrence:
 * those whose weight makes a match more relevant. A segment that is asked for in one place and excluded in another is
 * named. O(size of the expression).
 */
export function positiveSegments(targeting: Targeting): readonly string[] {
  const found = new Set<string>();
  collect(targeting, true, found);
  return [...found];
}

function collect(targeting: Targeting, positive: boolean, found: Set<string>): void {
  switch (targeting.kind) {
    case 'all':
    case 'any':
      for (const child of targeting.of) collect(child, positive, found);
      return;
    case 'not':
      collect(targeting.of, !positive, found);
      return;
    case 'segments':
      if (positive) for (const id of targeting.ids) found.add(id);
      return;
    default:
      return;
  }
}

/**
 * True when any predicate reads segments, age, gender, attributes or audiences. These are personal data, which only a
 * member's consent to personalised messages opens; the other predicates read the request's context and the place.
 * O(size of the expression).
 */
export function usesPersonalData(targeting: Targeting): boolean {
  switch (targeting.kind) {
    case 'all':
    case 'any':
      return targeting.of.some(usesPersonalData);
    case 'not':
      return usesPersonalData(targeting.of);
    case 'segments':
    case 'age':
    case 'attributeIn':
    case 'attributeRange':
    case 'attributeExists':
    case 'audience':
      return true;
    case 'oneOf':
      return targeting.field === 'gender';
    case 'version':
      return false;
  }
}
