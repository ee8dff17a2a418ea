/**
 * The targeting expression as the engine holds it: a boolean tree over a member's profile and the request's context.
 * Two-valued: a predicate on something unknown is false, so that `not` of it is true. An empty `all` matches everyone.
 * The wire grammar is in the API documentation; `parseTargeting` turns it into this.
 */
export type Targeting =
  | { readonly kind: 'all'; readonly of: readonly Targeting[] }
  | { readonly kind: 'any'; readonly of: readonly Targeting[] }
  | { readonly kind: 'not'; readonly of: Targeting }
  | Predicate;

export type Predicate =
  | SegmentsPredicate
  | AgePredicate
  | OneOfPredicate
  | VersionPredicate
  | AttributeInPredicate
  | AttributeRangePredicate
  | AttributeExistsPredicate
  | AudiencePredicate;

/** True when the member's weight for any of `ids` is above 0 and at least `minWeight` (0 to 1; 0: any weight above 0). */
export interface SegmentsPredicate {
  readonly kind: 'segments';
  readonly ids: readonly string[];
  readonly minWeight: number;
}

/** Completed years, both ends included. */
export interface AgePredicate {
  readonly kind: 'age';
  readonly min: number | null;
  readonly max: number | null;
}

export const ONE_OF_FIELDS = ['gender', 'country', 'region', 'language', 'os', 'carrier', 'deviceType'] as const;
export type OneOfField = (typeof ONE_OF_FIELDS)[number];

/** Equality with one of `values`, case-sensitive. */
export interface OneOfPredicate {
  readonly kind: 'oneOf';
  readonly field: OneOfField;
  readonly values: readonly string[];
}

export const VERSION_FIELDS = ['osVersion', 'appVersion'] as const;
export type VersionField = (typeof VERSION_FIELDS)[number];

/** Dotted versions, compared numerically part by part (missing parts are 0), both ends included. */
export interface VersionPredicate {
  readonly kind: 'version';
  readonly field: VersionField;
  readonly min: string | null;
  readonly max: string | null;
}

export type AttributeValue = string | number | boolean;

export interface AttributeInPredicate {
  readonly kind: 'attributeIn';
  readonly key: string;
  readonly values: readonly AttributeValue[];
}

/** True for a number in [min, max]; false for an attribute of another type. */
export interface AttributeRangePredicate {
  readonly kind: 'attributeRange';
  readonly key: string;
  readonly min: number | null;
  readonly max: number | null;
}

/** `exists` true: the member has the attribute; false: the member does not. */
export interface AttributeExistsPredicate {
  readonly kind: 'attributeExists';
  readonly key: string;
  readonly exists: boolean;
}

/** True for the members of an audience that the advertiser uploaded. */
export interface AudiencePredicate {
  readonly kind: 'audience';
  readonly id: string;
}

/** Matches every member: what an absent or empty expression means. */
export const EVERYONE: Targeting = { kind: 'all', of: [] };
