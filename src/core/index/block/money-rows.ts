import { nextLocalDayStart } from '../../calendar/local-day.js';
import type { AdGroupRecord } from '../ad-group-record.js';
import type { Candidate } from '../candidate.js';
import type { SpendSnapshot } from '../match-request.js';
import { firstShortage, PACE_STEP_MS, paceOf } from '../money-left.js';
import { type BitRow, bitRow, clearBit, hasBit, setBit, widened, WORD_BITS } from './bit-row.js';

/** The step of an ad group that is not paced. */
const NOT_PACED = -1;
const UNKNOWN_STEP = -2;

/**
 * What the index remembers of `firstShortage` and `paceOf`, so that they are asked rarely: whoever is short is asked again
 * once a step, whoever is not once a local day, both after `recheck`. Requests from before the latest answer that is
 * remembered (clocks jump) are answered without memory.
 */
export class MoneyRows {
  private short: BitRow;
  /** Until when, epoch ms, what `short` says holds. */
  private until: Float64Array;
  /** The earliest `until` of the slots of a word that hold an ad group, or some earlier time. */
  private untilOfWord: Float64Array;
  private pace: Float64Array;
  private pacedIn: Int32Array;
  private now = 0;
  private step = 0;
  private newestStep = -Infinity;

  constructor(words: number) {
    const slots = words * WORD_BITS;
    this.short = bitRow(words);
    this.until = new Float64Array(slots).fill(-Infinity);
    this.untilOfWord = new Float64Array(words).fill(-Infinity);
    this.pace = new Float64Array(slots);
    this.pacedIn = new Int32Array(slots);
  }

  get bytes(): number {
    return (
      this.short.byteLength +
      this.until.byteLength +
      this.untilOfWord.byteLength +
      this.pace.byteLength +
      this.pacedIn.byteLength
    );
  }

  add(slot: number, record: AdGroupRecord): void {
    this.pace[slot] = 1;
    this.pacedIn[slot] = NOT_PACED;
    this.recheck(slot, record);
  }

  recheck(slot: number, record: AdGroupRecord): void {
    this.until[slot] = -Infinity;
    this.untilOfWord[slot >>> 5] = -Infinity;
    if (record.pacing === 'even') this.pacedIn[slot] = UNKNOWN_STEP;
  }

  /** Before a request at `now` asks. */
  begin(now: number): void {
    this.now = now;
    this.step = Math.floor(now / PACE_STEP_MS);
  }

  isShort(slot: number, record: AdGroupRecord, spend: SpendSnapshot): boolean {
    if (this.step < this.newestStep) return firstShortage(record, this.now, spend) !== null;
    if (this.now < this.until[slot]!) return hasBit(this.short, slot);
    this.newestStep = this.step;
    const isShort = firstShortage(record, this.now, spend) !== null;
    if (isShort) setBit(this.short, slot);
    else clearBit(this.short, slot);
    this.until[slot] = isShort ? (this.step + 1) * PACE_STEP_MS : nextLocalDayStart(this.now, record.timeZone);
    return isShort;
  }

  /** The slots of a word that are short, of those that hold a candidate. */
  shortOf(word: number, candidates: readonly (Candidate | null)[], spend: SpendSnapshot): number {
    if (this.now < this.untilOfWord[word]! && this.step >= this.newestStep) return this.short[word]!;
    let short = 0;
    let until = Infinity;
    for (let slot = word * WORD_BITS; slot < (word + 1) * WORD_BITS; slot++) {
      const record = candidates[slot]?.record;
      if (record === undefined) continue;
      if (this.isShort(slot, record, spend)) short |= 1 << (slot & 31);
      until = Math.min(until, this.until[slot]!);
    }
    if (this.step >= this.newestStep) this.untilOfWord[word] = until;
    return short;
  }

  paceOf(slot: number, record: AdGroupRecord, spend: SpendSnapshot): number {
    const pacedIn = this.pacedIn[slot]!;
    if (pacedIn === NOT_PACED) return 1;
    const step = this.step | 0;
    if (pacedIn !== step) {
      this.pace[slot] = paceOf(record, this.now, spend);
      this.pacedIn[slot] = step;
    }
    return this.pace[slot]!;
  }

  widen(words: number): void {
    const slots = words * WORD_BITS;
    this.short = widened(this.short, words);
    const until = new Float64Array(slots).fill(-Infinity);
    until.set(this.until);
    const untilOfWord = new Float64Array(words).fill(-Infinity);
    const pace = new Float64Array(slots);
    pace.set(this.pace);
    const pacedIn = new Int32Array(slots);
    pacedIn.set(this.pacedIn);
    Object.assign(this, { until, untilOfWord, pace, pacedIn });
  }
}
