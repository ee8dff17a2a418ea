/**
 * How a day's traffic spreads over its hours: one weight for each quarter of an hour on the wall clock, adding up to 1.
 * Spend plans follow it, so that a campaign is held back by the same share at all hours and nothing is asked of the night
 * that the night can't give (Agarwal et al., "Budget pacing for targeted online advertisements at LinkedIn", KDD 2014, §3:
 * spend in proportion to the forecast of traffic, not to time).
 */
export type DayShape = readonly number[];

export const QUARTER_MS = 15 * 60_000;
export const QUARTERS_A_DAY = 96;

/**
 * Traffic by the hour, in which a messenger is used as people are awake: a trough before dawn, a peak at noon, a higher
 * one in the evening. A start that learning corrects. Low on purpose at night, in the morning and in mid-afternoon, where
 * some messengers are quiet: a plan below the traffic can always be followed, one above it never. Of 600 days of a trough and
 * two peaks at random, it asks at the scarcest hour for 1.4 times its share of the traffic (median; 1.7 in one of ten).
 */
const START_HOURS = [
  0.75, 0.5, 0.33, 0.25, 0.22, 0.24, 0.32, 0.43, 0.58, 0.8, 1.02, 1.27, 1.46, 1.45, 1.3, 1.15, 1.1, 1.18, 1.38, 1.6,
  1.73, 1.7, 1.5, 1.1,
];
export const START_SHAPE: DayShape = normalized(
  Array.from({ length: QUARTERS_A_DAY }, (_, quarter) => {
    const hour = Math.floor(quarter / 4);
    const way = (quarter % 4) / 4;
    return at(START_HOURS, hour) * (1 - way) + at(START_HOURS, hour + 1) * way;
  }),
);

/** What is known of one quarter of the wall clock: impressions on the days that had any, and how many days those were. */
export interface QuarterTraffic {
  readonly impressions: number;
  readonly days: number;
}

/** As many impressions of one quarter outweigh the start shape by half; their own noise is then 14 % (Poisson). */
const PRIOR_IMPRESSIONS = 50;
/** Of a mean quarter; a quarter without any share of the plan would end all learning of it. */
const LEAST_WEIGHT = 0.02;

/**
 * The shape that past days show, `traffic[quarter]` by quarters of the wall clock; the start shape where there is none. A
 * quarter without traffic on a day counts as not seen (an outage is not a trough). Each is weighed with the start shape by
 * how much was seen of it and smoothed with its neighbours. O(96).
 */
export function learnDayShape(traffic: readonly QuarterTraffic[]): DayShape {
  const means = START_SHAPE.map((_, quarter) => meanOf(traffic[quarter]));
  const isSeen = means.map((mean) => mean > 0);
  const seen = sum(means);
  const startSeen = sum(START_SHAPE.filter((_, quarter) => isSeen[quarter]));
  if (seen === 0) return START_SHAPE;
  const blended = START_SHAPE.map((start, quarter) => {
    const impressions = isSeen[quarter] === true ? (traffic[quarter]?.impressions ?? 0) : 0;
    const trust = impressions / (impressions + PRIOR_IMPRESSIONS);
    return trust * (at(means, quarter) / seen) * startSeen + (1 - trust) * start;
  });
  const smooth = blended.map(
    (weight, quarter) => weight / 2 + (at(blended, quarter - 1) + at(blended, quarter + 1)) / 4,
  );
  return normalized(smooth.map((weight) => Math.max(weight, LEAST_WEIGHT / QUARTERS_A_DAY)));
}

function meanOf(quarter: QuarterTraffic | undefined): number {
  return quarter === undefined || quarter.days === 0 ? 0 : quarter.impressions / quarter.days;
}

/** The list as a ring: the day after the last quarter begins again. */
function at(list: readonly number[], place: number): number {
  return list[(place + list.length) % list.length] ?? 0;
}

function normalized(weights: readonly number[]): DayShape {
  const total = sum(weights);
  return weights.map((weight) => weight / total);
}

function sum(values: readonly number[]): number {
  return values.reduce((total, value) => total + value, 0);
}
