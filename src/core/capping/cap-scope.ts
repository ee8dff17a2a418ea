import type { FrequencyCap } from './frequency-cap.js';

/** What a frequency cap limits, from the narrowest to the widest; the first full one is the one that is told. */
export const CAP_SCOPES = ['creative', 'adGroup', 'campaign', 'advertiser', 'placement'] as const;
export type CapScope = (typeof CAP_SCOPES)[number];

/** An id, or a key that stands for it. */
export type CapKey = string | number;

/** What one message counts for. */
export type CapKeys = Readonly<Record<CapScope, CapKey>>;

/** The caps of one creative, ad group, campaign, advertiser or placement, which count what is shown of it. */
export interface BoundCaps {
  readonly scope: CapScope;
  readonly key: CapKey;
  readonly caps: readonly FrequencyCap[];
  /** IANA zone of their calendar windows: the advertiser's, and `PLACEMENT_ZONE` for a placement's. */
  readonly zone: string;
}

/**
 * A placement is the operator's and shows messages of advertisers in many zones, so none of theirs can be its own. UTC is
 * the zone that its load rules count by, and one that no clock change shortens.
 */
export const PLACEMENT_ZONE = 'UTC';
