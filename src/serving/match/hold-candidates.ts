import type { Contender } from '../../core/auction/price.js';
import { windowStart } from '../../core/capping/cap-window.js';
import type { FrequencyCap } from '../../core/capping/frequency-cap.js';
import type { AdGroupRecord } from '../../core/index/ad-group-record.js';
import type { Scored } from '../../core/index/candidate.js';
import { suitsLanguage } from '../../core/index/first-failure.js';
import type { MatchRequest } from '../../core/index/match-request.js';
import { hashText, tieBreak } from '../../core/auction/tie-break.js';
import type { HoldCandidate, HoldCap } from '../../delivery/delivery.api.js';

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
  const ticket: Ticket = {
    adGroupId: record.id,
    creativeId: chooseCreative(record, request),
    score: scored.score,
    contender: { bid: record.bid, rate, ctr, quality: scored.relevance * scored.pacing },
  };
  return {
    adGroupId: record.id,
    campaignId: record.campaignId,
    advertiserId: record.advertiserId,
    caps: holdCaps(record, request.now),
    categories: record.categories,
    ticket: writeTicket(ticket),
  };
}

/** No part holds a space; numbers are read back as they were. */
function writeTicket({ adGroupId, creativeId, score, contender }: Ticket): string {
  const { bid, rate, ctr, quality } = contender;
  return `${adGroupId} ${creativeId} ${score} ${bid.model} ${bid.amountMicros} ${rate} ${ctr} ${quality}`;
}

export function readTicket(text: string): Ticket {
  const [adGroupId = '', creativeId = '', score, model, amountMicros, rate, ctr, quality] = text.split(' ');
  const bid = { model: model === 'cpc' ? model : 'cpm', amountMicros: Number(amountMicros) } as const;
  const contender = { bid, rate: Number(rate), ctr: Number(ctr), quality: Number(quality) };
  return { adGroupId, creativeId, score: Number(score), contender };
}

/** The caps with the instants from which they count, on the advertiser's clock. */
export function holdCaps(record: AdGroupRecord, now: number): readonly HoldCap[] {
  const toHoldCap = (scope: HoldCap['scope']) => (cap: FrequencyCap) => ({
    scope,
    from: cap.window === 'lifetime' ? -1 : windowStart(cap.window, now, record.timeZone),
    limit: cap.limit,
  });
  return [...record.adGroupCaps.map(toHoldCap('adGroup')), ...record.campaignCaps.map(toHoldCap('campaign'))];
}

/** Creatives take turns by the request's seed; `firstFailure` has seen that one suits. */
function chooseCreative(record: AdGroupRecord, request: MatchRequest): string {
  const suitable = record.creatives.filter((creative) => suitsLanguage(creative, request.subject.language));
  const turn = tieBreak(request.seed, hashText(record.id)) % suitable.length;
  return suitable[turn]?.id ?? '';
}
