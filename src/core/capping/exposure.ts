import type { FrequencyCap } from './frequency-cap.js';
import { windowStart } from './cap-window.js';

/**
 * A member's exposure: the impressions that count and the holds that may still become one; and whether a cap is full.
 *
 * A decision checks the caps and places its holds in one step, and a member's decisions come one after the other. A hold
 * is open until its impression is counted, or until it is certain that none will be: an impression is accepted only before
 * `expiresAt`, so that is once everything accepted before `expiresAt` is settled. Open holds count in every window.
 *
 * Soundness: the counted impressions in any window never exceed the limit. Suppose a window W held more than `limit`, and
 * take of its impressions the one that was decided last, at time d; it was seen at t in W, and t ≥ d. At d each of the
 * others, at least `limit` many, had been decided. Either it was still a hold: then it was open, since it did become an
 * impression later, and it counted at d, in whichever window it would fall. Or it was counted already, at some t' in W. A
 * rolling W ends at T ≥ t ≥ d, so t' > T − w ≥ d − w; a calendar W ends after t, hence after d, and `windowStart` never
 * falls, so W starts no earlier than the window of d, even when midnight lies between d and t. Impressions count from
 * `windowStart` on without an upper end, so t' counted at d. So the cap was full at d and the decision was not made. ∎
 *
 * What the callers owe: an impression's time is not before its decision; one message gives at most one impression; counted
 * impressions are kept for as long as any window reaches back; caps or a zone that change are honoured from then on.
 */
export interface Exposure {
  readonly impressions: readonly CountedImpression[];
  readonly holds: readonly OpenHold[];
}

export interface CountedImpression {
  /** The id of the placed message, shared by its hold and its impression. */
  readonly messageId: string;
  readonly adGroupId: string;
  readonly campaignId: string;
  /** When the member saw it, epoch milliseconds. */
  readonly at: number;
}

export interface OpenHold {
  readonly messageId: string;
  readonly adGroupId: string;
  readonly campaignId: string;
  /** The first epoch millisecond at which its impression is no longer accepted. */
  readonly expiresAt: number;
}

/** The caps that bind one ad group: its own and those of its campaign. */
export interface CapScope {
  readonly adGroupId: string;
  readonly campaignId: string;
  readonly adGroupCaps: readonly FrequencyCap[];
  readonly campaignCaps: readonly FrequencyCap[];
}

/** A cap without room for one more message, and what fills it: `counted` + `held` ≥ `limit`. */
export interface FullCap extends FrequencyCap {
  readonly scope: ScopeName;
  readonly counted: number;
  readonly held: number;
}

/**
 * The first cap that is full, the ad group's before the campaign's, in the order given; null when one more message may be
 * placed. `zone` is the advertiser's. `settledUntilMs` ≤ `nowMs` is the time up to which every accepted event is settled.
 * A hold whose impression is counted already is not counted again. O(caps × impressions + holds × impressions).
 */
export function isCapped(
  exposure: Exposure,
  scope: CapScope,
  nowMs: number,
  zone: string,
  settledUntilMs: number,
): FullCap | null {
  for (const name of SCOPES) {
    const caps = name === 'adGroup' ? scope.adGroupCaps : scope.campaignCaps;
    if (caps.length === 0) continue;
    const held = countHeld(exposure, scope, name, settledUntilMs);
    for (const cap of caps) {
      const counted = countFrom(windowStart(cap.window, nowMs, zone), exposure.impressions, scope, name);
      if (counted + held >= cap.limit) return { ...cap, scope: name, counted, held };
    }
  }
  return null;
}

const SCOPES = ['adGroup', 'campaign'] as const;
type ScopeName = (typeof SCOPES)[number];

// Plain loops without copies, since this may run for every candidate of a match.

function countFrom(
  startMs: number,
  impressions: readonly CountedImpression[],
  scope: CapScope,
  name: ScopeName,
): number {
  let counted = 0;
  for (const impression of impressions) if (impression.at >= startMs && isIn(scope, name, impression)) counted += 1;
  return counted;
}

function countHeld({ holds, impressions }: Exposure, scope: CapScope, name: ScopeName, settledUntilMs: number): number {
  let held = 0;
  for (const hold of holds) {
    if (hold.expiresAt > settledUntilMs && isIn(scope, name, hold) && !isCounted(hold, impressions)) held += 1;
  }
  return held;
}

function isIn(scope: CapScope, name: ScopeName, message: CountedImpression | OpenHold): boolean {
  return name === 'adGroup' ? message.adGroupId === scope.adGroupId : message.campaignId === scope.campaignId;
}

function isCounted({ messageId }: OpenHold, impressions: readonly CountedImpression[]): boolean {
  for (const impression of impressions) if (impression.messageId === messageId) return true;
  return false;
}
