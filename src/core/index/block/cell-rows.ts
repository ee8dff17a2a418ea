import { type BitRow, bitRows, clearBit, setBit, widened } from './bit-row.js';

/** As `ValueRows`, for a field whose values are the numbers from 0 to `cells` − 1 (ages; hours of the week) or unknown. */
export class CellRows {
  private rows: BitRow[] = [];

  constructor(
    private words: number,
    private readonly cells: number,
  ) {}

  get bytes(): number {
    return this.rows.length * this.words * 4;
  }

  /** Rules the slot, which must be clear, out for the cells that are not allowed; the last entry is for unknown. */
  block(slot: number, allowed: Uint8Array): void {
    if (this.rows.length === 0) this.rows = bitRows(this.cells + 1, this.words);
    for (let cell = 0; cell <= this.cells; cell++) if (allowed[cell] === 0) setBit(this.rows[cell]!, slot);
  }

  clear(slot: number): void {
    for (const row of this.rows) clearBit(row, slot);
  }

  /** The slots that this cell rules out; null: none. Null stands for unknown; other numbers have no row. */
  rowFor(cell: number | null): BitRow | null {
    if (cell === null) return this.rows[this.cells] ?? null;
    return cell < this.cells ? (this.rows[cell] ?? null) : null;
  }

  widen(words: number): void {
    this.words = words;
    this.rows = this.rows.map((row) => widened(row, words));
  }
}
