/**
 * The controller of even pacing: from what was spent and what was planned, the share of requests that a campaign takes
 * part in until the next step. Feedback on spend as in Agarwal et al., "Budget pacing for targeted online advertisements at
 * LinkedIn" (KDD 2014), with the rate at which the campaign would spend unthrottled learned from its own spend, as the
 * adaptive controller of Xu et al., "Smart pacing for effective online ad campaign optimization" (KDD 2015), so that one
 * step finds the right share instead of many steps of 10 %. All rates are for one day of traffic (see `TrafficCurve`), which
 * takes the shape of the day out of them.
 *
 * Pure; amounts in micros as floats, since the result only holds back. What it promises is tested over whole days in
 * test/properties/pacing.spec.ts.
 */
export interface Pace {
  /** In [0, 1]. */
  readonly passShare: number;
  /** Spend seen lately, older spend counting less; and the traffic, times the pass share, in which it was seen. */
  readonly spentMicros: number;
  readonly exposure: number;
  /** The same for the last minutes. */
  readonly recentMicros: number;
  readonly recentExposure: number;
  /** Traffic, times the pass share, since something was spent last. */
  readonly quietExposure: number;
}

/** What happened since the last step, and where the campaign is now. */
export interface PaceReading {
  /** Traffic and time since that step, and what was spent in it. */
  readonly mass: number;
  readonly elapsedMs: number;
  readonly spentMicros: number;
  /** Planned spend minus spend, as of now. */
  readonly behindMicros: number;
  /** Planned spend for one day of traffic. */
  readonly plannedRate: number;
  /** Traffic until the plan's period ends, a little after it is done, and between two steps. */
  readonly massLeft: number;
  readonly stepMass: number;
  /** The most that one charge can cost, above 0. */
  readonly priceMicros: number;
}

/**
 * The share of a campaign that nothing is known of: if it could spend 200 times its budget in a day, it is on its plan.
 * From there it doubles with each minute, by when spend is known (an impression follows within seconds, its settlement too).
 */
export const FIRST_PASS_SHARE = 0.005;
const DOUBLING_MS = 60_000;
/** Spend of so many charges tells the rate within some 30 % (Poisson). */
const ENOUGH_CHARGES = 10;
/** As if so much of a charge had been seen at once: no spend is not taken for a rate of 0. */
const PRIOR_CHARGES = 0.25;
/** Traffic after which what was seen counts 1/e: an hour of a mean day, or so many charges of the plan if that is more. */
const MEMORY_MASS = 1 / 72;
const MEMORY_CHARGES = 10;
const LONGEST_MEMORY_MASS = 1;
/** The last minutes: three of a mean day, and two at the most, or a morning's thin traffic would teach a sudden rise too late. */
const RECENT_MASS = 1 / 480;
const RECENT_MS = 120_000;
/** Silence where so many charges were expected (chance: 0.7 %) is an outage and tells nothing of the rate. */
const SILENT_CHARGES = 5;
/** What spend is behind or ahead of the plan is made up for within so much traffic: ten minutes of a mean day. */
const CLOSING_MASS = 1 / 144;
/** Feedback of a step comes with the next one: correcting faster than in three would overshoot. */
const CLOSING_STEPS = 3;
/** Times the plan: twice is promised, the rest is for the error of the learned rate. */
const MOST_CATCH_UP = 1.4;
/**
 * But of so few charges that chance alone is more than that, so many may be made up for in ten minutes: a budget of two
 * hundred charges would lie five of them behind its plan before the day is over.
 */
const CHARGES_OF_CHANCE = 3;

export const UNPACED: Pace = {
  passShare: FIRST_PASS_SHARE,
  spentMicros: 0,
  exposure: 0,
  recentMicros: 0,
  recentExposure: 0,
  quietExposure: 0,
};

/**
 * The pace until the next step. Where no traffic passed since the last one, what was learned stays; the share follows the
 * reading all the same.
 */
export function nextPace(pace: Pace, reading: PaceReading): Pace {
  const learned = learn(pace, reading);
  return { ...learned, passShare: passShareOf(learned, reading) };
}

/** What the campaign would spend in one day of traffic without throttling; null: not known at all. */
export function unthrottledRate(pace: Pace, priceMicros: number): number | null {
  const exposure = pace.exposure + countedQuiet(pace, priceMicros);
  if (exposure <= 0) return null;
  const slow = (pace.spentMicros + PRIOR_CHARGES * priceMicros) / exposure;
  // A sudden rise is believed as far as chance can't explain it: what was throttled by the old rate would burst.
  const sure = pace.recentMicros - Math.sqrt(pace.recentMicros * priceMicros);
  return pace.recentExposure > 0 ? Math.max(slow, sure / pace.recentExposure) : slow;
}

function learn(pace: Pace, { mass, elapsedMs, spentMicros, plannedRate, priceMicros }: PaceReading): Pace {
  if (mass <= 0) return pace;
  const passed = pace.passShare * mass;
  if (spentMicros <= 0) return { ...pace, quietExposure: pace.quietExposure + passed };
  const exposure = passed + countedQuiet(pace, priceMicros);
  const charges = plannedRate > 0 ? (MEMORY_CHARGES * priceMicros) / plannedRate : 0;
  const kept = Math.exp(-mass / Math.min(Math.max(MEMORY_MASS, charges), LONGEST_MEMORY_MASS));
  const keptRecent = Math.exp(-Math.max(mass / RECENT_MASS, elapsedMs / RECENT_MS));
  return {
    passShare: pace.passShare,
    spentMicros: pace.spentMicros * kept + spentMicros,
    exposure: pace.exposure * kept + exposure,
    // Spend that comes late, when the campaign takes part in nothing any more, belongs to no recent traffic.
    recentMicros: pace.recentMicros * keptRecent + (passed > 0 ? spentMicros : 0),
    recentExposure: pace.recentExposure * keptRecent + exposure,
    quietExposure: 0,
  };
}

/** Of the silence as much as may be chance. */
function countedQuiet({ spentMicros, exposure, quietExposure }: Pace, priceMicros: number): number {
  if (exposure <= 0 || spentMicros < ENOUGH_CHARGES * priceMicros) return quietExposure;
  return Math.min(quietExposure, (SILENT_CHARGES * priceMicros * exposure) / spentMicros);
}

function passShareOf(pace: Pace, reading: PaceReading): number {
  const { behindMicros, plannedRate, massLeft, stepMass, priceMicros, elapsedMs } = reading;
  const closing = Math.max(
    Math.min(Math.max(CLOSING_MASS, CLOSING_STEPS * stepMass), massLeft),
    stepMass,
    Number.EPSILON,
  );
  const most = Math.max(MOST_CATCH_UP * plannedRate, plannedRate + (CHARGES_OF_CHANCE * priceMicros) / CLOSING_MASS);
  const wanted = Math.min(Math.max(plannedRate + behindMicros / closing, 0), most);
  const rate = unthrottledRate(pace, priceMicros);
  const share = rate === null ? FIRST_PASS_SHARE : Math.min(wanted / rate, 1);
  if (pace.spentMicros >= ENOUGH_CHARGES * priceMicros) return share;
  return Math.min(share, Math.max(pace.passShare, FIRST_PASS_SHARE) * 2 ** (elapsedMs / DOUBLING_MS));
}
