import type { AdGroupRecord } from '../core/index/ad-group-record.js';

export { FREQUENCY_CAPS_SCHEMA } from './dto/wire-schemas.js';

/** What changed since a horizon, and the horizon to ask with next. */
export interface CampaignChanges {
  /** What ends soonest comes first. */
  readonly campaignIds: readonly string[];
  /** Those among them that do not run, or not any more: not active, or over. */
  readonly stoppedIds: readonly string[];
  readonly horizon: string;
}

/**
 * The ad groups that matching needs to know, read for an index that is built once and kept current from then on. A
 * horizon is an opaque mark in the order of transactions: everything that a read after `horizon()` could not see is named
 * by `changedSince` of that horizon, sooner or later. It may name a campaign again that did not change; so
 *
 *   horizon = await horizon(); read streamAll(); then, again and again:
 *   { campaignIds, horizon } = await changedSince(horizon); replace what is held of campaignIds by loadCampaigns(campaignIds)
 *
 * misses nothing, whatever is committed meanwhile.
 */
export abstract class AdGroupSource {
  abstract horizon(): Promise<string>;
  /**
   * Epoch ms, an hour ago: campaigns that were over by then can be forgotten by who holds them, whatever clocks differ by. Null
   * in simulated time, which can go back to before the end of any.
   */
  abstract overBefore(): number | null;
  /** All ad groups of campaigns that are neither archived nor over, in chunks of at most 1,000, in the order of their ids. */
  abstract streamAll(): AsyncIterable<readonly AdGroupRecord[]>;
  abstract changedSince(horizon: string): Promise<CampaignChanges>;
  /**
   * The ad groups of these campaigns, in pages of at most 200, each read when it is asked for; none of one that is
   * archived, over or unknown.
   */
  abstract loadCampaigns(ids: readonly string[]): AsyncIterable<readonly AdGroupRecord[]>;
}

/** What is known of creatives by their ids, for whoever was shown one. */
export abstract class CreativeDirectory {
  /**
   * Where a tap on an approved creative leads; null when it is unknown or not approved just now: a landing page that was
   * changed after its review must not be reached before the next one.
   */
  abstract landingUrl(creativeId: string): Promise<string | null>;
}
