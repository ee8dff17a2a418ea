import { isWithinDayParts } from '../calendar/day-parts.js';
import { localDayStart, localWeekdayAndMinute, nextLocalDayStart } from '../calendar/local-day.js';
import { highestPriceMicros } from '../auction/price.js';
import { isAheadOfPlan } from '../pacing/even-pacing.js';
import { matches } from '../targeting/evaluate-targeting.js';
import type { AdGroupRecord, CreativeRecord } from './ad-group-record.js';
import { budgetDay, type Candidate } from './candidate.js';
import type { ExclusionReason, MatchRequest, SpendSnapshot } from './match-request.js';

/**
 * Whether one candidate may be shown for one request, and if not, the first check that fails, in the order of
 * `EXCLUSION_REASONS`. The frequency caps are not known here; `isCapped` tells whether they are full (for a decision they
 * are checked with the holds, for an explanation beforehand). The same function decides and explains.
 */
export function firstFailure(
  candidate: Candidate,
  request: MatchRequest,
  spend: SpendSnapshot,
  isCapped: (record: AdGroupRecord) => boolean = () => false,
): ExclusionReason | null {
  const { record } = candidate;
  if (!matches(record.targeting, request.subject)) return 'targeting';
  if (!isScheduled(record, request.now)) return 'schedule';
  if (!isInDayPart(record, request)) return 'day_part';
  const unfunded = firstShortage(record, request.now, spend);
  if (unfunded !== null) return unfunded;
  if (isCapped(record)) return 'frequency_cap';
  if (!record.creatives.some((creative) => suitsLanguage(creative, request.subject.language))) return 'creative';
  if (!consents(candidate, request)) return 'consent';
  if (request.mutedAdvertisers.has(record.advertiserId)) return 'muted';
  if (candidate.ecpmMicros < request.floorMicros) return 'placement';
  return null;
}

/** The campaign runs at `now`. */
export function isScheduled(record: AdGroupRecord, now: number): boolean {
  return (
    record.campaignStatus === 'active' && now >= record.startsAt && (record.endsAt === null || now < record.endsAt)
  );
}

/** On the member's clock, a member whose zone is unknown is in no day part: showing nothing can't be at a wrong hour. */
function isInDayPart(record: AdGroupRecord, request: MatchRequest): boolean {
  if (record.dayParts === null) return true;
  const zone = record.dayParts.clock === 'member' ? request.timeZone : record.timeZone;
  return zone !== null && isWithinDayParts(record.dayParts, request.now, zone);
}

/** Money must be left for the most that the next message can cost. */
function firstShortage(
  record: AdGroupRecord,
  now: number,
  spend: SpendSnapshot,
): 'budget' | 'balance' | 'pacing' | null {
  const { budgets, campaignId } = record;
  const price = highestPriceMicros(record.bid);
  const day = budgetDay(record, now);
  const spent = spend.campaignSpentMicros(campaignId);
  const spentToday = spend.campaignSpentOnMicros(campaignId, day);
  if (budgets.campaignTotalMicros !== null && spent + price > budgets.campaignTotalMicros) return 'budget';
  if (budgets.campaignDailyMicros !== null && spentToday + price > budgets.campaignDailyMicros) return 'budget';
  if (
    budgets.adGroupDailyMicros !== null &&
    spend.adGroupSpentOnMicros(campaignId, record.id, day) + price > budgets.adGroupDailyMicros
  ) {
    return 'budget';
  }
  if (spend.balanceMicros(record.advertiserId) < price) return 'balance';
  return record.pacing === 'even' && isTooFast(record, now, spent, spentToday, price) ? 'pacing' : null;
}

/** The daily budget is paced over the part of the local day in which the campaign runs; else the total over its schedule. */
function isTooFast(record: AdGroupRecord, now: number, spent: number, spentToday: number, price: number): boolean {
  const { budgets, startsAt, endsAt, timeZone } = record;
  const headroomMicros = BigInt(price);
  if (budgets.campaignDailyMicros !== null) {
    return isAheadOfPlan({
      budgetMicros: BigInt(budgets.campaignDailyMicros),
      startMs: Math.max(localDayStart(now, timeZone), startsAt),
      endMs: Math.min(nextLocalDayStart(now, timeZone), endsAt ?? Infinity),
      nowMs: now,
      spentMicros: BigInt(spentToday),
      headroomMicros,
    });
  }
  if (budgets.campaignTotalMicros === null || endsAt === null) return false;
  return isAheadOfPlan({
    budgetMicros: BigInt(budgets.campaignTotalMicros),
    startMs: startsAt,
    endMs: endsAt,
    nowMs: now,
    spentMicros: BigInt(spent),
    headroomMicros,
  });
}

/** By primary language: 'en-GB' suits a member who reads 'en'. A member whose language is unknown may see any. */
export function suitsLanguage(creative: CreativeRecord, language: string | null): boolean {
  return creative.language === null || language === null || primary(creative.language) === primary(language);
}

function primary(language: string): string {
  const end = language.indexOf('-');
  return end < 0 ? language : language.slice(0, end);
}

/**
 * Night, on the member's clock, in which sponsored messages need a consent of their own: Korea's Act on Promotion of
 * Information and Communications Network Utilization, article 50 (3), 21:00 to 08:00. A member whose zone is unknown is
 * not known to be in it.
 */
const NIGHT_FROM_MINUTE = 21 * 60;
const NIGHT_TO_MINUTE = 8 * 60;

/** Without the member's consent, no ad group is shown whose targeting reads personal data, even by a `not`. */
function consents(candidate: Candidate, request: MatchRequest): boolean {
  if (candidate.usesPersonalData && !request.personalized) return false;
  if (request.nightTime || request.timeZone === null) return true;
  const { minute } = localWeekdayAndMinute(request.now, request.timeZone);
  return minute < NIGHT_FROM_MINUTE && minute >= NIGHT_TO_MINUTE;
}
