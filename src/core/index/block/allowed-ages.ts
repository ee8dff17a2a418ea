import type { Targeting } from '../../targeting/expression.js';
import { MAX_AGE } from '../../targeting/vocabulary.js';

/** As `AllowedValues`, for the age: 1 at each age from 0 to `MAX_AGE` that is allowed, and last whether it may be unknown. */
export type AllowedAges = Uint8Array;

export const AGES = MAX_AGE + 1;

/** Null where nothing is implied. O(size of the expression × ages), where it reads the age. */
export function allowedAges(targeting: Targeting, isNegated = false): AllowedAges | null {
  switch (targeting.kind) {
    case 'not':
      return allowedAges(targeting.of, !isNegated);
    case 'all':
    case 'any': {
      const isAll = (targeting.kind === 'all') !== isNegated;
      const parts = targeting.of.map((part) => allowedAges(part, isNegated));
      const known = parts.filter((part) => part !== null);
      if (isAll && known.length === 0) return null;
      if (!isAll && known.length < parts.length) return null;
      const sum = new Uint8Array(AGES + 1).fill(isAll ? 1 : 0);
      for (const part of known)
        for (let i = 0; i <= AGES; i++) sum[i] = isAll ? sum[i]! & part[i]! : sum[i]! | part[i]!;
      return sum;
    }
    case 'age': {
      const allowed = new Uint8Array(AGES + 1);
      for (let age = 0; age < AGES; age++) {
        const isWithin = age >= (targeting.min ?? 0) && age <= (targeting.max ?? MAX_AGE);
        allowed[age] = isWithin !== isNegated ? 1 : 0;
      }
      allowed[AGES] = isNegated ? 1 : 0;
      return allowed;
    }
    default:
      return null;
  }
}
