import type { AuctionRules } from '../../core/auction/select-winners.js';
import type { Scored } from '../../core/index/candidate.js';
import type { MatchRequest } from '../../core/index/match-request.js';
import type { LiveIndex } from '../upkeep/live-index.js';

/**
 * How many candidates a match offers to the caps, time and again until enough of them have room: nearly all requests need
 * the first few only, and each that is offered costs some µs. Each time, the index is asked anew, so a match of few offers
 * is bounded better (see `WorkBound`).
 */

/** Beyond the wanted ones, at first. */
const SPARE_OFFERS = 4;
/** Measured: eight times as many each time, 3,584 the fourth time, took up to 75 ms, most of it to write them out. */
const OFFER_GROWTH = 6;
/** Once so many were offered, there is no other offer: caps and rules beyond are not worth the wait. */
const MOST_OFFERED = 500;
/**
 * Where only one of an advertiser's may be placed: so many may be capped, and however many more it has, others follow them
 * in the offer, who set the price and take the places that are left.
 */
const MOST_OF_ADVERTISER = 32;

/** Candidates in rank order that nothing but caps, load rules and each other can exclude. */
export interface Offer {
  readonly ranked: readonly Scored[];
  /** Nothing further is offered: what has room among these is placed. */
  readonly isLast: boolean;
}

/** What a decision offers to the caps, and offers again with more where too few have room; the last one says so. */
export function* offersTo(
  request: MatchRequest,
  { wanted, allowsRepeats }: AuctionRules,
  index: Pick<LiveIndex, 'top' | 'isCostly'>,
): Generator<Offer, void> {
  const mostOfAdvertiser = allowsRepeats ? Infinity : MOST_OF_ADVERTISER;
  for (let most = wanted + SPARE_OFFERS, isLast = false; !isLast; most *= OFFER_GROWTH) {
    const ranked = index.top(request, most, mostOfAdvertiser);
    isLast = ranked.length < most || most >= MOST_OFFERED || index.isCostly;
    yield { ranked, isLast };
  }
}
