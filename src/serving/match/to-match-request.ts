import { hashText } from '../../core/auction/tie-break.js';
import { localDate } from '../../core/calendar/local-day.js';
import type { MatchRequest } from '../../core/index/match-request.js';
import { completedYears } from '../../core/targeting/completed-years.js';
import type { Subject } from '../../core/targeting/subject.js';
import type { MemberProfile } from '../../profiles/profiles.api.js';
import type { MatchContext } from './match-input.js';

const NOTHING: ReadonlyMap<string, never> = new Map<string, never>();
const NOBODY: ReadonlySet<string> = new Set();

/**
 * Joins a profile and a request's context into what matching reads. Of a member who did not consent to personalised
 * messages, and of one who is unknown, only the context, the language and the zone go in: personal data is not there to be
 * used. `seed` is any text, the request's id.
 */
export function toMatchRequest(
  profile: MemberProfile | null,
  context: MatchContext,
  request: { readonly now: number; readonly floorMicros: number; readonly seed: string },
): MatchRequest {
  const timeZone = context.timeZone ?? profile?.timeZone ?? null;
  return {
    subject: toSubject(profile, context, request.now, timeZone),
    now: request.now,
    timeZone,
    personalized: profile?.personalized ?? false,
    nightTime: profile?.nightTime ?? false,
    mutedAdvertisers: profile?.mutedAdvertisers ?? NOBODY,
    floorMicros: request.floorMicros,
    seed: hashText(request.seed),
  };
}

function toSubject(profile: MemberProfile | null, context: MatchContext, now: number, timeZone: string | null): Subject {
  const personal = profile?.personalized === true ? profile : null;
  return {
    interests: personal?.interests ?? NOTHING,
    age: personal === null ? null : age(personal, now, timeZone),
    gender: personal?.gender ?? null,
    attributes: personal?.attributes ?? NOTHING,
    audiences: personal?.audiences ?? NOBODY,
    country: context.country ?? personal?.country ?? null,
    region: context.region ?? personal?.region ?? null,
    language: context.language ?? profile?.language ?? null,
    os: context.os ?? null,
    osVersion: context.osVersion ?? null,
    appVersion: context.appVersion ?? null,
    carrier: context.carrier ?? null,
    deviceType: context.deviceType ?? null,
  };
}

/** On the member's calendar; where the zone is unknown, on UTC's. */
function age({ birth }: MemberProfile, now: number, timeZone: string | null): number | null {
  if (birth === null) return null;
  const [year = 0, month = 1, day = 1] = localDate(now, timeZone ?? 'UTC').split('-').map(Number);
  return completedYears(birth, { year, month, day });
}
