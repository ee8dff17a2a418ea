import { hashText } from '../auction/tie-break.js';
import { localDate } from '../calendar/local-day.js';
import type { ExchangeRates } from '../money/currency.js';
import { rateOf } from '../money/currency.js';
import { ecpmMicros, PRIOR_CTR, relevance } from '../scoring/score.js';
import { positiveSegments, usesPersonalData } from '../targeting/named-segments.js';
import type { AdGroupRecord } from './ad-group-record.js';
import type { MatchRequest } from './match-request.js';

/** An ad group with what can be worked out once, before any request. */
export interface Candidate {
  readonly record: AdGroupRecord;
  readonly segments: readonly string[];
  readonly usesPersonalData: boolean;
  /** Units of the base currency for one unit of the advertiser's. */
  readonly rate: number;
  readonly ctr: number;
  /** Base micros per 1,000 impressions. */
  readonly ecpmMicros: number;
  readonly idHash: number;
}

/** A candidate with its worth for one request. */
export interface Scored {
  readonly candidate: Candidate;
  readonly relevance: number;
  readonly score: number;
}

export function toCandidate(record: AdGroupRecord, rates: ExchangeRates): Candidate {
  const rate = rateOf(record.currency, rates);
  return {
    record,
    segments: positiveSegments(record.targeting),
    usesPersonalData: usesPersonalData(record.targeting),
    rate,
    ctr: PRIOR_CTR,
    ecpmMicros: ecpmMicros(record.bid.model, record.bid.amountMicros, PRIOR_CTR) * rate,
    idHash: hashText(record.id),
  };
}

export function score(candidate: Candidate, request: MatchRequest): Scored {
  const factor = relevance(candidate.segments, request.subject.interests);
  return { candidate, relevance: factor, score: candidate.ecpmMicros * factor };
}

/** The advertiser's local day of the request: the one that its daily budgets are about. */
export function budgetDay(record: AdGroupRecord, now: number): string {
  return localDate(now, record.timeZone);
}
