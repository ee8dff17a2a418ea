import { ClickDelays } from './click-delays.js';
import { decidedMinute, type MessagePromise } from './promise-book.js';

/** What the messages of one minute, over at the same time, are expected to cost when they are shown. */
interface Cohort {
  readonly minute: number;
  readonly end: number;
  micros: number;
}

interface Expected {
  /** By ascending minute. */
  cohorts: Cohort[];
  /** Of all of them together, as of `asOf`. */
  micros: number;
  asOf: number;
  firstEnd: number;
}

/** Messages that are over within this time of each other are over together. */
const END_MS = 1_000;

/**
 * What the clicks may cost that are still expected on messages that one process has shown, by ad group. It is a message's price
 * times its CTR when it is shown, falls as time goes by without its click (most come within a minute or two: `ClickDelays`),
 * and is nothing once the message is over. The time that counts is until when everything accepted is settled, so
 * that a click that waits for settlement does not look like one that did not come.
 */
export class ExpectedClicks {
  private readonly delays = new ClickDelays();
  private readonly byAdGroup = new Map<string, Expected>();

  micros(adGroupId: string): number {
    return this.byAdGroup.get(adGroupId)?.micros ?? 0;
  }

  /** `micros` may have fractions. O(placements). */
  add({ adGroupId, micros, decidedAt, expiresAt }: MessagePromise): void {
    const expected = this.byAdGroup.get(adGroupId) ?? { cohorts: [], micros: 0, asOf: -Infinity, firstEnd: Infinity };
    this.byAdGroup.set(adGroupId, expected);
    const minute = decidedMinute(decidedAt);
    const end = Math.ceil(expiresAt / END_MS) * END_MS;
    const cohort = expected.cohorts.findLast((one) => one.minute === minute && one.end === end);
    if (cohort === undefined) expected.cohorts.push({ minute, end, micros });
    else cohort.micros += micros;
    expected.micros += micros;
    expected.firstEnd = Math.min(expected.firstEnd, end);
  }

  /** Clicks were charged that came at this time, on messages decided in that minute. */
  noteClicks(adGroupId: string, minute: number, clickedAt: number, count = 1): void {
    this.delays.note(adGroupId, decidedMinute(clickedAt) - minute, count);
  }

  /**
   * Everything accepted before `settledUntilMs` is settled, and was told to `noteClicks`. Answers the ad groups of which less is
   * expected now. O(ad groups), and O(messages' minutes) of those that are looked at: once a minute, and as their messages end.
   */
  ageTo(settledUntilMs: number): readonly string[] {
    const aged: string[] = [];
    const minute = decidedMinute(settledUntilMs);
    for (const [adGroupId, expected] of this.byAdGroup) {
      if (expected.asOf >= minute && expected.firstEnd > settledUntilMs) continue;
      const before = expected.micros;
      this.age(adGroupId, expected, settledUntilMs);
      if (expected.micros < before) aged.push(adGroupId);
      if (expected.cohorts.length === 0) this.byAdGroup.delete(adGroupId);
    }
    return aged;
  }

  /** The ad group serves no more, and nothing is expected of it. */
  forget(adGroupId: string): void {
    this.delays.forget(adGroupId);
  }

  private age(adGroupId: string, expected: Expected, settledUntilMs: number): void {
    const minute = decidedMinute(settledUntilMs);
    expected.cohorts = expected.cohorts.filter(({ end }) => end > settledUntilMs);
    expected.asOf = minute;
    expected.firstEnd = Infinity;
    expected.micros = 0;
    for (const cohort of expected.cohorts) {
      expected.firstEnd = Math.min(expected.firstEnd, cohort.end);
      expected.micros += cohort.micros * this.delays.laterShare(adGroupId, minute - cohort.minute);
    }
  }
}
