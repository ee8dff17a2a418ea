import { relevanceOf } from '../../scoring/score.js';
import type { TraitRows } from './trait-rows.js';

/** The segments by which an ad group's relevance is told, as lists of numbers one after the other. */
export class RelevanceLists {
  private lists = new Int32Array(1_024);
  private used = 0;

  constructor(private readonly traits: TraitRows) {}

  get bytes(): number {
    return this.lists.byteLength;
  }

  /** Where the list is; −1: empty. */
  add(segmentIds: readonly string[]): number {
    if (segmentIds.length === 0) return -1;
    while (this.used + segmentIds.length + 1 > this.lists.length) {
      const longer = new Int32Array(this.lists.length * 2);
      longer.set(this.lists);
      this.lists = longer;
    }
    const at = this.used;
    this.lists[this.used++] = segmentIds.length;
    for (const id of segmentIds) this.lists[this.used++] = this.traits.numberOf(id);
    return at;
  }

  /** How many segments the list has. */
  sizeOf(at: number): number {
    return at < 0 ? 0 : this.lists[at]!;
  }

  /** The relevance to the member whose segments are marked, as `relevance` tells it. */
  relevance(at: number): number {
    if (at < 0) return relevanceOf(0);
    const { marks, weights, turn } = this.traits;
    const end = at + this.lists[at]!;
    let strongest = 0;
    for (let i = at + 1; i <= end; i++) {
      const number = this.lists[i]!;
      if (marks[number] === turn && weights[number]! > strongest) strongest = weights[number]!;
    }
    return relevanceOf(strongest);
  }
}
