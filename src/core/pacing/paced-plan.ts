import { localDayStart, nextLocalDayStart } from '../calendar/local-day.js';
import type { TrafficCurve } from './traffic-curve.js';

/**
 * What an evenly paced campaign is to have spent by when. The daily budget is spread over the part of the local day in
 * which the campaign runs, or the total one over the whole schedule, in proportion to the traffic that is expected; pacing
 * only holds back, budgets themselves are kept by leases and the ledger, so floats serve here.
 */
export interface PacedTerms {
  readonly timeZone: string;
  /** Epoch ms, half-open. */
  readonly startsAt: number;
  readonly endsAt: number | null;
  /** Micros; null: no such budget. */
  readonly dailyMicros: number | null;
  readonly totalMicros: number | null;
  /** Some of its ad groups pay for clicks. */
  readonly paysClicks: boolean;
}

/** False where there is nothing to spread: no budget, or a total one without an end. */
export function hasPlan({
  dailyMicros,
  totalMicros,
  endsAt,
}: Pick<PacedTerms, 'dailyMicros' | 'totalMicros' | 'endsAt'>): boolean {
  return dailyMicros !== null || (totalMicros !== null && endsAt !== null);
}

/** Times in epoch ms, half-open; money in micros. */
export interface PacedPeriod {
  readonly startMs: number;
  readonly endMs: number;
  readonly budgetMicros: number;
}

/** A period whose plan leads from what was spent at some instant of it (its start, as a rule) to the budget near its end. */
export interface PacedPlan extends PacedPeriod {
  readonly fromMs: number;
  readonly fromMicros: number;
}

/**
 * The period that `nowMs` is in; null where `hasPlan` is false. A day gets its daily budget, or what the days before have
 * left of the total one if that is less.
 */
export function pacedPeriod(terms: PacedTerms, nowMs: number, spentBeforeTodayMicros: number): PacedPeriod | null {
  const { timeZone, startsAt, endsAt, dailyMicros, totalMicros } = terms;
  if (dailyMicros !== null) {
    const left = totalMicros === null ? Infinity : Math.max(totalMicros - spentBeforeTodayMicros, 0);
    return {
      startMs: Math.max(localDayStart(nowMs, timeZone), startsAt),
      endMs: Math.min(nextLocalDayStart(nowMs, timeZone), endsAt ?? Infinity),
      budgetMicros: Math.min(dailyMicros, left),
    };
  }
  if (totalMicros === null || endsAt === null) return null;
  return { startMs: startsAt, endMs: endsAt, budgetMicros: totalMicros };
}

/**
 * The plan to follow from now on. The plan of before stays while its period does: what an outage left behind is made up
 * for. A following period begins at its start, with nothing spent. Anything else (a campaign that is new or comes back
 * from a pause, an edited budget or schedule) is planned anew from here, since the line from the old start would ask for a
 * jump.
 *
 * @param previous null: it was not paced until now
 * @param spentMicros spent in `period` so far
 */
export function nextPlan(
  previous: PacedPlan | null,
  period: PacedPeriod,
  nowMs: number,
  spentMicros: number,
): PacedPlan {
  if (previous !== null && previous.startMs === period.startMs && previous.endMs === period.endMs) {
    if (previous.budgetMicros === period.budgetMicros) return previous;
  } else if (previous !== null && previous.endMs <= period.startMs) {
    return { ...period, fromMs: period.startMs, fromMicros: 0 };
  }
  return { ...period, fromMs: Math.max(nowMs, period.startMs), fromMicros: spentMicros };
}

/** The traffic that a plan follows, and what it waits for. */
export interface PlannedTraffic {
  readonly curve: TrafficCurve;
  readonly paysClicks: boolean;
}

/**
 * A plan is done when so much of its traffic is still to come (`share`), or so much of a mean day's if that is less
 * (`mostMass`): what is decided at the end is seen after it, or is not seen at all and binds money until then. Of messages
 * that are paid by clicks most are never clicked, and what was promised for them is free again only once they are over
 * (ten minutes, as a rule): beside a whole price that is kept free, the last of the budget is promised up to six times, and
 * two thirds of it are clicked at the most each time.
 */
const DONE_EARLY = {
  impressions: { share: 0.01, mostMass: 1 / 96 },
  clicks: { share: 0.06, mostMass: 1 / 24 },
} as const;

/** Traffic from the plan's beginning until it is done. */
function plannedMass({ fromMs, endMs }: PacedPlan, { curve, paysClicks }: PlannedTraffic): number {
  const mass = curve.massAt(endMs) - curve.massAt(fromMs);
  const { share, mostMass } = paysClicks ? DONE_EARLY.clicks : DONE_EARLY.impressions;
  return mass - Math.min(share * mass, mostMass);
}

/** Planned spend by an instant, in micros; never falls as time goes on. A budget that is below what was spent is the plan. */
export function plannedMicros(plan: PacedPlan, traffic: PlannedTraffic, ms: number): number {
  const { curve } = traffic;
  const { budgetMicros, fromMicros, fromMs, endMs } = plan;
  if (budgetMicros <= fromMicros || ms >= endMs) return budgetMicros;
  if (ms <= fromMs) return fromMicros;
  const mass = plannedMass(plan, traffic);
  if (mass <= 0) return fromMicros;
  const passed = Math.min((curve.massAt(ms) - curve.massAt(fromMs)) / mass, 1);
  return fromMicros + (budgetMicros - fromMicros) * passed;
}

/** Micros planned for one day of traffic, from the plan's beginning until it is done. 0 where no traffic is to come. */
export function plannedRate(plan: PacedPlan, traffic: PlannedTraffic): number {
  const mass = plannedMass(plan, traffic);
  return mass <= 0 ? 0 : Math.max(plan.budgetMicros - plan.fromMicros, 0) / mass;
}
