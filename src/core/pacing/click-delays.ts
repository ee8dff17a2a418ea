/** Whole minutes that are told apart; later clicks count as coming at any time. */
const MINUTES = 60;
/** As if so many clicks had been seen that come at any time: until some hundred are known, delays tell little. */
const UNSEEN_CLICKS = 2;
/** Of more, older ones count half: members' habits change. */
const MOST_CLICKS = 1_000;

/**
 * How long after its decision a message of an ad group is clicked, in whole minutes until the click's charge is settled,
 * learned from its own clicks: those of others come from other placements. Only clicks of messages that can't be clicked
 * any more may be noted: among those of others, the late ones are missing.
 */
export class ClickDelays {
  /** Clicks that came in each minute or later. */
  private readonly clicks = new Float32Array(MINUTES);

  /** So many clicks were charged in this minute after that of their messages' decision, counted from 0. */
  note(delay: number, count: number): void {
    const { clicks } = this;
    const last = Math.min(Math.max(delay, 0), MINUTES - 1);
    for (let minute = 0; minute <= last; minute++) clicks[minute]! += count;
    if (clicks[0]! > MOST_CLICKS) for (let minute = 0; minute < MINUTES; minute++) clicks[minute]! /= 2;
  }

  /** The share of the clicks that comes in that minute after the decision's or later; 0 to 1. */
  laterShare(delay: number): number {
    if (delay <= 0) return 1;
    const later = this.clicks[Math.min(delay, MINUTES - 1)]!;
    return (later + UNSEEN_CLICKS) / (this.clicks[0]! + UNSEEN_CLICKS);
  }
}
