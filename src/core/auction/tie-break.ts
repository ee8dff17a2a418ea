/**
 * Deterministic order between equal scores: a hash of the request's seed and the ad group, so that the same request
 * always ends the same way and, over many requests, each of the equals comes first equally often.
 */

/** FNV-1a, 32 bits (http://www.isthe.com/chongo/tech/comp/fnv/): an unsigned integer for any text. */
export function hashText(text: string): number {
  let hash = 0x811c9dc5;
  for (let i = 0; i < text.length; i++) {
    hash ^= text.charCodeAt(i);
    hash = Math.imul(hash, 0x01000193);
  }
  return hash >>> 0;
}

/** Mixes two 32-bit hashes by the finaliser of MurmurHash3: every input bit reaches every output bit. */
export function tieBreak(seed: number, idHash: number): number {
  let mixed = (seed ^ idHash) >>> 0;
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return (mixed ^ (mixed >>> 16)) >>> 0;
}
