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

const NONE: AllowedValues = { values: new Set(), isComplement: false, unknown: false };

/** Null where nothing is implied. O(size of the expression). */
export function allowedValues(field: OneOfField, targeting: Targeting, isNegated = false): AllowedValues | null {
  switch (targeting.kind) {
    case 'not':
      return allowedValues(field, targeting.of, !isNegated);
    case 'all':
    case 'any': {
      const parts = targeting.of.map((part) => allowedValues(field, part, isNegated));
      return (targeting.kind === 'all') === isNegated ? anyOf(parts) : allOf(parts);
    }
    case 'oneOf':
      if (targeting.field !== field) return null;
      return { values: new Set(targeting.values), isComplement: isNegated, unknown: isNegated };
    default:
      return null;
  }
}

function allOf(parts: readonly (AllowedValues | null)[]): AllowedValues | null {
  return parts.reduce((sum, part) => (sum === null ? part : part === null ? sum : intersection(sum, part)), null);
}

function anyOf(parts: readonly (AllowedValues | null)[]): AllowedValues | null {
  let sum = NONE;
  for (const part of parts) {
    if (part === null) return null;
    sum = complement(intersection(complement(sum), complement(part)));
  }
  return sum;
}

function complement({ values, isComplement, unknown }: AllowedValues): AllowedValues {
  return { values, isComplement: !isComplement, unknown: !unknown };
}

function intersection(a: AllowedValues, b: AllowedValues): AllowedValues {
  const unknown = a.unknown && b.unknown;
  if (a.isComplement && b.isComplement) {
    return { values: new Set([...a.values, ...b.values]), isComplement: true, unknown };
  }
  const [finite, other] = a.isComplement ? [b, a] : [a, b];
  return { values: new Set([...finite.values].filter((value) => allows(other, value))), isComplement: false, unknown };
}

export function allows({ values, isComplement }: AllowedValues, value: string): boolean {
  return values.has(value) !== isComplement;
}
