import type { AttributeValue } from '../core/targeting/expression.js';

/** What is known of one member, as the chat backend states it. */
export interface ProfileFields {
  /** Segment id → weight in (0, 1]. */
  readonly interests: Readonly<Record<string, number>>;
  /** 'YYYY-MM-DD'. At most one of `birthDate` and `birthYear` is known. */
  readonly birthDate: string | null;
  readonly birthYear: number | null;
  readonly gender: string | null;
  readonly country: string | null;
  readonly region: string | null;
  readonly language: string | null;
  readonly timeZone: string | null;
  readonly attributes: Readonly<Record<string, AttributeValue>>;
  readonly consent: Consent;
  readonly mutedAdvertisers: readonly string[];
}

export interface Consent {
  /** Messages may be chosen by what is known of the member. */
  readonly personalized: boolean;
  /** Messages may come at night. */
  readonly nightTime: boolean;
}

/** A change: absent fields stay; `null` inside `interests` and `attributes` takes the key away. */
export type ProfilePatch = Partial<Omit<ProfileFields, 'interests' | 'attributes'>> & {
  readonly interests?: Readonly<Record<string, number | null>>;
  readonly attributes?: Readonly<Record<string, AttributeValue | null>>;
};

export interface StoredProfile extends ProfileFields {
  readonly userId: string;
  readonly version: number;
  readonly createdAt: number;
  readonly updatedAt: number;
}
