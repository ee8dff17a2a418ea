import { limitsLoad, loadRoom, type LoadRoom, type LoadRules } from '../../core/auction/member-load.js';
import type { FullScopeOf } from '../../core/auction/select-winners.js';
import { type BoundCaps, type CapScope, PLACEMENT_ZONE } from '../../core/capping/cap-scope.js';
import { type Exposure, isCapped, roomOf } from '../../core/capping/exposure.js';
import type { FrequencyCap } from '../../core/capping/frequency-cap.js';
import { adGroupCaps, capKey, capKeysOf, creativeCaps, creativesInTurn } from '../../core/capping/record-caps.js';
import type { Scored } from '../../core/index/candidate.js';
import type { MatchRequest } from '../../core/index/match-request.js';
import type { MemberExposure } from '../../delivery/delivery.api.js';
import type { PreparedMatch } from '../match/decider.js';

/** What limits one member in one placement. */
export interface PlacementLimits extends LoadRules {
  readonly id: string;
  readonly frequencyCaps: readonly FrequencyCap[];
}

/** What the placement's caps and load rules leave, and the bounds of the member's state, as the hold script counts. */
export function explainedRoom(exposure: MemberExposure, prepared: PreparedMatch): LoadRoom {
  const { placement, now } = prepared;
  const { impressions, holds, settledUntil } = exposure;
  // Exposure is told by keys, and so is the advertiser who is asked about.
  const room = loadRoom(
    {
      impressions: impressions.map(({ of, at }) => ({ advertiserId: String(of.advertiser), at })),
      holds: holds.map((hold) => ({ ...hold, advertiserId: String(hold.of.advertiser) })),
      settledUntil,
    },
    placement,
    now,
  );
  const bound = {
    scope: 'placement',
    key: capKey(placement.id),
    caps: placement.frequencyCaps,
    zone: PLACEMENT_ZONE,
  } as const;
  return {
    member: isAtBound(exposure, prepared) ? 0 : Math.min(room.member, roomOf(exposure, bound, now, settledUntil)),
    ofAdvertiser: (advertiserId) => room.ofAdvertiser(String(capKey(advertiserId))),
  };
}

/** A member who asked again and again is shown nothing more for a while. */
function isAtBound(exposure: MemberExposure, { input, positions, now }: PreparedMatch): boolean {
  const { holds, decisionsExpireAt, most, settledUntil } = exposure;
  const open = holds.filter(({ expiresAt }) => expiresAt > settledUntil).length;
  const repeatable = decisionsExpireAt.filter((expiresAt) => expiresAt > now).length;
  return open + positions.length > most.holds || (input.requestId !== undefined && repeatable >= most.decisions);
}

/**
 * Which frequency caps or load rules of the placement keep an ad group from a member, as the hold script counts: open
 * holds and the winners before it in every window, impressions from the window's start on. An ad group is capped once each
 * of its creatives that suits is. After a loss of the exposure state, whoever is judged by it waits.
 */
export function capsOf(
  exposure: MemberExposure,
  room: LoadRoom,
  placement: PlacementLimits,
  request: MatchRequest,
): FullScopeOf {
  const isUnknown = exposure.isQuarantined;
  const isFull = room.member <= 0 || (isUnknown && (limitsLoad(placement) || placement.frequencyCaps.length > 0));
  return (record, winners) => {
    if (isFull) return 'placement';
    if (room.ofAdvertiser(record.advertiserId) <= 0) return 'advertiser';
    const seen = withWinners(exposure, winners, placement.id);
    const fullOf = (bound: readonly BoundCaps[]): CapScope | null =>
      isUnknown
        ? (bound.findLast(({ caps }) => caps.length > 0)?.scope ?? null)
        : (isCapped(seen, bound, request.now, exposure.settledUntil)?.scope ?? null);
    const full = fullOf(adGroupCaps(record));
    if (full !== null) return full;
    const creatives = creativesInTurn(record, request);
    const isShowable = creatives.some((creative) => fullOf([creativeCaps(record, creative)]) === null);
    return creatives.length > 0 && !isShowable ? 'creative' : null;
  };
}

/** Winners are held before the next candidate is judged. Each ad group wins once, so that their creatives do not matter. */
function withWinners(exposure: MemberExposure, winners: readonly Scored[], placement: string): Exposure {
  if (winners.length === 0) return exposure;
  const holds = winners.map(({ candidate: { record } }) => ({
    messageId: `of ${record.id}`,
    of: capKeysOf(record, '', placement),
    expiresAt: Infinity,
  }));
  return { ...exposure, holds: [...exposure.holds, ...holds] };
}
