import { type DrawSeed, drawSeed, isDrawn, partInPhase, phaseOf, PHASES } from '../../pacing/takes-part.js';
import type { Candidate } from '../candidate.js';
import type { MoneySnapshot } from '../match-request.js';
import { type BitRow, bitRow, bitRows, clearBit, hasBit, setBit, widened, WORD_BITS } from './bit-row.js';

/**
 * What the index remembers of a `MoneySnapshot`, so that an ad group is asked about only after a `recheck`: who is short of
 * money, and for each phase of the draws, who takes part in none of its requests, and who in some.
 */
export class MoneyRows {
  /** Slots to be asked about before they are used; what the other rows say of them does not count. */
  private stale: BitRow;
  private short: BitRow;
  /** Slots that do not take part in every request. */
  private throttled: BitRow;
  private none: BitRow[];
  private some: BitRow[];
  private passShares: Float64Array;
  private rankFactors: Float64Array;
  /** Beside the shares: to look into each candidate would cost more than the draw. */
  private campaignHashes: Int32Array;
  private drawn: DrawSeed = 0;
  private phase = 0;

  constructor(words: number) {
    this.stale = bitRow(words);
    this.short = bitRow(words);
    this.throttled = bitRow(words);
    this.none = bitRows(PHASES, words);
    this.some = bitRows(PHASES, words);
    this.passShares = new Float64Array(words * WORD_BITS);
    this.rankFactors = new Float64Array(words * WORD_BITS);
    this.campaignHashes = new Int32Array(words * WORD_BITS);
  }

  get bytes(): number {
    const rows = [this.stale, this.short, this.throttled, ...this.none, ...this.some];
    const bySlot = [this.passShares, this.rankFactors, this.campaignHashes];
    return [...rows, ...bySlot].reduce((sum, row) => sum + row.byteLength, 0);
  }

  /** What is known of the slot is out of date, or of another ad group. */
  recheck(slot: number): void {
    setBit(this.stale, slot);
  }

  /** Before the request of this seed asks. */
  begin(seed: number): void {
    this.drawn = drawSeed(seed);
    this.phase = phaseOf(this.drawn);
  }

  /** Takes out of `block`, which is of the words from `from` to `to`, whom money or pacing is known to refuse. */
  filter(block: BitRow, from: number, to: number): void {
    const { stale, short } = this;
    const none = this.none[this.phase]!;
    for (let word = from, at = 0; word < to; word++, at++) block[at]! &= ~(short[word]! | none[word]!) | stale[word]!;
  }

  /** Slots of a word that `refuses` must be asked about after `filter`. */
  unclear(word: number): number {
    return this.stale[word]! | this.some[this.phase]![word]!;
  }

  /** Money or pacing keeps the slot, which `filter` let pass, out of this request. */
  refuses(slot: number, candidates: readonly (Candidate | null)[], money: MoneySnapshot): boolean {
    if (hasBit(this.stale, slot)) {
      this.ask(slot, candidates[slot]!, money);
      if (hasBit(this.short, slot) || hasBit(this.none[this.phase]!, slot)) return true;
    }
    return (
      hasBit(this.some[this.phase]!, slot) && !isDrawn(this.drawn, this.campaignHashes[slot]!, this.passShares[slot]!)
    );
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
    this.none = this.none.map((row) => widened(row, words));
    this.some = this.some.map((row) => widened(row, words));
    const passShares = new Float64Array(words * WORD_BITS);
    passShares.set(this.passShares);
    const rankFactors = new Float64Array(words * WORD_BITS);
    rankFactors.set(this.rankFactors);
    const campaignHashes = new Int32Array(words * WORD_BITS);
    campaignHashes.set(this.campaignHashes);
    Object.assign(this, { passShares, rankFactors, campaignHashes });
  }

  private ask(slot: number, { record, campaignHash }: Candidate, money: MoneySnapshot): void {
    const { passShare, rankFactor } = money.pacing(record);
    this.campaignHashes[slot] = campaignHash;
    this.rankFactors[slot] = rankFactor;
    this.passShares[slot] = passShare;
    if (passShare < 1 || hasBit(this.throttled, slot)) this.writePhases(slot, campaignHash, passShare);
    write(this.throttled, slot, passShare < 1);
    write(this.short, slot, money.shortage(record) !== null);
    clearBit(this.stale, slot);
  }

  private writePhases(slot: number, campaignHash: number, passShare: number): void {
    for (let phase = 0; phase < PHASES; phase++) {
      const part = partInPhase(phase, campaignHash, passShare);
      write(this.none[phase]!, slot, part === 'none');
      write(this.some[phase]!, slot, part === 'some');
    }
  }
}

function write(row: BitRow, slot: number, isSet: boolean): void {
  if (isSet) setBit(row, slot);
  else clearBit(row, slot);
}
