/**
 * What a targeting expression implies for one field alone: the values without which it can't be true. Always a superset,
 * since predicates on other fields are taken as possibly true; for an expression that is one predicate on the field, or
 * the negation of one, it is exact.
 */
import type { OneOfField, Targeting } from '../../targeting/expression.js';

/** `values`, or with `isComplement` all but those; and whether the field may be unknown. */
export interface AllowedValues {
  readonly values: ReadonlySet<string>;
  readonly isComplement: boolean;
  readonly unknown: boolean;
}

/** While it is worked out, its set belongs to whoever has it, and changes. */
interface Draft extends AllowedValues {
  readonly values: Set<string>;
}

/** Null where nothing is implied. O(n log n) for an expression that names n values; O(n) unless it is nested. */
export function allowedValues(field: OneOfField, targeting: Targeting): AllowedValues | null {
  return draft(field, targeting, false);
}

export function allows({ values, isComplement }: AllowedValues, value: string): boolean {
  return values.has(value) !== isComplement;
}

function draft(field: OneOfField, targeting: Targeting, isNegated: boolean): Draft | null {
  switch (targeting.kind) {
    case 'not':
      return draft(field, targeting.of, !isNegated);
    case 'all':
    case 'any': {
      const parts = targeting.of.map((part) => draft(field, part, isNegated));
      return (targeting.kind === 'all') === isNegated ? anyOf(parts) : allOf(parts);
    }
    case 'oneOf':
      if (targeting.field !== field) return null;
      return { values: new Set(targeting.values), isComplement: isNegated, unknown: isNegated };
    default:
      return null;
  }
}

function allOf(parts: readonly (Draft | null)[]): Draft | null {
  const known = parts.filter((part) => part !== null);
  return known.length === 0 ? null : known.reduce(intersection);
}

function anyOf(parts: readonly (Draft | null)[]): Draft | null {
  const known = parts.filter((part) => part !== null);
  if (known.length < parts.length) return null;
  const everything: Draft = { values: new Set(), isComplement: true, unknown: true };
  return complement(known.map(complement).reduce(intersection, everything));
}

function complement({ values, isComplement, unknown }: Draft): Draft {
  return { values, isComplement: !isComplement, unknown: !unknown };
}

/** Takes the sets of both over. O(size of the smaller), so that a sum of many parts costs no more than the parts. */
function intersection(a: Draft, b: Draft): Draft {
  const unknown = a.unknown && b.unknown;
  const [small, large] = a.values.size <= b.values.size ? [a, b] : [b, a];
  if (!small.isComplement) {
    for (const value of small.values) if (!allows(large, value)) small.values.delete(value);
    return { ...small, unknown };
  }
  for (const value of small.values) {
    if (large.isComplement) large.values.add(value);
    else large.values.delete(value);
  }
  return { ...large, unknown };
}
