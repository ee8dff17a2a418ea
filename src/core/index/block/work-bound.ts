/**
 * How much one match may spend on expressions that rows can't decide, in looks at a node or a value (`lookCount`), some 10
 * to 25 ns each; so that nobody who books the most complex targeting thousands of times can make matches slow. What is
 * not evaluated for it counts as not matching, in this match only. Ordinary catalogues stay far below: most expressions
 * are decided by rows, and a predicate that several share is asked once. The same index and request always spend alike.
 */
export const MOST_LOOKS = 600_000;
/**
 * Of one advertiser: it can keep itself out of matches, but not the others; it would take twenty of them to use up a match, and then
 * short expressions still have looks of their own.
 */
export const MOST_ADVERTISER_LOOKS = 30_000;
/** Beyond `MOST_LOOKS`, for expressions of at most `LIGHT_LOOKS`. */
export const MOST_LIGHT_LOOKS = 200_000;
export const LIGHT_LOOKS = 32;
/** Until so many are spent, it is not noted by whom: nearly all matches end before. */
export const UNNOTED_LOOKS = 20_000;

export class WorkBound {
  /** Looks of this match so far. */
  spent = 0;
  private most = MOST_LOOKS;
  private readonly byAdvertiser = new Map<string, number>();

  begin(isBounded: boolean): void {
    this.spent = 0;
    this.most = isBounded ? MOST_LOOKS : Infinity;
    if (this.byAdvertiser.size > 0) this.byAdvertiser.clear();
  }

  /** Whoever it is, one more expression may be evaluated, and need not be noted by its advertiser. */
  get isAmple(): boolean {
    return this.spent < UNNOTED_LOOKS || this.most === Infinity;
  }

  /** Whether one more expression of this advertiser may be evaluated, in at most `LIGHT_LOOKS` or more; the last may end past the bound. */
  allows(advertiserId: string, isLight: boolean): boolean {
    if (this.spent >= (isLight ? this.most + MOST_LIGHT_LOOKS : this.most)) return false;
    return (this.byAdvertiser.get(advertiserId) ?? 0) < MOST_ADVERTISER_LOOKS;
  }

  note(advertiserId: string, looks: number): void {
    this.spent += looks;
    if (this.isAmple) return;
    this.byAdvertiser.set(advertiserId, (this.byAdvertiser.get(advertiserId) ?? 0) + looks);
  }
}
