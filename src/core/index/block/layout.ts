import type { Candidate } from '../candidate.js';
import { failureLooks, firstFailure } from '../first-failure.js';
import type { MatchRequest, MoneySnapshot } from '../match-request.js';
import { AGES } from './allowed-ages.js';
import { type BitRow, bitRow, clearBit, hasBit, setBit, widened, WORD_BITS } from './bit-row.js';
import { MoneyRows } from './money-rows.js';
import { PartedMap } from './parted-map.js';
import { ProfileRows } from './profile-rows.js';
import { ALWAYS, NEVER, Programs, TREE } from './programs.js';
import { RelevanceLists } from './relevance-lists.js';
import { Sellers } from './sellers.js';
import { SlotOrder } from './slot-order.js';
import { planTargeting } from './targeting-plan.js';
import { TimeRows } from './time-rows.js';
import { TraitRows } from './trait-rows.js';
import { LIGHT_LOOKS, WorkBound } from './work-bound.js';

/** Turns are kept in 30 bits, beside one that says yes or no. */
const MOST_TURNS = 2 ** 30;

/** The rows of a layout, by what they are about. */
interface Parts {
  readonly order: SlotOrder;
  readonly traits: TraitRows;
  readonly time: TimeRows;
  readonly profile: ProfileRows;
  readonly money: MoneyRows;
}

/**
 * Ad groups in their slots, with all that is kept by slot. What rows say is never wrong about who is ruled out; whom they
 * let pass is asked by `admits`, which is exact.
 */
export class Layout {
  readonly order: SlotOrder;
  readonly traits: TraitRows;
  readonly time: TimeRows;
  readonly money: MoneyRows;
  /** Slots whose program must be run even where rows and traits let them pass. */
  programmed: BitRow;
  /** Slots for which `firstFailure` itself is asked. */
  careful: BitRow;
  /** Slots that few looks decide. */
  private light: BitRow;
  candidates: (Candidate | null)[];
  ecpms: Float64Array;
  private programOf: Int32Array;
  private relevanceAt: Int32Array;
  private sellerOf: Int32Array;
  private readonly profile: ProfileRows;
  private readonly programs: Programs;
  private readonly relevances: RelevanceLists;
  private readonly sellers = new Sellers();
  private readonly work = new WorkBound();
  private readonly slots = new PartedMap<number>();
  private turn = 0;
  private request: MatchRequest | null = null;
  /** The request asks for nothing but what rows tell. */
  private isPlain = true;
  private isAllCareful = false;

  private constructor(words: number, { order, traits, time, profile, money }: Parts) {
    this.order = order;
    this.traits = traits;
    this.time = time;
    this.profile = profile;
    this.money = money;
    this.programmed = bitRow(words);
    this.careful = bitRow(words);
    this.light = bitRow(words);
    // At its full length: it would be copied each time that it grows.
    this.candidates = new Array<Candidate | null>(words * WORD_BITS);
    this.ecpms = new Float64Array(words * WORD_BITS);
    this.programOf = new Int32Array(words * WORD_BITS);
    this.relevanceAt = new Int32Array(words * WORD_BITS);
    this.sellerOf = new Int32Array(words * WORD_BITS);
    this.programs = new Programs(this.traits);
    this.relevances = new RelevanceLists(this.traits);
  }

  static of(words: number): Layout {
    const work = Layout.inSteps(words);
    for (;;) {
      const { done, value } = work.next();
      if (done === true) return value;
    }
  }

  /** Yields after each part: of a million ad groups, each has rows of many megabytes. */
  static *inSteps(words: number): Generator<undefined, Layout> {
    const order = new SlotOrder(words);
    yield;
    const traits = new TraitRows(words);
    yield;
    const time = new TimeRows(words);
    yield;
    const profile = new ProfileRows(words);
    yield;
    const money = new MoneyRows(words);
    yield;
    return new Layout(words, { order, traits, time, profile, money });
  }

  get words(): number {
    return this.order.words;
  }

  get bytes(): number {
    const { order, traits, time, profile, programs, relevances, sellers, money } = this;
    const parts = [order, traits, time, profile, programs, relevances, sellers, money];
    const rows = [this.programmed, this.careful, this.light];
    const own = [...rows, this.ecpms, this.programOf, this.relevanceAt, this.sellerOf];
    return parts.reduce((sum, { bytes }) => sum + bytes, 0) + own.reduce((sum, row) => sum + row.byteLength, 0);
  }

  /** Puts the candidate where its highest score belongs, making room if there is none. Its id must not be there. */
  add(candidate: Candidate): void {
    let slot = this.order.place(candidate.highestScore);
    if (slot < 0) {
      this.widen(this.words * 2);
      slot = this.order.place(candidate.highestScore);
    }
    this.fill(slot, candidate);
  }

  /** Puts the candidate into a slot that is known to be free, in the order of highest scores. */
  addAt(slot: number, candidate: Candidate): void {
    this.order.take(slot, candidate.highestScore);
    this.fill(slot, candidate);
  }

  remove(adGroupId: string): void {
    const slot = this.slots.get(adGroupId);
    if (slot === undefined) return;
    this.slots.delete(adGroupId);
    const plan = planTargeting(this.candidates[slot]!.record.targeting);
    this.order.free(slot);
    this.candidates[slot] = null;
    this.profile.clear(slot);
    this.traits.remove(slot, plan.groups, plan.noneOf);
    clearBit(this.programmed, slot);
    clearBit(this.careful, slot);
    clearBit(this.light, slot);
  }

  recheck(adGroupId: string): void {
    const slot = this.slots.get(adGroupId);
    if (slot !== undefined) this.money.recheck(slot);
  }

  /** Gets ready for a request; answers the rows of slots that it rules out. `isBounded`: as `WorkBound` says. */
  begin(request: MatchRequest, isBounded: boolean): BitRow[] {
    if (++this.turn === MOST_TURNS) {
      this.turn = 1;
      this.traits.forgetMarks();
      this.programs.forgetMemo();
      this.sellers.forgetMarks();
    }
    const { subject, now } = request;
    this.request = request;
    this.traits.begin(this.turn, subject.interests);
    this.programs.begin(this.turn, subject);
    this.sellers.begin(this.turn, request);
    this.work.begin(isBounded);
    this.time.begin(now);
    this.money.begin(request.seed);
    this.isPlain =
      request.mutedAdvertisers.size === 0 &&
      request.blockedAdvertisers.size === 0 &&
      request.blockedCategories.size === 0 &&
      request.floorMicros === 0 &&
      request.leastCtr === 0 &&
      request.leastRelevance === 0;
    this.isAllCareful =
      subject.age !== null && !(Number.isInteger(subject.age) && subject.age >= 0 && subject.age < AGES);
    return [this.time.resting, ...this.profile.rowsFor(request)];
  }

  /**
   * Whether the slot, which the rows, `money.filter` and `isTaken` let pass, has nothing against it but frequency caps.
   */
  admits(slot: number, money: MoneySnapshot): boolean {
    if (!this.work.isAmple && !this.mayCost(slot)) return false;
    const program = this.programOf[slot]!;
    if (this.isCareful(slot)) return this.isFaultless(slot, money);
    if (program !== ALWAYS && !this.accepts(program, slot)) return false;
    return !this.money.refuses(slot, this.candidates, money);
  }

  /** Whether placement, request and member take the slot: asked first, since it reads little. */
  isTaken(slot: number): boolean {
    if (this.isPlain) return true;
    const { floorMicros, leastCtr, leastRelevance } = this.request!;
    return (
      this.sellers.isWelcome(this.sellerOf[slot]!) &&
      this.ecpms[slot]! >= floorMicros &&
      (leastRelevance === 0 || this.highestRelevance(slot) >= leastRelevance) &&
      (leastCtr === 0 || this.candidates[slot]!.ctr >= leastCtr)
    );
  }

  /** Whether the slot, which `admits` lets pass, is relevant enough: of long lists, to know costs as many looks as they bind. */
  isRelevant(slot: number): boolean {
    const { leastRelevance } = this.request!;
    return leastRelevance === 0 || this.relevance(slot) >= leastRelevance;
  }

  advertiserId(slot: number): string {
    return this.sellers.advertiserId(this.sellerOf[slot]!);
  }

  /** Slots of the word that `admits` must be asked about, even where rows and traits let them pass. */
  unclear(word: number): number {
    if (!this.isPlain || this.isAllCareful) return -1;
    return this.programmed[word]! | this.careful[word]! | this.time.turning[word]! | this.money.unclear(word);
  }

  /** Not below `relevance`, nor dearer than a few looks. */
  highestRelevance(slot: number): number {
    const at = this.relevanceAt[slot]!;
    return this.relevances.sizeOf(at) > LIGHT_LOOKS ? 1 : this.relevances.relevance(at);
  }

  relevance(slot: number): number {
    const at = this.relevanceAt[slot]!;
    const size = this.relevances.sizeOf(at);
    if (size > LIGHT_LOOKS) this.note(slot, size >> 3);
    return this.relevances.relevance(at);
  }

  rankFactor(slot: number, money: MoneySnapshot): number {
    return this.money.rankFactor(slot, this.candidates[slot]!, money);
  }

  /** Looks of the latest request. */
  get looks(): number {
    return this.work.spent;
  }

  private note(slot: number, looks: number): void {
    this.work.note(this.advertiserId(slot), looks);
  }

  private mayCost(slot: number): boolean {
    const isLight = hasBit(this.light, slot);
    // By rows: it is found whatever else was spent.
    if (isLight && this.programOf[slot] === ALWAYS && !this.isCareful(slot)) return true;
    return this.work.allows(this.advertiserId(slot), isLight);
  }

  private isFaultless(slot: number, money: MoneySnapshot): boolean {
    const candidate = this.candidates[slot]!;
    this.note(slot, failureLooks(candidate));
    return firstFailure(candidate, this.request!, money) === null;
  }

  private accepts(program: number, slot: number): boolean {
    const before = this.programs.looks;
    const isAccepted = this.programs.accepts(program);
    const looks = this.programs.looks - before;
    // By whom is not asked while there is plenty.
    if (this.work.isAmple) this.work.spent += looks;
    else this.note(slot, looks);
    return isAccepted;
  }

  private isCareful(slot: number): boolean {
    return this.isAllCareful || hasBit(this.careful, slot) || hasBit(this.time.turning, slot);
  }

  private fill(slot: number, candidate: Candidate): void {
    const { record } = candidate;
    const plan = planTargeting(record.targeting);
    const { isTargetingExact, isHourExact } = this.profile.add(slot, candidate, plan);
    const program = this.programs.compile(isTargetingExact ? plan.others : [...plan.scalar, ...plan.others]);
    this.slots.set(record.id, slot);
    this.candidates[slot] = candidate;
    this.ecpms[slot] = candidate.ecpmMicros;
    this.programOf[slot] = program;
    this.relevanceAt[slot] = this.relevances.add(candidate.segments);
    this.sellerOf[slot] = this.sellers.add(record);
    this.traits.add(slot, plan.groups, plan.noneOf);
    this.time.add(slot, record);
    this.money.recheck(slot);
    if (!plan.isSimple || !isTargetingExact) setBit(this.programmed, slot);
    const isCareful = program === TREE || program === NEVER || !isHourExact;
    if (isCareful) setBit(this.careful, slot);
    if ((isCareful ? failureLooks(candidate) : candidate.looks) <= LIGHT_LOOKS) setBit(this.light, slot);
  }

  private widen(words: number): void {
    for (const part of [this.order, this.traits, this.time, this.profile, this.money]) part.widen(words);
    this.programmed = widened(this.programmed, words);
    this.careful = widened(this.careful, words);
    this.light = widened(this.light, words);
    const ecpms = new Float64Array(words * WORD_BITS);
    ecpms.set(this.ecpms);
    this.ecpms = ecpms;
    this.programOf = widened(this.programOf as BitRow, words * WORD_BITS);
    this.relevanceAt = widened(this.relevanceAt as BitRow, words * WORD_BITS);
    this.sellerOf = widened(this.sellerOf as BitRow, words * WORD_BITS);
  }
}
