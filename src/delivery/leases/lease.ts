import { highestPriceMicros } from '../../core/auction/price.js';
import type { AdGroupRecord } from '../../core/index/ad-group-record.js';
import type { Shortage } from '../../core/index/match-request.js';
import type { ClaimShortage } from '../../core/pacing/allot-claims.js';

/** Messages that a process wants to be able to promise at any time, however little is asked of it: a burst before the next exchange. */
const LEAST_MESSAGES = 50;
/** What it wants beyond: as much as it promises in this time at its present rate. */
const AHEAD_MS = 3_000;
/** How much of the present rate is what was seen since the exchange before. */
const RATE_WEIGHT = 0.5;

/**
 * For so long a price is believed that is more than what is left; then what is left is tried at the price that the next message
 * has. A try that is refused costs the matches under way a second decision, so that each takes twice as long as the one before.
 */
const SHORTEST_WAIT_MS = 1_000;
const LONGEST_WAIT_MS = 3_600_000;

/** Money is there a while before a campaign begins, and after it ends, for clocks that differ. */
const SCHEDULE_MARGIN_MS = 3_600_000;

/** This process's claim on the money of one ad group; micros, times of `performance.now()`. */
export class Lease {
  claimedMicros = 0;
  /** As Postgres has it; null: not known, since an exchange failed half way. */
  storedMicros: number | null = 0;
  shortage: ClaimShortage | null = null;
  /** What the index was told last; undefined: nothing yet. */
  toldShortage: Shortage | null | undefined = undefined;
  askAgainTick = 0;
  /** When its ad group was last heard to have changed: what was answered before says nothing of it. */
  trackedTick = 0;
  /** When its budgets were last heard to have changed: what was granted before may be more than they leave. */
  budgetedTick = -Infinity;
  usedTick = -Infinity;
  /** Of its latest message, whether it could be paid for or not. */
  ctr = 0;
  /** Null: there was none yet. */
  latestPriceMicros: number | null = null;
  /** The ad group may serve; otherwise what is promised runs out. */
  isWanted = true;
  private waitMs = SHORTEST_WAIT_MS;
  private waitedTick = Infinity;
  private usedMicros = 0;
  private ratePerMs = 0;
  private ratedTick = 0;

  constructor(public record: AdGroupRecord) {}

  get priceMicros(): number {
    return highestPriceMicros(this.record.bid);
  }

  /**
   * What the next message is taken to cost: as much as the latest one, whether it could be paid for or not, and at first the bid;
   * nearly nothing once there was too little for it for a while. At least something, so that who has no money left shows nothing,
   * even where nobody competes.
   */
  get nextPriceMicros(): number {
    return Math.max(1, Math.min(this.latestPriceMicros ?? Infinity, this.priceMicros));
  }

  /** `nowMs`: epoch ms. */
  isServing(nowMs: number): boolean {
    const { startsAt, endsAt } = this.record;
    if (!this.isWanted || nowMs <= startsAt - SCHEDULE_MARGIN_MS) return false;
    return endsAt === null || nowMs < endsAt + SCHEDULE_MARGIN_MS;
  }

  use(micros: number, tick: number): void {
    this.usedMicros += micros;
    this.usedTick = tick;
    this.waitMs = SHORTEST_WAIT_MS;
  }

  /** From now on there is too little for the next message. */
  beginWaiting(tick: number): void {
    this.waitedTick = tick + this.waitMs;
  }

  /** There was until now. */
  goOnWaiting(tick: number): void {
    if (tick < this.waitedTick) return;
    this.latestPriceMicros = 0;
    this.waitMs = Math.min(2 * this.waitMs, LONGEST_WAIT_MS);
    this.waitedTick = Infinity;
  }

  /** What it wants free beside its promises, by the rate at which it promises now. */
  goalMicros(tick: number): number {
    if (!this.isWanted) return 0;
    const passedMs = tick - this.ratedTick;
    if (passedMs > 0) {
      this.ratePerMs += RATE_WEIGHT * (this.usedMicros / passedMs - this.ratePerMs);
      this.usedMicros = 0;
      this.ratedTick = tick;
    }
    return Math.ceil(Math.max(LEAST_MESSAGES * this.priceMicros, this.ratePerMs * AHEAD_MS));
  }
}
