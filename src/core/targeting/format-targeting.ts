/**
 * Writes a targeting expression in the wire grammar. The form is canonical: one id becomes `segment`, a `minWeight` of 0
 * and open ends are left out, an empty `all` becomes `{}`.
 */
import type { Predicate, Targeting } from './expression.js';

/**
 * The wire form as plain data, ready for JSON. `parseTargeting` of it gives an equal expression again, for every
 * expression that keeps the parser's limits. Lists keep their order. O(size of the expression).
 */
export function formatTargeting(targeting: Targeting): unknown {
  switch (targeting.kind) {
    case 'all':
      return targeting.of.length === 0 ? {} : { all: targeting.of.map(formatTargeting) };
    case 'any':
      return { any: targeting.of.map(formatTargeting) };
    case 'not':
      return { not: formatTargeting(targeting.of) };
    default:
      return formatPredicate(targeting);
  }
}

function formatPredicate(predicate: Predicate): unknown {
  switch (predicate.kind) {
    case 'segments': {
      const [first, ...others] = predicate.ids;
      const named = others.length === 0 ? { segment: first } : { segments: [...predicate.ids] };
      return predicate.minWeight === 0 ? named : { ...named, minWeight: predicate.minWeight };
    }
    case 'age':
      return { age: ends(predicate) };
    case 'oneOf':
      return { [predicate.field]: [...predicate.values] };
    case 'version':
      return { [predicate.field]: ends(predicate) };
    case 'attributeIn':
      return { attribute: predicate.key, in: [...predicate.values] };
    case 'attributeRange':
      return { attribute: predicate.key, ...ends(predicate) };
    case 'attributeExists':
      return { attribute: predicate.key, exists: predicate.exists };
    case 'audience':
      return { audience: predicate.id };
  }
}

function ends({ min, max }: { readonly min: number | string | null; readonly max: number | string | null }): object {
  return { ...(min !== null && { min }), ...(max !== null && { max }) };
}
