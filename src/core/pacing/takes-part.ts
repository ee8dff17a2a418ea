import { tieBreak } from '../auction/tie-break.js';

/** Keeps the draws apart from those that decide between equals, which mix the same seed with the ids of ad groups. */
const SALT = 0x9e3779b9;
const DRAWS = 2 ** 32;

/**
 * Probabilistic throttling: whether a campaign takes part in one request. Over requests it does in `passShare` of them,
 * whatever it bids and however it ranks, so nobody starves by bid order; for one request the answer is always the same,
 * so the index, the plain scan and an explanation agree; and one that takes part at some share does at every higher one.
 *
 * @param seed of the request, a 32-bit integer
 * @param campaignHash `hashText` of the campaign's id
 * @param passShare in [0, 1]; 0: never, 1: always
 */
export function takesPart(seed: number, campaignHash: number, passShare: number): boolean {
  return tieBreak(seed, tieBreak(campaignHash, SALT)) < passShare * DRAWS;
}
