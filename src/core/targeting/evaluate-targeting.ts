/**
 * Decides whether a targeting expression matches a subject. This plain reading of the tree is the oracle that the
 * candidate index is tested against. Two-valued: a predicate on something unknown is false, so `not` of it is true.
 */
import { compareVersions } from './compare-versions.js';
import type { Predicate, SegmentsPredicate, Targeting } from './expression.js';
import type { Subject } from './subject.js';

/**
 * True when `subject` satisfies `targeting`; an empty `all` is true, an empty `any` false. Allocates nothing, never
 * throws on what `parseTargeting` gave, and takes at most one look at every node and value: O(size of the expression).
 */
export function matches(targeting: Targeting, subject: Subject): boolean {
  switch (targeting.kind) {
    case 'all':
      for (let i = 0; i < targeting.of.length; i++) {
        if (!matches(targeting.of[i]!, subject)) return false;
      }
      return true;
    case 'any':
      for (let i = 0; i < targeting.of.length; i++) {
        if (matches(targeting.of[i]!, subject)) return true;
      }
      return false;
    case 'not':
      return !matches(targeting.of, subject);
    default:
      return holds(targeting, subject);
  }
}

/** As `matches`, for one predicate. */
export function holds(predicate: Predicate, subject: Subject): boolean {
  switch (predicate.kind) {
    case 'segments':
      return hasInterest(predicate, subject.interests);
    case 'age':
      return subject.age !== null && isWithin(subject.age, predicate.min, predicate.max);
    case 'oneOf': {
      const value = subject[predicate.field];
      return value !== null && predicate.values.includes(value);
    }
    case 'version': {
      const version = subject[predicate.field];
      return version !== null && isVersionWithin(version, predicate.min, predicate.max);
    }
    case 'attributeIn': {
      const value = subject.attributes.get(predicate.key);
      return value !== undefined && predicate.values.includes(value);
    }
    case 'attributeRange': {
      const value = subject.attributes.get(predicate.key);
      return typeof value === 'number' && isWithin(value, predicate.min, predicate.max);
    }
    case 'attributeExists':
      return subject.attributes.has(predicate.key) === predicate.exists;
    case 'audience':
      return subject.audiences.has(predicate.id);
  }
}

function hasInterest({ ids, minWeight }: SegmentsPredicate, interests: ReadonlyMap<string, number>): boolean {
  for (let i = 0; i < ids.length; i++) {
    const weight = interests.get(ids[i]!);
    if (weight !== undefined && weight > 0 && weight >= minWeight) return true;
  }
  return false;
}

function isWithin(value: number, min: number | null, max: number | null): boolean {
  return (min === null || value >= min) && (max === null || value <= max);
}

// A text that is no version compares as NaN, and every comparison with NaN is false.
function isVersionWithin(version: string, min: string | null, max: string | null): boolean {
  return (min === null || compareVersions(version, min) >= 0) && (max === null || compareVersions(version, max) <= 0);
}
