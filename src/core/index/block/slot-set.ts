import { type BitRow, bitRow, clearBit, setBit, widened } from './bit-row.js';

const FIRST_CAPACITY = 4;
const EMPTY = new Int32Array(0);

/**
 * A set of slots: a list while it is small, a row of bits from the size on where the row takes less memory and less time
 * to unite (one word a slot against one word for 32). Source: Lemire et al., "Consistently faster and smaller compressed
 * bitmaps with Roaring", 2016, for choosing by density.
 */
export class SlotSet {
  private list: Int32Array = EMPTY;
  private count = 0;
  private row: BitRow | null = null;

  constructor(private words: number) {}

  get bytes(): number {
    return this.row?.byteLength ?? this.list.byteLength;
  }

  /** `slot` must not be in the set. */
  add(slot: number): void {
    if (this.row !== null) return setBit(this.row, slot);
    if (this.count === this.list.length) {
      if (this.count >= this.words) return this.addToRow(slot);
      const longer = new Int32Array(Math.max(this.count * 2, FIRST_CAPACITY));
      longer.set(this.list);
      this.list = longer;
    }
    this.list[this.count++] = slot;
  }

  delete(slot: number): void {
    if (this.row !== null) return clearBit(this.row, slot);
    const at = this.list.subarray(0, this.count).indexOf(slot);
    if (at >= 0) this.list[at] = this.list[--this.count]!;
  }

  /** Sets the bit of each slot of this set. */
  addTo(target: BitRow): void {
    const { row, list, count } = this;
    if (row !== null) for (let w = 0; w < row.length; w++) target[w]! |= row[w]!;
    else for (let i = 0; i < count; i++) setBit(target, list[i]!);
  }

  /** Clears the bit of each slot of this set. */
  takeFrom(target: BitRow): void {
    const { row, list, count } = this;
    if (row !== null) for (let w = 0; w < row.length; w++) target[w]! &= ~row[w]!;
    else for (let i = 0; i < count; i++) clearBit(target, list[i]!);
  }

  widen(words: number): void {
    this.words = words;
    if (this.row !== null) this.row = widened(this.row, words);
  }

  private addToRow(slot: number): void {
    this.row = bitRow(this.words);
    for (let i = 0; i < this.count; i++) setBit(this.row, this.list[i]!);
    this.list = EMPTY;
    this.count = 0;
    setBit(this.row, slot);
  }
}
