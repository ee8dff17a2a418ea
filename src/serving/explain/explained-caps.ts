import { limitsLoad, type LoadRoom, type LoadRules } from '../../core/auction/member-load.js';
import type { IsCapped } from '../../core/auction/select-winners.js';
import type { AdGroupRecord } from '../../core/index/ad-group-record.js';
import type { Scored } from '../../core/index/candidate.js';
import type { HoldCap, MemberExposure } from '../../delivery/delivery.api.js';
import { holdCaps } from '../match/hold-candidates.js';

/**
 * Whether frequency caps or the placement's load rules keep an ad group from a member, as the hold script counts: open
 * holds and the winners before it in every window, impressions from the window's start on. `room`: what the load rules
 * leave. After a loss of the exposure state, whoever is judged by it waits.
 */
export function capsOf(exposure: MemberExposure, room: LoadRoom, rules: LoadRules, now: number): IsCapped {
  const isUnknown = exposure.isQuarantined;
  const isFull = room.member <= 0 || (isUnknown && limitsLoad(rules));
  return (record, winners) => {
    if (isFull || room.ofAdvertiser(record.advertiserId) <= 0) return true;
    const caps = holdCaps(record, now);
    if (isUnknown && caps.length > 0) return true;
    return caps.some((cap) => used(cap, record, exposure) + wonBy(cap, record, winners) >= cap.limit);
  };
}

function used(
  cap: HoldCap,
  record: AdGroupRecord,
  { impressions, holds, totals, settledUntil }: MemberExposure,
): number {
  const key = cap.scope === 'adGroup' ? 'adGroupId' : 'campaignId';
  const id = cap.scope === 'adGroup' ? record.id : record.campaignId;
  const held = holds.filter((hold) => hold[key] === id && hold.expiresAt > settledUntil).length;
  if (cap.from < 0) return held + (totals[id] ?? 0);
  return held + impressions.filter((impression) => impression[key] === id && impression.at >= cap.from).length;
}

function wonBy(cap: HoldCap, record: AdGroupRecord, winners: readonly Scored[]): number {
  return winners.filter(({ candidate }) =>
    cap.scope === 'adGroup' ? candidate.record.id === record.id : candidate.record.campaignId === record.campaignId,
  ).length;
}
