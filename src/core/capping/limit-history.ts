/** A limit while it stood unchanged: decisions of [`since`, `until`), epoch ms, surely kept to it. */
export interface Stretch<T> {
  readonly value: T;
  readonly since: number;
  readonly until: number;
}

/**
 * What a limit was, as an audit knows it: stretches in the order of time, none over another. Of what was decided between
 * them, no limit is known: there was none, or it had just been changed.
 */
export type LimitHistory<T> = readonly Stretch<T>[];

/** The history of what was never changed. */
export function always<T>(value: T): LimitHistory<T> {
  return [{ value, since: -Infinity, until: Infinity }];
}

/** What a decision of that time kept to; null where that is not known. O(log stretches). */
export function inForceAt<T>(history: LimitHistory<T>, decidedAt: number): T | null {
  // The first stretch that begins later is in [low, high].
  let low = 0;
  let high = history.length;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if ((history[middle] as Stretch<T>).since <= decidedAt) low = middle + 1;
    else high = middle;
  }
  const stretch = history[low - 1];
  return stretch !== undefined && decidedAt < stretch.until ? stretch.value : null;
}
