import { tieBreak } from '../auction/tie-break.js';

/** Keeps the draw apart from the order between equals, which comes from the same seed and hashes. */
const DRAW = 0x9e3779b9;

/** At most 5: the order of a campaign takes six times so many bits out of its 32-bit hash. */
const PHASE_BITS = 5;

/**
 * Requests fall into so many phases. A campaign has an order of its own in which it takes as many of them as its share
 * says, so that for all but one of them its share alone decides, and an index can keep by phase who takes part. The order
 * is another one for each share: a campaign of a small share is in one or two phases, and may find only stronger ones
 * there, until pacing changes its share, as it does at least once a minute.
 */
export const PHASES = 1 << PHASE_BITS;
/** Takes a phase, or a place in an order of them, out of a longer number. */
const PHASE_MASK = PHASES - 1;

/** What all campaigns share of the draws of one request: its phase is in the highest `PHASE_BITS` bits. */
export type DrawSeed = number;

/** `seed`: 32-bit. */
export function drawSeed(seed: number): DrawSeed {
  return tieBreak(seed, DRAW);
}

export function phaseOf(drawn: DrawSeed): number {
  return drawn >>> (32 - PHASE_BITS);
}

/** Shuffles the orders of shares that are alike. */
const ORDER = 0x85ebca77;

/**
 * Where in its order, from 0, a campaign of this share has this phase. The order is a permutation of the phases that hash
 * and share choose out of some ten million: each step, an odd factor with a summand or a shift, can be undone.
 */
function placeOf(phase: number, campaignHash: number, passShare: number): number {
  const bits = tieBreak(campaignHash, Math.imul(passShare * 2 ** 32, ORDER));
  let place = Math.imul(phase, bits | 1) + (bits >>> PHASE_BITS);
  place = (place ^ ((place & PHASE_MASK) >>> 2)) & PHASE_MASK;
  place = Math.imul(place, (bits >>> (2 * PHASE_BITS)) | 1) + (bits >>> (3 * PHASE_BITS));
  place = (place ^ ((place & PHASE_MASK) >>> 3)) & PHASE_MASK;
  return (Math.imul(place, (bits >>> (4 * PHASE_BITS)) | 1) + (bits >>> (5 * PHASE_BITS))) & PHASE_MASK;
}

/** Whether the campaign takes part in all requests of the phase, in none, or in some, by `isDrawn`. */
export function partInPhase(phase: number, campaignHash: number, passShare: number): 'all' | 'none' | 'some' {
  const place = placeOf(phase, campaignHash, passShare);
  if (place >= passShare * PHASES) return 'none';
  return place + 1 <= passShare * PHASES ? 'all' : 'some';
}

/** As `takesPart`, for many campaigns of one request. */
export function isDrawn(drawn: DrawSeed, campaignHash: number, passShare: number): boolean {
  const place = placeOf(phaseOf(drawn), campaignHash, passShare);
  return place * 2 ** 32 + tieBreak(drawn, campaignHash) < passShare * PHASES * 2 ** 32;
}

/**
 * Whether a campaign takes part in a request: a draw that comes out yes for `passShare` of all seeds, apart for each
 * campaign, and always alike for the same request. All ad groups of a campaign share it. `seed` and `campaignHash` are
 * 32-bit; a share of 0 never, one of 1 always takes part.
 */
export function takesPart(seed: number, campaignHash: number, passShare: number): boolean {
  return isDrawn(drawSeed(seed), campaignHash, passShare);
}
