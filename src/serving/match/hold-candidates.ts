import type { Contender } from '../../core/auction/price.js';
import { type BoundCaps, PLACEMENT_ZONE } from '../../core/capping/cap-scope.js';
import { windowStart } from '../../core/capping/cap-window.js';
import type { FrequencyCap } from '../../core/capping/frequency-cap.js';
import { adGroupCapLists, creativesInTurn } from '../../core/capping/record-caps.js';
import type { AdGroupRecord, CreativeRecord } from '../../core/index/ad-group-record.js';
import type { Scored } from '../../core/index/candidate.js';
import type { MatchRequest } from '../../core/index/match-request.js';
import { ecpmMicros, PRIOR_CTR } from '../../core/scoring/score.js';
import type { CapAt, HoldCandidate, HoldCap } from '../../delivery/delivery.api.js';

/**
 * What a decision needs of a candidate once it is held. It is kept with the holds, so that a repeated request gets the same
 * messages at the same prices although bids may have changed.
 */
export interface Ticket {
  readonly adGroupId: string;
  readonly creativeId: string;
  readonly score: number;
  readonly contender: Contender;
}

export function toHoldCandidate(scored: Scored, request: MatchRequest): HoldCandidate {
  const { record, rate, ctr } = scored.candidate;
  const contender = { bid: record.bid, rate, ctr, quality: scored.relevance * scored.pacing };
  return {
    adGroupId: record.id,
    campaignId: record.campaignId,
    advertiserId: record.advertiserId,
    caps: adGroupCapsAt(record, request.now),
    categories: record.categories,
    creatives: offeredCreatives(record, request),
    ticket: writeTicket(record.id, contender),
  };
}

/** No part holds a space; numbers are read back as they were. Without a predicted CTR it is a cpm bid's, which needs none. */
function writeTicket(adGroupId: string, { bid, rate, ctr, quality }: Contender): string {
  const ticket = `${adGroupId} ${bid.amountMicros} ${rate} ${quality}`;
  return bid.model === 'cpm' ? ticket : `${ticket} ${ctr}`;
}

/** A ticket as it comes back, behind the id of the creative that was taken. */
export function readTicket(text: string): Ticket {
  const [creativeId = '', adGroupId = '', amountMicros, rate, quality, ctr] = text.split(' ');
  const bid = { model: ctr === undefined ? 'cpm' : 'cpc', amountMicros: Number(amountMicros) } as const;
  const contender = {
    bid,
    rate: Number(rate),
    ctr: ctr === undefined ? PRIOR_CTR : Number(ctr),
    quality: Number(quality),
  };
  return { adGroupId, creativeId, score: scoreOf(contender), contender };
}

/** As it was ranked: by the same factors in the same order. */
function scoreOf({ bid, rate, ctr, quality }: Contender): number {
  return ecpmMicros(bid.model, bid.amountMicros, ctr) * rate * quality;
}

/** The placement's caps with the instants from which they count. */
export function placementCapsAt(caps: readonly FrequencyCap[], now: number): readonly CapAt[] {
  return caps.map((cap) => capAt(cap, now, PLACEMENT_ZONE));
}

function adGroupCapsAt(record: AdGroupRecord, now: number): readonly HoldCap[] {
  const found: HoldCap[] = [];
  for (const { scope, caps } of adGroupCapLists(record)) {
    for (const cap of caps) found.push({ scope, ...capAt(cap, now, record.timeZone) });
  }
  return found;
}

/** Up to the first without caps of its own: those behind it could not be reached. `firstFailure` has seen that one suits. */
function offeredCreatives(record: AdGroupRecord, request: MatchRequest): HoldCandidate['creatives'] {
  const inTurn = creativesInTurn(record, request);
  const last = inTurn.findIndex(({ caps }) => caps.length === 0);
  const offered = last < 0 ? inTurn : inTurn.slice(0, last + 1);
  return offered.map(({ id, caps }: CreativeRecord) => ({
    creativeId: id,
    caps: caps.map((cap) => capAt(cap, request.now, record.timeZone)),
  }));
}

function capAt({ window, limit }: FrequencyCap, now: number, zone: BoundCaps['zone']): CapAt {
  return { from: window === 'lifetime' ? -1 : windowStart(window, now, zone), limit };
}
