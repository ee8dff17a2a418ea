import type { Bid } from '../index/ad-group-record.js';
import { ceilMicros, floorMicros } from '../money/micros.js';

/**
 * Second price by rank: a winner pays the least for which it would have kept its place before the next allowed candidate,
 * and no less than the floor; never more than its bid.
 */
export interface Contender {
  readonly bid: Bid;
  /** Units of the base currency for one unit of the bid's. */
  readonly rate: number;
  readonly ctr: number;
  /** What its eCPM was multiplied by to rank it: relevance × pacing, above 0. */
  readonly quality: number;
}

/**
 * What the winner is charged, in whole micros of its own currency: for one impression (cpm) or one click (cpc). Rounded
 * up, so that rounding never pays less than the place is worth, but not past the bid (a cpm bid rounds down to one
 * impression's share, so that 1,000 impressions never cost more than it).
 *
 * @param nextScore score of the next allowed candidate, base micros per 1,000 impressions; null: nobody competes
 * @param floor lowest eCPM of the placement, base micros per 1,000 impressions
 */
export function secondPriceMicros(winner: Contender, nextScore: number | null, floor: number): number {
  const ecpm = Math.max(nextScore === null ? 0 : nextScore / winner.quality, floor);
  const ownCurrency = ecpm / winner.rate;
  const events = winner.bid.model === 'cpm' ? 1000 : 1000 * winner.ctr;
  // Held against the bid before it becomes money: a floor above every bid may be past 2^53 in a currency of little worth.
  return ceilMicros(Math.min(ownCurrency / events, highestPriceMicros(winner.bid)));
}

/** The most that one charged event can cost. */
export function highestPriceMicros(bid: Bid): number {
  return bid.model === 'cpm' ? floorMicros(bid.amountMicros / 1000) : bid.amountMicros;
}
