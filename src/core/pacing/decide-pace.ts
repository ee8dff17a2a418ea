import { nextPlan, type PacedPlan, pacedPeriod, type PacedTerms, plannedMicros, plannedRate } from './paced-plan.js';
import { nextPace, type Pace, UNPACED } from './pass-share.js';
import { rankFactor } from './rank-factor.js';
import type { TrafficCurve } from './traffic-curve.js';

/** An evenly paced campaign at one instant. Spend is all that will be charged as far as is known, in micros. */
export interface PacedCampaign {
  readonly terms: PacedTerms;
  readonly curve: TrafficCurve;
  /** The most that one charge can cost. */
  readonly priceMicros: number;
  /** Since it began, and on the local day of `nowMs`. */
  readonly spentMicros: number;
  readonly spentTodayMicros: number;
}

/** What holds from one step to the next, and from which the next one goes on. */
export interface PaceDecision {
  readonly decidedAt: number;
  readonly pace: Pace;
  readonly plan: PacedPlan;
  readonly rankFactor: number;
  /** In the plan's period, as of `decidedAt`. */
  readonly plannedMicros: number;
  readonly spentMicros: number;
  /** Since the campaign began. */
  readonly spentInAllMicros: number;
}

/** Not decided about for so long, though steps were made, it was not active. */
const AWAY_MS = 10 * 60_000;
/** A share that moves by less changes nothing that anybody sees. */
const LEAST_CHANGE = 0.02;
/** What is kept longer than this without a new decision could not be told from a pause. */
const LONGEST_KEPT_MS = 60_000;
/** By more than this no clock that is kept right is ahead of another. */
const MOST_AHEAD_MS = 60_000;

/** Whether a step or decision was dated by a clock that was wrong: by the present one, its time is far from come. */
export function isMisdated(ms: number, nowMs: number): boolean {
  return ms - nowMs > MOST_AHEAD_MS;
}

/**
 * The decision at `nowMs`; null for a campaign that has no plan (see `hasPlan`). The same input gives the same decision.
 *
 * @param latest null: none was made yet
 * @param lastStepMs when the step before this one was made; null: never, or nobody knows
 */
export function decidePace(
  latest: PaceDecision | null,
  campaign: PacedCampaign,
  nowMs: number,
  lastStepMs: number | null,
): PaceDecision | null {
  const { terms, curve, spentMicros: spentInAllMicros, spentTodayMicros, priceMicros } = campaign;
  const period = pacedPeriod(terms, nowMs, spentInAllMicros - spentTodayMicros);
  if (period === null) return null;
  const previous = latest === null ? null : wellDated(latest, nowMs, spentInAllMicros);
  const wasPaced = previous !== null && (lastStepMs ?? nowMs) - previous.decidedAt <= AWAY_MS;
  const spentMicros = terms.dailyMicros === null ? spentInAllMicros : spentTodayMicros;
  const begunPlan = wasPaced && !isMisdated(previous.plan.fromMs, nowMs) ? previous.plan : null;
  const plan = nextPlan(begunPlan, period, nowMs, spentMicros);
  const traffic = { curve, paysClicks: terms.paysClicks };
  const planned = plannedMicros(plan, traffic, nowMs);
  const now = curve.massAt(nowMs);
  const pace = nextPace(previous?.pace ?? UNPACED, {
    mass: wasPaced ? now - curve.massAt(previous.decidedAt) : 0,
    elapsedMs: wasPaced ? nowMs - previous.decidedAt : 0,
    spentMicros: wasPaced ? spentInAllMicros - previous.spentInAllMicros : 0,
    behindMicros: planned - spentMicros,
    plannedRate: plannedRate(plan, traffic),
    massLeft: curve.massAt(plan.endMs) - now,
    stepMass: lastStepMs === null ? 0 : Math.max(now - curve.massAt(lastStepMs), 0),
    priceMicros,
  });
  return {
    // What is spent after a step that saw no traffic pass belongs to the traffic before it.
    decidedAt: wasPaced && nowMs <= previous.decidedAt ? previous.decidedAt : nowMs,
    pace: { ...pace, passShare: freshShare(pace.passShare, nowMs) },
    plan,
    rankFactor: rankFactor(spentMicros - planned, Math.max(period.budgetMicros, 1)),
    plannedMicros: planned,
    spentMicros,
    spentInAllMicros: wasPaced && nowMs <= previous.decidedAt ? previous.spentInAllMicros : spentInAllMicros,
  };
}

/** What a wrong clock has dated goes on as if it were decided now: what was learned stays. */
function wellDated(decision: PaceDecision, nowMs: number, spentInAllMicros: number): PaceDecision {
  if (!isMisdated(decision.decidedAt, nowMs)) return decision;
  return { ...decision, decidedAt: nowMs, spentInAllMicros };
}

/**
 * Never quite the share of another time: the phases in which a campaign takes part follow from the share's last bit (see
 * takes-part.ts), and who finds only stronger ones in its phases is to come into others even where nothing else changes.
 */
function freshShare(passShare: number, nowMs: number): number {
  return passShare < 1 ? passShare * (1 - ((nowMs / 1_000) % 97) * 1e-6) : passShare;
}

/**
 * Whether a decision replaces the one before. One that does not is forgotten: the next is made over the whole time since
 * the one that stands, in which the same share held.
 */
export function replaces(next: PaceDecision, previous: PaceDecision | null): boolean {
  if (previous === null || next.plan !== previous.plan) return true;
  // Or the previous one is dated far ahead, and would teach nothing until that time has come.
  if (Math.abs(next.decidedAt - previous.decidedAt) >= LONGEST_KEPT_MS) return true;
  const { passShare } = previous.pace;
  return (
    Math.abs(next.pace.passShare - passShare) > LEAST_CHANGE * passShare ||
    Math.abs(next.rankFactor - previous.rankFactor) > LEAST_CHANGE
  );
}
