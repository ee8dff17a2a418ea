import type { Shortage } from '../index/match-request.js';

/**
 * How much of what is left each API process may promise for its ad groups. Invariant: what is granted never passes what is
 * left of any limit, so that spend and all claims together stay within every budget and balance.
 */
export interface ClaimWant {
  readonly adGroupId: string;
  readonly campaignId: string;
  readonly advertiserId: string;
  /** Micros beyond what is claimed already, above 0. */
  readonly wantedMicros: number;
  /** Less than this would be of no use: what lacks for one message. At most `wantedMicros`. */
  readonly leastMicros: number;
}

/** What is left, in micros, after spend and all claims; negative where a limit was lowered. No entry: not limited. */
export interface MoneyLeft {
  readonly byAdvertiser: Map<string, number>;
  readonly byCampaign: Map<string, number>;
  readonly byAdGroup: Map<string, number>;
}

/**
 * Whose limit leaves too little: the ad group's own daily budget, a budget of its campaign, or the advertiser's balance.
 * What other ad groups have claimed may help out with the latter two, never with the first.
 */
export type ClaimShortage = 'ad_group_budget' | Shortage;

export interface ClaimGrant {
  readonly adGroupId: string;
  /** 0 with a shortage, else at least `leastMicros`. */
  readonly grantedMicros: number;
  /** The narrowest of the limits that leave too little. */
  readonly shortage: ClaimShortage | null;
}

/**
 * Of what is left, one grant takes at most this part of an equal share, so that processes can share the end of a budget: at
 * full rate, the last of it goes in grants of single messages.
 */
const LARGEST_PART = 1 / 2;

/**
 * Grants in the order of the wants; lowers `left` by what is granted. O(wants).
 *
 * @param processes that may claim, at least 1
 */
export function allotClaims(wants: readonly ClaimWant[], left: MoneyLeft, processes: number): readonly ClaimGrant[] {
  return wants.map((want) => {
    const { adGroupId, wantedMicros, leastMicros } = want;
    const ownBudget = left.byAdGroup.get(adGroupId) ?? Infinity;
    const budget = left.byCampaign.get(want.campaignId) ?? Infinity;
    const balance = left.byAdvertiser.get(want.advertiserId) ?? Infinity;
    if (ownBudget < leastMicros) return { adGroupId, grantedMicros: 0, shortage: 'ad_group_budget' };
    if (budget < leastMicros) return { adGroupId, grantedMicros: 0, shortage: 'budget' };
    if (balance < leastMicros) return { adGroupId, grantedMicros: 0, shortage: 'balance' };
    const part = Math.floor((Math.min(ownBudget, budget, balance) * LARGEST_PART) / processes);
    const grantedMicros = Math.min(wantedMicros, Math.max(leastMicros, part));
    lower(left.byAdvertiser, want.advertiserId, grantedMicros);
    lower(left.byCampaign, want.campaignId, grantedMicros);
    lower(left.byAdGroup, adGroupId, grantedMicros);
    return { adGroupId, grantedMicros, shortage: null };
  });
}

function lower(left: Map<string, number>, id: string, micros: number): void {
  const before = left.get(id);
  if (before !== undefined) left.set(id, before - micros);
}
