import type { Subject } from '../../targeting/subject.js';
import { type BitRow, bitRow, clearBit, setBit, widened } from './bit-row.js';
import { SlotSet } from './slot-set.js';
import { MOST_GROUPS, type TargetingPlan, type Trait } from './targeting-plan.js';

type Groups = TargetingPlan['groups'];

/** The slots that ask for one trait and those that rule it out. */
interface Entry {
  /** The weight from which on the trait is there; 0 for an audience, as for any weight above 0. */
  readonly minWeight: number;
  /** By the place of the group, among the slot's, that the trait is in. */
  readonly wanted: readonly SlotSet[];
  readonly ruledOut: SlotSet;
}

/** A segment with its number, by which programs and relevance know it. */
interface Segment {
  readonly number: number;
  readonly entries: Entry[];
}

/**
 * What members' interests and audiences decide: per segment and audience, the slots that ask for it or rule it out; and for
 * the request at hand, the member's weights by the segments' numbers.
 */
export class TraitRows {
  private readonly segments = new Map<string, Segment>();
  private readonly audiences = new Map<string, Entry>();
  /** By place: the slots that have a group there. */
  private asking: BitRow[];
  private answered: BitRow;
  /** `turn` at each segment that the member of this turn has. */
  marks: Int32Array = new Int32Array(64);
  weights: Float64Array = new Float64Array(64);
  turn = 0;

  constructor(private words: number) {
    this.asking = Array.from({ length: MOST_GROUPS }, () => bitRow(words));
    this.answered = bitRow(words);
  }

  get bytes(): number {
    let bytes = (MOST_GROUPS + 1) * this.answered.byteLength + this.marks.byteLength + this.weights.byteLength;
    for (const entry of this.entries()) {
      bytes += entry.wanted.reduce((sum, set) => sum + set.bytes, entry.ruledOut.bytes);
    }
    return bytes;
  }

  add(slot: number, groups: Groups, noneOf: readonly Trait[]): void {
    groups.forEach((group, place) => {
      setBit(this.asking[place]!, slot);
      for (const trait of group) this.entryOf(trait).wanted[place]!.add(slot);
    });
    for (const trait of noneOf) this.entryOf(trait).ruledOut.add(slot);
  }

  /** With the same traits as it was added with. */
  remove(slot: number, groups: Groups, noneOf: readonly Trait[]): void {
    groups.forEach((group, place) => {
      clearBit(this.asking[place]!, slot);
      for (const trait of group) this.entryOf(trait).wanted[place]!.delete(slot);
    });
    for (const trait of noneOf) this.entryOf(trait).ruledOut.delete(slot);
  }

  numberOf(segmentId: string): number {
    return this.segmentOf(segmentId).number;
  }

  /** Marks the member's segments for `turn`, a number not used before. O(interests). */
  begin(turn: number, interests: ReadonlyMap<string, number>): void {
    this.turn = turn;
    for (const [id, weight] of interests) {
      if (!(weight > 0)) continue;
      const segment = this.segments.get(id);
      if (segment === undefined) continue;
      this.marks[segment.number] = turn;
      this.weights[segment.number] = weight;
    }
  }

  /** Forgets all marks, so that turns may be counted anew. */
  forgetMarks(): void {
    this.marks.fill(0);
  }

  /** The slots to whose every group the member has something, and that rule nothing out that the member has. */
  answer(subject: Subject, target: BitRow): void {
    const held = this.heldBy(subject);
    const { answered } = this;
    target.fill(-1);
    this.asking.forEach((asking, place) => {
      for (let w = 0; w < answered.length; w++) answered[w] = ~asking[w]!;
      for (const { wanted } of held) wanted[place]!.addTo(answered);
      for (let w = 0; w < answered.length; w++) target[w]! &= answered[w]!;
    });
    for (const { ruledOut } of held) ruledOut.takeFrom(target);
  }

  widen(words: number): void {
    this.words = words;
    this.asking = this.asking.map((row) => widened(row, words));
    this.answered = bitRow(words);
    for (const entry of this.entries()) {
      for (const set of entry.wanted) set.widen(words);
      entry.ruledOut.widen(words);
    }
  }

  private heldBy({ interests, audiences }: Subject): Entry[] {
    const held: Entry[] = [];
    for (const [id, weight] of interests) {
      const entries = weight > 0 ? this.segments.get(id)?.entries : undefined;
      for (const entry of entries ?? []) if (weight >= entry.minWeight) held.push(entry);
    }
    for (const id of audiences) {
      const entry = this.audiences.get(id);
      if (entry !== undefined) held.push(entry);
    }
    return held;
  }

  private *entries(): Iterable<Entry> {
    for (const { entries } of this.segments.values()) yield* entries;
    yield* this.audiences.values();
  }

  private entryOf(trait: Trait): Entry {
    if (trait.kind === 'audience') {
      const known = this.audiences.get(trait.id) ?? this.newEntry(0);
      this.audiences.set(trait.id, known);
      return known;
    }
    const { entries } = this.segmentOf(trait.id);
    const known = entries.find(({ minWeight }) => minWeight === trait.minWeight);
    if (known !== undefined) return known;
    const entry = this.newEntry(trait.minWeight);
    entries.push(entry);
    return entry;
  }

  private newEntry(minWeight: number): Entry {
    const { words } = this;
    const wanted = Array.from({ length: MOST_GROUPS }, () => new SlotSet(words));
    return { minWeight, wanted, ruledOut: new SlotSet(words) };
  }

  private segmentOf(id: string): Segment {
    const known = this.segments.get(id);
    if (known !== undefined) return known;
    const segment = { number: this.segments.size, entries: [] };
    this.segments.set(id, segment);
    if (segment.number >= this.marks.length) {
      const marks = new Int32Array(this.marks.length * 2);
      marks.set(this.marks);
      this.marks = marks;
      const weights = new Float64Array(marks.length);
      weights.set(this.weights);
      this.weights = weights;
    }
    return segment;
  }
}
