import { tieBreak } from '../auction/tie-break.js';

/** Keeps the draw apart from the order between equals, which comes from the same seed and hashes. */
const DRAW = 0x9e3779b9;

/** The part of the draws that all campaigns of a request share; 32-bit, as `seed` is. */
export function drawSeed(seed: number): number {
  return tieBreak(seed, DRAW);
}

/** As `takesPart`, for many campaigns of one request; `drawn` is its `drawSeed`. */
export function isDrawn(drawn: number, campaignHash: number, passShare: number): boolean {
  return passShare >= 1 || tieBreak(drawn, campaignHash) < passShare * 2 ** 32;
}

/**
 * Whether a campaign takes part in a request: a draw that comes out yes for `passShare` of all seeds, independently for each
 * campaign, and always alike for the same request. All ad groups of a campaign share it. `seed` and `campaignHash` are
 * 32-bit; a share of 0 never, one of 1 always takes part.
 */
export function takesPart(seed: number, campaignHash: number, passShare: number): boolean {
  return isDrawn(drawSeed(seed), campaignHash, passShare);
}
