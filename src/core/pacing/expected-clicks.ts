import { ClickDelays } from './click-delays.js';
import { keptForClicks } from './kept-for-clicks.js';
import { decidedMinute, slotEnd } from './promise-book.js';

/** A message whose click is paid for. */
export interface ClickableMessage {
  readonly adGroupId: string;
  /** Of its click. */
  readonly priceMicros: number;
  /** In [0, 1]. */
  readonly ctr: number;
  /** Epoch ms. */
  readonly decidedAt: number;
  readonly expiresAt: number;
}

/** Messages of one minute that are over together. */
interface Slot {
  /** See `decidedMinute`. */
  readonly minute: number;
  readonly end: number;
  /** What their clicks were expected to cost when they were shown. */
  micros: number;
  /** The highest of a click. */
  priceMicros: number;
}

/** Of an ad group. */
interface Expected {
  slots: Slot[];
  /** Charged so far on messages that may be clicked still, by the minutes after the decision. */
  clicks: { readonly minute: number; readonly delay: number; readonly count: number }[];
  /** Of all slots together, as of the minute `asOf`. */
  micros: number;
  priceMicros: number;
  asOf: number;
  firstEnd: number;
}

/** So many ad groups are looked at in some milliseconds; the others follow in the next call. */
const MOST_LOOKS = 500;

/**
 * What the clicks may cost that are still expected on messages that one process has shown, by ad group. It is a message's
 * price times its CTR when it is shown, falls as time goes by without its click (`ClickDelays`), and is nothing once the
 * message is over. Clicks teach delays only when all messages of their minute are over: before, only those that come soon
 * are known. The time that counts is until when everything accepted is settled, so that a click that waits for settlement
 * does not look like one that did not come. Nothing is kept beyond the process: a new one takes clicks for coming at any time.
 */
export class ExpectedClicks {
  /** They stay when all messages of an ad group are over: its next ones are clicked alike. */
  private readonly delays = new Map<string, ClickDelays>();
  private readonly byAdGroup = new Map<string, Expected>();
  private round: IterableIterator<[string, Expected]> | null = null;

  /** What has to be kept for the clicks that are expected of an ad group, whole micros; with one message more, if one is given. */
  keptMicros(adGroupId: string, more: Pick<ClickableMessage, 'priceMicros' | 'ctr'> = NO_MESSAGE): number {
    const { micros, priceMicros } = this.byAdGroup.get(adGroupId) ?? NOTHING;
    return keptForClicks(micros + more.priceMicros * more.ctr, Math.max(priceMicros, more.priceMicros));
  }

  /** O(slots of the ad group), and mostly O(1). */
  add(message: ClickableMessage): void {
    const { adGroupId, priceMicros, ctr, decidedAt } = message;
    const micros = priceMicros * ctr;
    const expected = this.byAdGroup.get(adGroupId) ?? { ...NOTHING, slots: [], clicks: [] };
    this.byAdGroup.set(adGroupId, expected);
    const minute = decidedMinute(decidedAt);
    const end = slotEnd(message);
    const slot = expected.slots.findLast((one) => one.end === end && one.minute === minute);
    if (slot === undefined) expected.slots.push({ minute, end, micros, priceMicros });
    else {
      slot.micros += micros;
      slot.priceMicros = Math.max(slot.priceMicros, priceMicros);
    }
    expected.micros += micros;
    expected.priceMicros = Math.max(expected.priceMicros, priceMicros);
    expected.firstEnd = Math.min(expected.firstEnd, end);
  }

  /**
   * A charge of this many micros for messages decided in that minute was settled then, epoch ms. False: none of them is paid
   * by its click, or all are over.
   */
  noteCharge(adGroupId: string, micros: number, minute: number, settledAt: number): boolean {
    const expected = this.byAdGroup.get(adGroupId);
    const slot = expected?.slots.find((one) => one.minute === minute);
    if (expected === undefined || slot === undefined) return false;
    const count = Math.max(1, Math.round(micros / slot.priceMicros));
    expected.clicks.push({ minute, delay: decidedMinute(settledAt) - minute, count });
    return true;
  }

  /**
   * Everything accepted before `settledUntilMs` is settled, and was told to `noteCharge`. Answers the ad groups of which less is
   * expected now. Of very many it looks at some only, and at the others when it is called again.
   */
  ageTo(settledUntilMs: number): readonly string[] {
    const aged: string[] = [];
    const minute = decidedMinute(settledUntilMs);
    for (let looks = 0; looks < MOST_LOOKS; looks++) {
      this.round ??= this.byAdGroup.entries();
      const next = this.round.next();
      if (next.done === true) {
        this.round = null;
        break;
      }
      const [adGroupId, expected] = next.value;
      if (expected.asOf >= minute && expected.firstEnd > settledUntilMs) continue;
      const before = expected.micros;
      this.age(adGroupId, expected, settledUntilMs);
      if (expected.micros < before) aged.push(adGroupId);
      if (expected.slots.length === 0) this.byAdGroup.delete(adGroupId);
    }
    return aged;
  }

  /** All messages are over. */
  clear(): void {
    this.byAdGroup.clear();
  }

  /** The ad group serves no more. */
  forget(adGroupId: string): void {
    this.delays.delete(adGroupId);
  }

  private age(adGroupId: string, expected: Expected, settledUntilMs: number): void {
    const now = decidedMinute(settledUntilMs);
    const slots = expected.slots.filter(({ end }) => end > settledUntilMs);
    if (slots.length < expected.slots.length) this.learn(adGroupId, expected, slots);
    Object.assign(expected, { ...NOTHING, slots, asOf: now });
    const delays = this.delays.get(adGroupId);
    for (const { minute, end, micros, priceMicros } of slots) {
      // Of whole minutes since the last message: one that was shown at the minute's end has hardly begun to be clicked.
      expected.micros += micros * (delays?.laterShare(now - minute - 1) ?? 1);
      expected.priceMicros = Math.max(expected.priceMicros, priceMicros);
      expected.firstEnd = Math.min(expected.firstEnd, end);
    }
  }

  /** From the clicks of minutes that are over. */
  private learn(adGroupId: string, expected: Expected, open: readonly Slot[]): void {
    if (expected.clicks.length === 0) return;
    const openMinutes = new Set(open.map(({ minute }) => minute));
    const delays = this.delays.get(adGroupId) ?? new ClickDelays();
    this.delays.set(adGroupId, delays);
    for (const { minute, delay, count } of expected.clicks) if (!openMinutes.has(minute)) delays.note(delay, count);
    expected.clicks = expected.clicks.filter(({ minute }) => openMinutes.has(minute));
  }
}

const NO_MESSAGE = { priceMicros: 0, ctr: 0 };
const NOTHING = { micros: 0, priceMicros: 0, asOf: -Infinity, firstEnd: Infinity };
