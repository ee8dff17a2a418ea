import { isWithinDayParts } from '../calendar/day-parts.js';
import { localWeekdayAndMinute } from '../calendar/local-day.js';
import { takesPart } from '../pacing/takes-part.js';
import { relevance } from '../scoring/score.js';
import { matches } from '../targeting/evaluate-targeting.js';
import type { AdGroupRecord, CreativeRecord } from './ad-group-record.js';
import type { Candidate } from './candidate.js';
import type { ExclusionReason, MatchRequest, MoneySnapshot } from './match-request.js';

/**
 * Whether one candidate may be shown for one request, and if not, the first check that fails, in the order of
 * `EXCLUSION_REASONS`. The frequency caps are not known here; `isCapped` tells whether they are full (for a decision they
 * are checked with the holds, for an explanation beforehand). Explanations tell what this function says, and the plain scan
 * decides by it; the index, whose rows and programs know the same faster, is held to the plain scan.
 */
export function firstFailure(
  candidate: Candidate,
  request: MatchRequest,
  money: MoneySnapshot,
  isCapped: (record: AdGroupRecord) => boolean = () => false,
): ExclusionReason | null {
  const { record } = candidate;
  if (!matches(record.targeting, request.subject)) return 'targeting';
  if (!isScheduled(record, request.now)) return 'schedule';
  if (!isInDayPart(record, request)) return 'day_part';
  const shortage = money.shortage(record);
  if (shortage !== null) return shortage;
  if (!takesPart(request.seed, candidate.campaignHash, money.pacing(record).passShare)) return 'pacing';
  if (isCapped(record)) return 'frequency_cap';
  if (!record.creatives.some((creative) => suitsLanguage(creative, request.subject.language))) return 'creative';
  if (!consents(candidate, request)) return 'consent';
  if (request.mutedAdvertisers.has(record.advertiserId)) return 'muted';
  return isTaken(candidate, request) ? null : 'placement';
}

/** A window of day parts, and its days, take as long as three looks. */
const LOOKS_OF_WINDOW = 3;

/** The most looks that `firstFailure` takes, as `lookCount` counts them. O(1). */
export function failureLooks({ looks, record }: Candidate): number {
  return looks + LOOKS_OF_WINDOW * (record.dayParts?.windows.length ?? 0) + record.creatives.length;
}

/** What the placement asks of a candidate's worth, and what the request rules out. */
function isTaken(candidate: Candidate, request: MatchRequest): boolean {
  const { record } = candidate;
  return (
    candidate.ecpmMicros >= request.floorMicros &&
    candidate.ctr >= request.leastCtr &&
    !request.blockedAdvertisers.has(record.advertiserId) &&
    (request.blockedCategories.size === 0 ||
      !record.categories.some((category) => request.blockedCategories.has(category))) &&
    (request.leastRelevance === 0 || relevance(candidate.segments, request.subject.interests) >= request.leastRelevance)
  );
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

/** By primary language: 'en-GB' suits a member who reads 'en'. A member whose language is unknown may see any. */
export function suitsLanguage(creative: CreativeRecord, language: string | null): boolean {
  return (
    creative.language === null || language === null || primaryLanguage(creative.language) === primaryLanguage(language)
  );
}

/** 'en' of 'en-GB'. */
export function primaryLanguage(language: string): string {
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
  return (request.personalized || !candidate.usesPersonalData) && !isQuietTime(request);
}

/** It is night for the member, who has not consented to messages at night. */
export function isQuietTime({ nightTime, timeZone, now }: MatchRequest): boolean {
  if (nightTime || timeZone === null) return false;
  const { minute } = localWeekdayAndMinute(now, timeZone);
  return minute >= NIGHT_FROM_MINUTE || minute < NIGHT_TO_MINUTE;
}
