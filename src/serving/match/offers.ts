import type { AuctionRules } from '../../core/auction/select-winners.js';
import type { Scored } from '../../core/index/candidate.js';
import type { MatchRequest } from '../../core/index/match-request.js';
import type { LiveIndex } from '../upkeep/live-index.js';

/**
 * How many candidates beyond the wanted ones are offered to the caps at first, and by what factor more each time that too
 * few have room: nearly all requests need the first few only, and each that is offered costs some µs. Each time, the index
 * is asked anew, so a match of few steps is bounded better (see `WorkBound`).
 */
const SPARE_OFFERS = 4;
const OFFER_GROWTH = 8;
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
