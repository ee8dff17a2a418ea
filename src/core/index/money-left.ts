/** What an ad group's money says: whether the next message can be paid for, and how its pacing ranks it. */
import { highestPriceMicros } from '../auction/price.js';
import { localDate, localDayStart, nextLocalDayStart } from '../calendar/local-day.js';
import { isAheadOfPlan } from '../pacing/even-pacing.js';
import { pacingFactor } from '../pacing/pacing-factor.js';
import type { AdGroupRecord } from './ad-group-record.js';
import type { SpendSnapshot } from './match-request.js';

export type Shortage = 'budget' | 'balance' | 'pacing';

/** The period over which a budget is paced, and what of it is spent; times in epoch ms, money in micros. */
interface Plan {
  readonly budgetMicros: number;
  readonly startMs: number;
  readonly endMs: number;
  readonly spentMicros: number;
}

/**
 * Pacing follows its plan in steps, so that what it says can be kept for a while: the plan of a day moves by 0.01 % in one.
 * Local days begin at steps, since the offsets of all zones in use are whole minutes.
 */
export const PACE_STEP_MS = 10_000;

/** The advertiser's local day of the request: the one that its daily budgets are about. */
export function budgetDay(record: AdGroupRecord, now: number): string {
  return localDate(now, record.timeZone);
}

/**
 * Money must be left for the most that the next message can cost; null where it is. For the same spend the answer stays
 * the same within a step; and time alone does not turn null into a shortage within a local day, as plans only grow.
 */
export function firstShortage(record: AdGroupRecord, now: number, spend: SpendSnapshot): Shortage | null {
  const { budgets, campaignId } = record;
  const price = highestPriceMicros(record.bid);
  const day = budgetDay(record, now);
  if (
    budgets.campaignTotalMicros !== null &&
    spend.campaignSpentMicros(campaignId) + price > budgets.campaignTotalMicros
  ) {
    return 'budget';
  }
  if (
    budgets.campaignDailyMicros !== null &&
    spend.campaignSpentOnMicros(campaignId, day) + price > budgets.campaignDailyMicros
  ) {
    return 'budget';
  }
  if (
    budgets.adGroupDailyMicros !== null &&
    spend.adGroupSpentOnMicros(campaignId, record.id, day) + price > budgets.adGroupDailyMicros
  ) {
    return 'budget';
  }
  if (spend.balanceMicros(record.advertiserId) < price) return 'balance';
  return isTooFast(record, now, spend, price) ? 'pacing' : null;
}

/** The factor by which pacing ranks the ad group, constant within a step; 1 without a budget that is paced. */
export function paceOf(record: AdGroupRecord, now: number, spend: SpendSnapshot): number {
  if (record.pacing !== 'even') return 1;
  const nowMs = stepStart(now);
  const plan = planOf(record, nowMs, spend);
  if (plan === null) return 1;
  const { budgetMicros, startMs, endMs, spentMicros } = plan;
  const share = endMs <= startMs ? 1 : (nowMs - startMs) / (endMs - startMs);
  return pacingFactor(spentMicros, budgetMicros * Math.min(Math.max(share, 0), 1));
}

function isTooFast(record: AdGroupRecord, now: number, spend: SpendSnapshot, price: number): boolean {
  if (record.pacing !== 'even') return false;
  const nowMs = stepStart(now);
  const plan = planOf(record, nowMs, spend);
  if (plan === null) return false;
  return isAheadOfPlan({
    budgetMicros: BigInt(plan.budgetMicros),
    startMs: plan.startMs,
    endMs: plan.endMs,
    nowMs,
    spentMicros: BigInt(plan.spentMicros),
    headroomMicros: BigInt(price),
  });
}

/** The daily budget is paced over the part of the local day in which the campaign runs; else the total over its schedule. */
function planOf(record: AdGroupRecord, now: number, spend: SpendSnapshot): Plan | null {
  const { budgets, campaignId, startsAt, endsAt, timeZone } = record;
  if (budgets.campaignDailyMicros !== null) {
    return {
      budgetMicros: budgets.campaignDailyMicros,
      startMs: Math.max(localDayStart(now, timeZone), startsAt),
      endMs: Math.min(nextLocalDayStart(now, timeZone), endsAt ?? Infinity),
      spentMicros: spend.campaignSpentOnMicros(campaignId, budgetDay(record, now)),
    };
  }
  if (budgets.campaignTotalMicros === null || endsAt === null) return null;
  return {
    budgetMicros: budgets.campaignTotalMicros,
    startMs: startsAt,
    endMs: endsAt,
    spentMicros: spend.campaignSpentMicros(campaignId),
  };
}

function stepStart(now: number): number {
  return Math.floor(now / PACE_STEP_MS) * PACE_STEP_MS;
}
