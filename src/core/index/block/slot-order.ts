import { type BitRow, bitRow, clearBit, setBit, widened, WORD_BITS } from './bit-row.js';

/** Slots of a word that a fresh order fills; the rest are gaps for ad groups that come later. */
export const FILLED_OF_WORD = 28;
/** So far before its rank an ad group may be put where the words at its rank are full. */
const WORDS_LOOKED_BACK = 64;

/**
 * Gives ad groups their slots, ordered by the highest score that they can reach ("bound"), highest first, roughly: what a
 * scan relies on is `highestFrom` alone. Invariants: no slot at or after word w has a bound above `highestFrom[w]`, and
 * `highestFrom` never rises with w. So a scan may stop at the first word whose `highestFrom` cannot beat what it has.
 */
export class SlotOrder {
  live: BitRow;
  /** One more than there are words, so that the end reads as −Infinity. */
  highestFrom: Float64Array;
  /** How many slots were given after their rank, each of which loosens `highestFrom`. */
  late = 0;

  constructor(public words: number) {
    this.live = bitRow(words);
    this.highestFrom = new Float64Array(words + 1).fill(-Infinity);
  }

  get bytes(): number {
    return this.live.byteLength + this.highestFrom.byteLength;
  }

  /** The slot of the `rank`-th (from 0) of all, when they are put in from the highest bound to the lowest. */
  static slotOfRank(rank: number): number {
    return Math.floor(rank / FILLED_OF_WORD) * WORD_BITS + (rank % FILLED_OF_WORD);
  }

  static wordsFor(count: number): number {
    return Math.max(1, Math.ceil(count / FILLED_OF_WORD));
  }

  /** Takes a slot that is known to be free. Cheap where slots are taken in the order of their bounds. */
  take(slot: number, bound: number): void {
    setBit(this.live, slot);
    this.raise(slot >>> 5, bound);
  }

  /**
   * Takes a free slot at or shortly before the rank of `bound`, else the next one after it; −1 when none is left.
   * O(log words + words looked at).
   */
  place(bound: number): number {
    const rank = this.wordOf(bound);
    for (let word = rank; word >= 0 && word > rank - WORDS_LOOKED_BACK; word--) {
      if (this.live[word] !== -1) return this.takeIn(word, bound);
    }
    for (let word = rank + 1; word < this.words; word++) {
      if (this.live[word] === -1) continue;
      this.late++;
      return this.takeIn(word, bound);
    }
    return -1;
  }

  /** `highestFrom` stays as it is: still true, if not as tight. */
  free(slot: number): void {
    clearBit(this.live, slot);
  }

  widen(words: number): void {
    this.live = widened(this.live, words);
    const wide = new Float64Array(words + 1).fill(-Infinity);
    wide.set(this.highestFrom);
    this.highestFrom = wide;
    this.words = words;
  }

  private takeIn(word: number, bound: number): number {
    const free = ~this.live[word]!;
    const slot = word * WORD_BITS + 31 - Math.clz32(free & -free);
    this.take(slot, bound);
    return slot;
  }

  /** The last word from which on something as high is known, so that nothing has to be raised; 0 where there is none. */
  private wordOf(bound: number): number {
    let low = 0;
    let high = this.words - 1;
    while (low < high) {
      const middle = (low + high + 1) >>> 1;
      if (this.highestFrom[middle]! >= bound) low = middle;
      else high = middle - 1;
    }
    return low;
  }

  private raise(word: number, bound: number): void {
    for (let w = word; w >= 0 && this.highestFrom[w]! < bound; w--) this.highestFrom[w] = bound;
  }
}
