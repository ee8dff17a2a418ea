/** Whole minutes that are told apart; later clicks count as coming at any time. */
const MINUTES = 60;
/** As if so many clicks had been seen that come at any time: until some hundred are known, delays tell little. */
const UNSEEN_CLICKS = 3;
/** What is seen of all counts in each ad group as much as so many of its own clicks. */
const SHARED_CLICKS = 20;
/** Of more, older ones count half: members' habits change. */
const MOST_CLICKS = 10_000;

/**
 * How long after its decision a message is clicked, in whole minutes, learned from the clicks that this process has seen
 * charged; of each ad group, as its placements may be others.
 */
export class ClickDelays {
  private readonly ofAll = new Delays();
  private readonly byAdGroup = new Map<string, Delays>();

  /** So many clicks were charged in this minute after that of their messages' decision, counted from 0. O(1). */
  note(adGroupId: string, delay: number, count: number): void {
    const own = this.byAdGroup.get(adGroupId) ?? new Delays();
    this.byAdGroup.set(adGroupId, own);
    own.note(delay, count);
    this.ofAll.note(delay, count);
  }

  /** Of the clicks on a message of this ad group, the share that comes in that minute after its decision or later; 0 to 1. */
  laterShare(adGroupId: string, delay: number): number {
    if (delay <= 0) return 1;
    const shared = (this.ofAll.later(delay) + UNSEEN_CLICKS) / (this.ofAll.later(0) + UNSEEN_CLICKS);
    const own = this.byAdGroup.get(adGroupId);
    if (own === undefined) return shared;
    return (own.later(delay) + shared * SHARED_CLICKS) / (own.later(0) + SHARED_CLICKS);
  }

  forget(adGroupId: string): void {
    this.byAdGroup.delete(adGroupId);
  }
}

class Delays {
  /** Clicks that came in each minute or later. */
  private readonly clicks = new Float32Array(MINUTES);

  note(delay: number, count: number): void {
    const { clicks } = this;
    const last = Math.min(Math.max(delay, 0), MINUTES - 1);
    for (let minute = 0; minute <= last; minute++) clicks[minute]! += count;
    if (clicks[0]! > MOST_CLICKS) for (let minute = 0; minute < MINUTES; minute++) clicks[minute]! /= 2;
  }

  later(delay: number): number {
    return this.clicks[Math.min(delay, MINUTES - 1)]!;
  }
}
