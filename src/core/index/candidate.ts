import { hashText } from '../auction/tie-break.js';
import type { ExchangeRates } from '../money/currency.js';
import { rateOf } from '../money/currency.js';
import { ecpmMicros, highestRelevance, PRIOR_CTR, relevance } from '../scoring/score.js';
import { lookCount } from '../targeting/look-count.js';
import { positiveSegments, usesPersonalData } from '../targeting/named-segments.js';
import type { AdGroupRecord } from './ad-group-record.js';
import type { MatchRequest, MoneySnapshot } from './match-request.js';

/** An ad group with what can be worked out once, before any request. */
export interface Candidate {
  readonly record: AdGroupRecord;
  readonly segments: readonly string[];
  readonly usesPersonalData: boolean;
  /** What evaluating its targeting costs at most: see `lookCount`. */
  readonly looks: number;
  /** Units of the base currency for one unit of the advertiser's. */
  readonly rate: number;
  /** Predicted. */
  readonly ctr: number;
  /** Base micros per 1,000 impressions. */
  readonly ecpmMicros: number;
  /** The score of a member who is as relevant as can be, unpaced: it can reach no higher one. */
  readonly highestScore: number;
  readonly idHash: number;
  readonly campaignHash: number;
}

/** A candidate with its worth for one request: score = eCPM × relevance × pacing. */
export interface Scored {
  readonly candidate: Candidate;
  readonly relevance: number;
  readonly pacing: number;
  readonly score: number;
}

/** `ctr`: predicted, bounded as `predictCtr` bounds it. Throws `InvariantViolation` for a currency without a rate. */
export function toCandidate(record: AdGroupRecord, rates: ExchangeRates, ctr = PRIOR_CTR): Candidate {
  const rate = rateOf(record.currency, rates);
  const segments = positiveSegments(record.targeting);
  const ecpm = ecpmMicros(record.bid.model, record.bid.amountMicros, ctr) * rate;
  return {
    record,
    segments,
    usesPersonalData: usesPersonalData(record.targeting),
    looks: lookCount(record.targeting),
    rate,
    ctr,
    ecpmMicros: ecpm,
    highestScore: scoreOf(ecpm, highestRelevance(segments), 1),
    idHash: hashText(record.id),
    campaignHash: hashText(record.campaignId),
  };
}

export function score(candidate: Candidate, request: MatchRequest, money: MoneySnapshot): Scored {
  const factor = relevance(candidate.segments, request.subject.interests);
  const pacing = money.pacing(candidate.record).rankFactor;
  return { candidate, relevance: factor, pacing, score: scoreOf(candidate.ecpmMicros, factor, pacing) };
}

/** One formula for all, since a float depends on the order of its factors. Never above `highestScore`. */
export function scoreOf(ecpmMicros: number, relevance: number, pacing: number): number {
  return ecpmMicros * (relevance * pacing);
}
