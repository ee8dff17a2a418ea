import { drawSeed, isDrawn } from '../../pacing/takes-part.js';
import type { Candidate } from '../candidate.js';
import type { MoneySnapshot } from '../match-request.js';
import { type BitRow, bitRow, clearBit, hasBit, setBit, widened, WORD_BITS } from './bit-row.js';

/** What the index remembers of a `MoneySnapshot`, so that an ad group is asked about only after a `recheck`. */
export class MoneyRows {
  /** Slots to be asked about before they are used. */
  private stale: BitRow;
  private short: BitRow;
  /** Slots that do not take part in every request. */
  private throttled: BitRow;
  private passShares: Float64Array;
  private rankFactors: Float64Array;
  /** Beside the shares: to look into each candidate would cost more than the draw. */
  private campaignHashes: Int32Array;
  private drawn = 0;

  constructor(words: number) {
    this.stale = bitRow(words);
    this.short = bitRow(words);
    this.throttled = bitRow(words);
    this.passShares = new Float64Array(words * WORD_BITS);
    this.rankFactors = new Float64Array(words * WORD_BITS);
    this.campaignHashes = new Int32Array(words * WORD_BITS);
  }

  get bytes(): number {
    const rows = [this.stale, this.short, this.throttled, this.passShares, this.rankFactors, this.campaignHashes];
    return rows.reduce((sum, row) => sum + row.byteLength, 0);
  }

  /** What is known of the slot is out of date, or of another ad group. */
  recheck(slot: number): void {
    setBit(this.stale, slot);
  }

  /** Before the request of this seed asks. */
  begin(seed: number): void {
    this.drawn = drawSeed(seed);
  }

  /** The slot is short of money, or its pacing keeps it out of this request. */
  refuses(slot: number, candidate: Candidate, money: MoneySnapshot): boolean {
    if (hasBit(this.stale, slot)) this.ask(slot, candidate, money);
    return hasBit(this.short, slot) || (hasBit(this.throttled, slot) && !this.isDrawn(slot));
  }

  /** As `refuses`, for all slots of a word that hold a candidate. */
  refused(word: number, candidates: readonly (Candidate | null)[], money: MoneySnapshot): number {
    for (let left = this.stale[word]!; left !== 0; left &= left - 1) {
      const slot = lowestSlot(word, left);
      const candidate = candidates[slot];
      if (candidate) this.ask(slot, candidate, money);
    }
    let refused = this.short[word]!;
    for (let left = this.throttled[word]! & ~refused; left !== 0; left &= left - 1) {
      const slot = lowestSlot(word, left);
      if (!this.isDrawn(slot)) refused |= left & -left;
    }
    return refused;
  }

  /** The factor of the score, of a slot that was not refused. */
  rankFactor(slot: number, candidate: Candidate, money: MoneySnapshot): number {
    if (hasBit(this.stale, slot)) this.ask(slot, candidate, money);
    return this.rankFactors[slot]!;
  }

  widen(words: number): void {
    this.stale = widened(this.stale, words);
    this.short = widened(this.short, words);
    this.throttled = widened(this.throttled, words);
    const passShares = new Float64Array(words * WORD_BITS);
    passShares.set(this.passShares);
    const rankFactors = new Float64Array(words * WORD_BITS);
    rankFactors.set(this.rankFactors);
    const campaignHashes = new Int32Array(words * WORD_BITS);
    campaignHashes.set(this.campaignHashes);
    Object.assign(this, { passShares, rankFactors, campaignHashes });
  }

  private isDrawn(slot: number): boolean {
    return isDrawn(this.drawn, this.campaignHashes[slot]!, this.passShares[slot]!);
  }

  private ask(slot: number, { record, campaignHash }: Candidate, money: MoneySnapshot): void {
    this.campaignHashes[slot] = campaignHash;
    const { passShare, rankFactor } = money.pacing(record);
    this.passShares[slot] = passShare;
    this.rankFactors[slot] = rankFactor;
    write(this.short, slot, money.shortage(record) !== null);
    write(this.throttled, slot, passShare < 1);
    clearBit(this.stale, slot);
  }
}

function lowestSlot(word: number, bits: number): number {
  return word * WORD_BITS + 31 - Math.clz32(bits & -bits);
}

function write(row: BitRow, slot: number, isSet: boolean): void {
  if (isSet) setBit(row, slot);
  else clearBit(row, slot);
}
