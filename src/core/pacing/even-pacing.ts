import { invariant } from '../invariant-violation.js';

/**
 * Even pacing: a budget is spent along a straight line over its period [startMs, endMs), a local day for a daily budget or
 * the campaign's schedule for a total one. Exact in whole micros; it only ever holds a campaign back, the budget itself is
 * kept by leases and the ledger.
 */
export interface SpendPlan {
  readonly budgetMicros: bigint;
  readonly startMs: number;
  readonly endMs: number;
  readonly nowMs: number;
}

/**
 * What may be spent by `nowMs`: floor(budget × (now − start) / (end − start)), 0 up to the start, the whole budget from the
 * end on (also of an empty period). Never falls as now rises. Throws `InvariantViolation` for a negative budget or times
 * that are not whole milliseconds.
 */
export function plannedSpendMicros({ budgetMicros, startMs, endMs, nowMs }: SpendPlan): bigint {
  invariant(budgetMicros >= 0n, 'a budget is never negative');
  invariant([startMs, endMs, nowMs].every(Number.isSafeInteger), 'a spend plan runs in whole milliseconds');
  if (nowMs >= endMs) return budgetMicros;
  if (nowMs <= startMs) return 0n;
  return (budgetMicros * BigInt(nowMs - startMs)) / BigInt(endMs - startMs);
}

/**
 * True when a campaign is to wait: `spentMicros` (open holds included) is above the plan by more than `headroomMicros`. The
 * headroom is the price of one message, without which nothing could be shown at the start of a period, where the plan is 0.
 * So spend passes the plan by at most the headroom and the price that is placed last.
 */
export function isAheadOfPlan(
  plan: SpendPlan & { readonly spentMicros: bigint; readonly headroomMicros: bigint },
): boolean {
  return plan.spentMicros > plannedSpendMicros(plan) + plan.headroomMicros;
}
