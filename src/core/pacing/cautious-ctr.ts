/**
 * How many clicks an impression may bring of which little is known yet: two in thirty. New ad groups mostly bring one in a
 * hundred, some five.
 */
const FIRST_CLICKS = 2;
const FIRST_IMPRESSIONS = 30;

/**
 * The click rate that money is kept by: (clicks + 2) / (impressions + 30), above what was observed by as much as few
 * observations may deceive; below it where more than one in fifteen was. Of ten clicks in a thousand impressions, 1.17 %;
 * of a thousand in 100,000, 1.002 %. Counts are whole, 0 or more.
 */
export function cautiousCtr(impressions: number, clicks: number): number {
  return Math.min(1, (clicks + FIRST_CLICKS) / (impressions + FIRST_IMPRESSIONS));
}
