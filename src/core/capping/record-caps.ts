import type { AdGroupRecord, CreativeRecord } from '../index/ad-group-record.js';
import { suitsLanguage } from '../index/first-failure.js';
import type { MatchRequest } from '../index/match-request.js';
import { hashText, tieBreak } from '../auction/tie-break.js';
import type { BoundCaps, CapKeys } from './cap-scope.js';
import { capReachMs } from './cap-reach.js';

/** What stands for an id where caps are counted: 32 bits; two ids that share a key can only make a cap stricter. */
export function capKey(id: string): number {
  return hashText(id);
}

/** What a message of this creative in this placement counts for. */
export function capKeysOf(record: AdGroupRecord, creativeId: string, placement: string): CapKeys {
  return {
    creative: capKey(creativeId),
    adGroup: capKey(record.id),
    campaign: capKey(record.campaignId),
    advertiser: capKey(record.advertiserId),
    placement: capKey(placement),
  };
}

/** The lists of caps that bind every creative of the ad group, with what they count. */
export function adGroupCapLists(record: AdGroupRecord) {
  return [
    { scope: 'adGroup', id: record.id, caps: record.adGroupCaps },
    { scope: 'campaign', id: record.campaignId, caps: record.campaignCaps },
    { scope: 'advertiser', id: record.advertiserId, caps: record.advertiserCaps },
  ] as const;
}

export function adGroupCaps(record: AdGroupRecord): readonly BoundCaps[] {
  return adGroupCapLists(record).map(({ scope, id, caps }) => ({
    scope,
    key: capKey(id),
    caps,
    zone: record.timeZone,
  }));
}

export function creativeCaps(record: AdGroupRecord, { id, caps }: CreativeRecord): BoundCaps {
  return { scope: 'creative', key: capKey(id), caps, zone: record.timeZone };
}

/**
 * The creatives that may be shown, the one whose turn it is first: they take turns by the request's seed, and one whose
 * caps are full gives way to the next. Empty when none suits the member's language.
 */
export function creativesInTurn(
  record: AdGroupRecord,
  { seed, subject }: Pick<MatchRequest, 'seed' | 'subject'>,
): readonly CreativeRecord[] {
  const suitable = record.creatives.filter((creative) => suitsLanguage(creative, subject.language));
  const turn = tieBreak(seed, hashText(record.id)) % suitable.length;
  return suitable.map((_, i) => suitable[(turn + i) % suitable.length] as CreativeRecord);
}

/** How far back the timed caps of the ad group and its creatives reach, ms. */
export function recordReachMs(record: AdGroupRecord): number {
  const own = [record.adGroupCaps, record.campaignCaps, record.advertiserCaps];
  return Math.max(0, ...[...own, ...record.creatives.map(({ caps }) => caps)].map(capReachMs));
}
