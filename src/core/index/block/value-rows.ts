import { allows, type AllowedValues } from './allowed-values.js';
import { type BitRow, bitRow, clearBit, setBit, widened } from './bit-row.js';

/** Of one field, so many values get rows of their own; the rest share one. Twice the memory of all countries. */
const MOST_ROWS = 256;

/**
 * For one field: per value, the slots that it rules out. Rows say "blocked", so that an ad group which does not mind the
 * field, as most, sets no bit. A value that no expression names is ruled out by `rest`, an unknown one by `unknown`.
 */
export class ValueRows {
  private readonly byValue = new Map<string, BitRow>();
  private rest: BitRow;
  private unknown: BitRow;
  private isUsed = false;

  constructor(
    private words: number,
    private readonly mostRows = MOST_ROWS,
  ) {
    this.rest = bitRow(words);
    this.unknown = bitRow(words);
  }

  get bytes(): number {
    return (this.byValue.size + 2) * this.rest.byteLength;
  }

  /**
   * Rules the slot, which must be clear, out for whatever is not allowed. False when that is not exact, because there are
   * no rows left for some value: then the slot is ruled out for less, and must be verified.
   */
  block(slot: number, allowed: AllowedValues): boolean {
    this.isUsed = true;
    let isExact = true;
    for (const value of allowed.values) if (!this.hasRow(value)) isExact = false;
    for (const [value, row] of this.byValue) if (!allows(allowed, value)) setBit(row, slot);
    if (isExact && !allowed.isComplement) setBit(this.rest, slot);
    if (!allowed.unknown) setBit(this.unknown, slot);
    return isExact;
  }

  clear(slot: number): void {
    if (!this.isUsed) return;
    for (const row of this.byValue.values()) clearBit(row, slot);
    clearBit(this.rest, slot);
    clearBit(this.unknown, slot);
  }

  /** The slots that this value rules out; null: none. */
  rowFor(value: string | null): BitRow | null {
    if (!this.isUsed) return null;
    return value === null ? this.unknown : (this.byValue.get(value) ?? this.rest);
  }

  widen(words: number): void {
    this.words = words;
    this.rest = widened(this.rest, words);
    this.unknown = widened(this.unknown, words);
    for (const [value, row] of this.byValue) this.byValue.set(value, widened(row, words));
  }

  /** Gives the value a row if it has none and there is one left. Until now it was one of the rest. */
  private hasRow(value: string): boolean {
    if (this.byValue.has(value)) return true;
    if (this.byValue.size >= this.mostRows) return false;
    this.byValue.set(value, widened(this.rest, this.words));
    return true;
  }
}
