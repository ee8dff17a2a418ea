/**
 * How an expression is taken apart for the index: what rows of values rule out, what the member's interests and audiences
 * decide, and what must be worked out expression by expression.
 */
import type { OneOfField, Predicate, Targeting } from '../../targeting/expression.js';
import { allowedAges, type AllowedAges } from './allowed-ages.js';
import { allowedValues, type AllowedValues } from './allowed-values.js';

/** One part of the conjunction that the root of an expression is. */
export interface Conjunct {
  readonly of: Targeting;
  readonly isNegated: boolean;
}

/** Something that a member has or has not, listed in the profile. */
export type Trait =
  | { readonly kind: 'segment'; readonly id: string; readonly minWeight: number }
  | { readonly kind: 'audience'; readonly id: string };

export interface TargetingPlan {
  /** Necessary, for each field of which anything is implied. */
  readonly values: readonly (readonly [OneOfField, AllowedValues])[];
  readonly ages: AllowedAges | null;
  /** Conjuncts on one field or the age alone: `values` and `ages` say the same. */
  readonly scalar: readonly Conjunct[];
  readonly others: readonly Conjunct[];
  /** The member must have one of each; at most `MOST_GROUPS`, of more only `others` tell. */
  readonly groups: readonly (readonly Trait[])[];
  /** The member must have none of these. */
  readonly noneOf: readonly Trait[];
  /** `groups` and `noneOf` say all that `others` say; else the former ask for less, and the latter rule out less. */
  readonly isSimple: boolean;
}

/** Of an ad group's lists of interests, any of which must be there, so many have rows; few ask for more. */
export const MOST_GROUPS = 3;

/**
 * The least weights for which segments have rows of their own, so that no advertiser can make rows without end: in between,
 * rows go by the next step, and the rest is verified.
 */
const WEIGHT_STEPS = Array.from({ length: 21 }, (_, i) => i / 20);

/** O(size of the expression × fields that it reads). */
export function planTargeting(targeting: Targeting): TargetingPlan {
  const fields = new Set<OneOfField | 'age'>();
  collectFields(targeting, fields);
  const conjuncts: Conjunct[] = [];
  collectConjuncts(targeting, false, conjuncts);
  const isScalar = ({ of }: Conjunct): boolean => of.kind === 'oneOf' || of.kind === 'age';
  const others = conjuncts.filter((conjunct) => !isScalar(conjunct));
  const traits = others.map(({ of, isNegated }) => traitsOf(of, isNegated));
  const groups = others
    .flatMap(({ isNegated }, i) => (isNegated ? [] : [traits[i]]))
    .filter((group) => group !== null && group !== undefined);
  return {
    values: impliedValues(targeting, fields),
    ages: fields.has('age') ? allowedAges(targeting) : null,
    scalar: conjuncts.filter(isScalar),
    others,
    groups: groups.slice(0, MOST_GROUPS).map(distinct),
    noneOf: distinct(others.flatMap(({ isNegated }, i) => (isNegated ? (traits[i] ?? []) : []))),
    isSimple: !traits.includes(null) && groups.length <= MOST_GROUPS && others.every(({ of }) => isOnStep(of)),
  };
}

function impliedValues(targeting: Targeting, fields: ReadonlySet<OneOfField | 'age'>): TargetingPlan['values'] {
  const implied: [OneOfField, AllowedValues][] = [];
  for (const field of fields) {
    const allowed = field === 'age' ? null : allowedValues(field, targeting);
    if (field !== 'age' && allowed !== null) implied.push([field, allowed]);
  }
  return implied;
}

function collectFields(targeting: Targeting, found: Set<OneOfField | 'age'>): void {
  switch (targeting.kind) {
    case 'all':
    case 'any':
      for (const part of targeting.of) collectFields(part, found);
      return;
    case 'not':
      return collectFields(targeting.of, found);
    case 'oneOf':
      found.add(targeting.field);
      return;
    case 'age':
      found.add('age');
      return;
    default:
      return;
  }
}

function collectConjuncts(of: Targeting, isNegated: boolean, found: Conjunct[]): void {
  if (of.kind === 'not') return collectConjuncts(of.of, !isNegated, found);
  if (of.kind !== (isNegated ? 'any' : 'all')) {
    found.push({ of, isNegated });
    return;
  }
  for (const part of of.of) collectConjuncts(part, isNegated, found);
}

/**
 * The traits of which any makes `targeting` true; null where it is not that simple. Weights between two steps become the
 * lower one, with which more members have the trait; the higher one where that rules members out.
 */
function traitsOf(targeting: Targeting, isNegated: boolean): Trait[] | null {
  switch (targeting.kind) {
    case 'segments': {
      const minWeight = stepAt(targeting.minWeight, isNegated);
      return targeting.ids.map((id) => ({ kind: 'segment', id, minWeight }));
    }
    case 'audience':
      return [{ kind: 'audience', id: targeting.id }];
    case 'any': {
      const parts = targeting.of.map((part) => traitsOf(part, isNegated));
      return parts.includes(null) ? null : parts.flatMap((part) => part ?? []);
    }
    default:
      return null;
  }
}

function stepAt(minWeight: number, isUp: boolean): number {
  const step = isUp ? WEIGHT_STEPS.find((at) => at >= minWeight) : WEIGHT_STEPS.findLast((at) => at <= minWeight);
  return step ?? minWeight;
}

/** Of what `traitsOf` takes apart. */
function isOnStep(targeting: Targeting): boolean {
  if (targeting.kind === 'any') return targeting.of.every(isOnStep);
  return targeting.kind !== 'segments' || WEIGHT_STEPS.includes(targeting.minWeight);
}

function distinct(traits: readonly Trait[]): Trait[] {
  return [...new Map(traits.map((trait) => [traitKey(trait), trait])).values()];
}

function traitKey(trait: Trait): string {
  return trait.kind === 'segment' ? `${trait.minWeight} ${trait.id}` : trait.id;
}

/** Equal for predicates that say the same. */
export function predicateKey(predicate: Predicate): string {
  return JSON.stringify(predicate);
}
