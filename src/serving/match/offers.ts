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

export function firstOffer(wanted: number): number {
  return wanted + SPARE_OFFERS;
}

export function nextOffer(offer: number): number {
  return offer * OFFER_GROWTH;
}

/** `ranked`: how many the index had for it. `isCostly`: to ask it again would be too much for the match. */
export function isLastOffer(offer: number, ranked: number, isCostly: boolean): boolean {
  return ranked < offer || offer >= MOST_OFFERED || isCostly;
}

export function mostOfAdvertiser(allowsRepeats: boolean): number {
  return allowsRepeats ? Infinity : MOST_OF_ADVERTISER;
}
