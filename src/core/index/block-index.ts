import type { ExchangeRates } from '../money/currency.js';
import { LEAST_RELEVANCE } from '../scoring/score.js';
import type { AdGroupRecord } from './ad-group-record.js';
import { BestList } from './block/best-list.js';
import { type BitRow, bitRow, WORD_BITS } from './block/bit-row.js';
import { byBound } from './block/by-bound.js';
import { Layout } from './block/layout.js';
import { PartedMap } from './block/parted-map.js';
import { SlotOrder } from './block/slot-order.js';
import { type Candidate, scoreOf, type Scored, toCandidate } from './candidate.js';
import type { CandidateIndex, Eligible } from './candidate-index.js';
import { isQuietTime } from './first-failure.js';
import type { MatchRequest, MoneySnapshot } from './match-request.js';

/** Words of a scan's first block, and of its longest: nearly all scans end within the first few words. */
const FIRST_BLOCK = 4;
const LONGEST_BLOCK = 64;
/** So many slots are asked by their programs; then it is cheaper to look up the member's traits, once for all (measured). */
const ASKED_BEFORE_TRAITS = 4_000;

/** To ask about a slot takes as long as so many looks (measured). */
const LOOKS_OF_SLOT = 20;
/** To pass over a slot that loses a tie does (measured). */
const LOOKS_OF_TIE = 10;
/**
 * A scan that has gone through slots one by one for so many looks ends, as if none that follows were eligible: after 30,000
 * that were asked about or 60,000 that score the same, some 15 to 25 ms. So many are asked about only where scores rise while
 * bounds fall, which takes a catalogue made for it.
 */
const MOST_SCAN_LOOKS = 600_000;

const SMALLEST = 1_024;
/** A rebuild is due once this share of the ad groups has been put in, moved or taken out, or lies after its rank. */
const WORN_SHARE = 1 / 8;
const LATE_SHARE = 1 / 64;

/**
 * The candidate index by bit rows. Ad groups lie in slots ordered by the highest score that they can reach; facts of a
 * request own rows of the slots that they rule out. A scan goes block by block, asks what the rows let pass by exact checks,
 * and stops where no later slot can beat what it has. Gives what `PlainScan` gives, in the same order, but that `top`
 * evaluates only so many expressions as `WorkBound` allows, and goes through only so many slots as `MOST_SCAN_LOOKS`.
 */
export class BlockIndex implements CandidateIndex {
  private layout = Layout.of(SlotOrder.wordsFor(SMALLEST));
  private readonly known = new PartedMap<Candidate>();
  private readonly block: BitRow = bitRow(LONGEST_BLOCK);
  /** For one request: the slots that its traits let pass. */
  private passing: BitRow = bitRow(0);
  /** The slots that the latest `eligible` found. */
  private found: Int32Array = bitRow(0);
  /** Slots that the latest `top` asked about one by one. */
  private asked = 0;
  /** Slots that it passed over, since they could score as much as the last of the best, and no more. */
  private tied = 0;
  private edits = 0;
  /** What changed since the rebuild under way began; null: there is none. */
  private changed: Set<string> | null = null;

  constructor(private readonly rates: ExchangeRates) {}

  get size(): number {
    return this.known.size;
  }

  /** Of typed arrays, without the records. */
  get bytes(): number {
    return this.layout.bytes + this.block.byteLength + this.passing.byteLength + this.found.byteLength;
  }

  /** What the latest request cost, in the unit of `WorkBound`. */
  get looks(): number {
    return this.layout.looks;
  }

  /** As `looks`, with what it cost to go through slots one by one. */
  get cost(): number {
    return this.looks + this.scanLooks;
  }

  /** O(rows): some µs. */
  upsert(record: AdGroupRecord, ctr?: number): void {
    const candidate = toCandidate(record, this.rates, ctr);
    this.known.set(record.id, candidate);
    this.layout.remove(record.id);
    if (canServe(record)) this.layout.add(candidate);
    this.noteEdit(record.id);
  }

  /** As `upsert` of an ad group that is not there, but found only after the next `rebuild`: for filling an index. */
  load(record: AdGroupRecord, ctr?: number): void {
    this.known.set(record.id, toCandidate(record, this.rates, ctr));
    this.noteEdit(record.id);
  }

  remove(adGroupId: string): void {
    if (!this.known.delete(adGroupId)) return;
    this.layout.remove(adGroupId);
    this.noteEdit(adGroupId);
  }

  recheck(adGroupId: string): void {
    this.layout.recheck(adGroupId);
    this.changed?.add(adGroupId);
  }

  get(adGroupId: string): Candidate | null {
    return this.known.get(adGroupId) ?? null;
  }

  all(): Iterable<Candidate> {
    return this.known.values();
  }

  top(request: MatchRequest, money: MoneySnapshot, limit: number, without = NOBODY): readonly Scored[] {
    this.asked = 0;
    this.tied = 0;
    if (limit < 1 || isQuietTime(request)) return [];
    const { layout, block } = this;
    const rows = layout.begin(request, true);
    const best = new BestList(limit, request.seed);
    let length = FIRST_BLOCK;
    let hasTraits = false;
    for (let from = 0; from < layout.words; from += length, length = Math.min(length * 2, LONGEST_BLOCK)) {
      if (this.scanLooks >= MOST_SCAN_LOOKS || this.isBeyond(from, best, request)) break;
      const to = Math.min(from + length, layout.words);
      this.filter(rows, from, to);
      if (this.asked >= ASKED_BEFORE_TRAITS) {
        if (!hasTraits) this.lookUpTraits(request);
        hasTraits = true;
        this.filterByTraits(from, to);
      }
      for (let word = from; word < to; word++) {
        const passed = block[word - from]!;
        if (passed !== 0) this.offer(passed, word, best, { money, without });
      }
    }
    return best.ranked();
  }

  eligible(request: MatchRequest, money: MoneySnapshot): Eligible {
    const { layout } = this;
    if (this.found.length !== layout.words * WORD_BITS) this.found = new Int32Array(layout.words * WORD_BITS);
    const { found } = this;
    const size = isQuietTime(request) ? 0 : this.collect(request, money, found);
    return {
      size,
      *[Symbol.iterator]() {
        for (let i = 0; i < size; i++) yield layout.candidates[found[i]!]!;
      },
    };
  }

  /** Enough has changed for a fresh order to be worth its while, and none is on its way. */
  get isWorn(): boolean {
    const { order } = this.layout;
    const isWorn =
      this.edits > Math.max(SMALLEST, this.size * WORN_SHARE) || order.late > Math.max(64, order.words * LATE_SHARE);
    return isWorn && this.changed === null;
  }

  /**
   * Builds a fresh order beside the one in use, which takes its place at the end; changes meanwhile go into both. Steps take
   * some tens of µs; in between, the index may be asked and changed.
   */
  *rebuild(): Generator<undefined, void> {
    const changed = new Set<string>();
    this.changed = changed;
    try {
      const sorted = yield* byBound(this.known.values(), canServe);
      const fresh = yield* Layout.inSteps(SlotOrder.wordsFor(Math.max(sorted.length, SMALLEST)));
      for (let rank = 0; rank < sorted.length; rank++) {
        // It is there twice where it was taken out and put in again while all were gone through.
        fresh.remove(sorted[rank]!.record.id);
        fresh.addAt(SlotOrder.slotOfRank(rank), sorted[rank]!);
        yield;
      }
      for (const adGroupId of changed) {
        const candidate = this.known.get(adGroupId);
        fresh.remove(adGroupId);
        if (candidate !== undefined && canServe(candidate.record)) fresh.add(candidate);
        changed.delete(adGroupId);
        yield;
      }
      this.layout = fresh;
      this.edits = 0;
    } finally {
      this.changed = null;
    }
  }

  private get scanLooks(): number {
    return this.asked * LOOKS_OF_SLOT + this.tied * LOOKS_OF_TIE;
  }

  /** No slot from this word on can be among the best, or has an eCPM that reaches the floor. */
  private isBeyond(word: number, best: BestList, { floorMicros }: MatchRequest): boolean {
    const highest = this.layout.order.highestFrom[word]!;
    return highest < best.threshold || highest < floorMicros * LEAST_RELEVANCE || highest === -Infinity;
  }

  /** Writes into `block` which slots of these words the request's facts let pass. */
  private filter(rows: readonly BitRow[], from: number, to: number): void {
    const { block } = this;
    const { live } = this.layout.order;
    const length = to - from;
    for (let i = 0; i < length; i++) block[i] = live[from + i]!;
    // Four at a time, since each pass over the block costs as much as a row; some row may be taken twice.
    const last = rows.length - 1;
    for (let r = 0; r <= last; r += 4) {
      const [a, b, c, d] = [
        rows[r]!,
        rows[Math.min(r + 1, last)]!,
        rows[Math.min(r + 2, last)]!,
        rows[Math.min(r + 3, last)]!,
      ];
      for (let i = from, at = 0; i < to; i++, at++) block[at]! &= ~(a[i]! | b[i]! | c[i]! | d[i]!);
    }
    this.layout.money.filter(block, from, to);
  }

  private lookUpTraits({ subject }: MatchRequest): void {
    const { layout } = this;
    if (this.passing.length !== layout.words) this.passing = bitRow(layout.words);
    layout.traits.answer(subject, this.passing);
  }

  private filterByTraits(from: number, to: number): void {
    const { block, passing } = this;
    for (let i = 0; i < to - from; i++) block[i]! &= passing[from + i]!;
  }

  private offer(passed: number, word: number, best: BestList, { money, without }: ScanTerms): void {
    const { layout } = this;
    let threshold = best.threshold;
    for (let left = passed; left !== 0; left &= left - 1) {
      const slot = word * WORD_BITS + 31 - Math.clz32(left & -left);
      const ecpm = layout.ecpms[slot]!;
      // What is cheapest to know first: most who lack what an ad group asks for lack its relevance, too.
      if (ecpm < threshold) continue;
      const highest = ecpm * layout.highestRelevance(slot);
      if (highest < threshold) continue;
      if (highest === threshold && best.losesTie(layout.candidates[slot]!)) {
        this.tied++;
        continue;
      }
      if (!layout.isTaken(slot)) continue;
      this.asked++;
      if (!layout.admits(slot, money) || !layout.isRelevant(slot)) continue;
      const relevance = layout.relevance(slot);
      const pacing = layout.rankFactor(slot, money);
      const score = scoreOf(ecpm, relevance, pacing);
      if (score < threshold) continue;
      const candidate = layout.candidates[slot]!;
      // Last, since ids lie anywhere in memory.
      if (isAmong(candidate.record, without)) continue;
      best.offer({ candidate, relevance, pacing, score });
      threshold = best.threshold;
    }
  }

  /** Writes the slots of all that are eligible into `found`; answers how many. */
  private collect(request: MatchRequest, money: MoneySnapshot, found: Int32Array): number {
    const { layout, block } = this;
    const rows = layout.begin(request, false);
    this.lookUpTraits(request);
    let count = 0;
    for (let from = 0; from < layout.words; from += LONGEST_BLOCK) {
      const to = Math.min(from + LONGEST_BLOCK, layout.words);
      this.filter(rows, from, to);
      this.filterByTraits(from, to);
      for (let word = from; word < to; word++) {
        const passed = block[word - from]!;
        if (passed === 0) continue;
        const unclear = layout.unclear(word);
        for (let left = passed; left !== 0; left &= left - 1) {
          const bit = left & -left;
          const slot = word * WORD_BITS + 31 - Math.clz32(bit);
          const isClear = (unclear & bit) === 0;
          if (isClear || (layout.isTaken(slot) && layout.admits(slot, money) && layout.isRelevant(slot))) {
            found[count++] = slot;
          }
        }
      }
    }
    return count;
  }

  private noteEdit(adGroupId: string): void {
    this.edits++;
    this.changed?.add(adGroupId);
  }
}

/** What one scan asks besides the slots themselves. */
interface ScanTerms {
  readonly money: MoneySnapshot;
  readonly without: ReadonlySet<string>;
}

const NOBODY: ReadonlySet<string> = new Set();

function isAmong({ id, campaignId }: AdGroupRecord, without: ReadonlySet<string>): boolean {
  return without.size > 0 && (without.has(id) || without.has(campaignId));
}

/** Others are in no slot; they can only come back by an upsert. */
function canServe(record: AdGroupRecord): boolean {
  return record.campaignStatus === 'active' && record.creatives.length > 0;
}
