import type { AttributeValue } from './expression.js';

/**
 * Whom a request asks about: the member's interest profile joined with the request's context (context wins where both
 * know a field). `null` and absent keys mean unknown. For a member who is unknown, or who has not consented to
 * personalised messages, the caller leaves all personal fields unknown, so that no predicate can read them.
 */
export interface Subject {
  /** Segment id → weight in [0, 1]. */
  readonly interests: ReadonlyMap<string, number>;
  /** Completed years, known for certain (see `completedYears`). */
  readonly age: number | null;
  readonly gender: string | null;
  readonly country: string | null;
  readonly region: string | null;
  readonly language: string | null;
  readonly os: string | null;
  readonly osVersion: string | null;
  readonly appVersion: string | null;
  readonly carrier: string | null;
  readonly deviceType: string | null;
  readonly attributes: ReadonlyMap<string, AttributeValue>;
  /** Ids of the audiences that list the member. */
  readonly audiences: ReadonlySet<string>;
}
