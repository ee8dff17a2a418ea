import type { BirthDate } from '../core/targeting/completed-years.js';
import type { AttributeValue } from '../core/targeting/expression.js';

/** What other features may ask about members, segments and audiences. `ProfilesModule` exports the three ports. */

/**
 * The chat backend's own id of a member. It is personal data: it stands in requests, answers and tables, never in a log
 * line. The form leaves out whatever would need quoting in a URL's path, a Redis key or a CSV file.
 */
export const USER_ID_PATTERN = /^[A-Za-z0-9._:@-]{1,128}$/;
export const USER_ID_FORM = '1 to 128 letters, digits, ".", "_", ":", "@" or "-"';

/** One member as matching reads it. Without `personalized`, none of the personal fields may choose a message. */
export interface MemberProfile {
  readonly userId: string;
  /** Segment id → weight in (0, 1]. */
  readonly interests: ReadonlyMap<string, number>;
  readonly birth: BirthDate | null;
  readonly gender: string | null;
  readonly country: string | null;
  readonly region: string | null;
  readonly language: string | null;
  readonly timeZone: string | null;
  readonly attributes: ReadonlyMap<string, AttributeValue>;
  /** The member's consent to personalised messages. */
  readonly personalized: boolean;
  /** The member's consent to messages at night. */
  readonly nightTime: boolean;
  readonly mutedAdvertisers: ReadonlySet<string>;
  /** Ids of the audiences that list the member. */
  readonly audiences: ReadonlySet<string>;
}

export abstract class ProfileSource {
  /** What is known of the member without asking anybody; undefined where that may be out of date, or was forgotten. */
  abstract cached(userId: string): MemberProfile | null | undefined;

  /**
   * The member's profile as it is now, changes by other processes at most a second ago; null for a member without one.
   * The reads of one turn of the event loop share one query. Rejects when Postgres is away.
   */
  abstract read(userId: string): Promise<MemberProfile | null>;
}

export abstract class SegmentCatalogue {
  /** Those of `ids` that are no segments, each once. Asks Postgres at most once, for ids not met before. */
  abstract missing(ids: readonly string[]): Promise<readonly string[]>;
}

export abstract class AudienceDirectory {
  /** Those of `ids` that are no audiences of this advertiser, each once. */
  abstract missing(advertiserId: string, ids: readonly string[]): Promise<readonly string[]>;
}
