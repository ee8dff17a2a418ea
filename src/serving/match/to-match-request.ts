import { hashText } from '../../core/auction/tie-break.js';
import { localDate } from '../../core/calendar/local-day.js';
import type { MatchRequest } from '../../core/index/match-request.js';
import { completedYears } from '../../core/targeting/completed-years.js';
import type { Subject } from '../../core/targeting/subject.js';
import type { MemberProfile } from '../../profiles/profiles.api.js';
import type { PlacementEntity } from '../placements/placement.entity.js';
import type { MatchContext, MatchInput } from './match-input.js';

const NONE: ReadonlySet<string> = new Set();

const UNKNOWN_MEMBER: Subject = {
  interests: new Map(),
  age: null,
  gender: null,
  country: null,
  region: null,
  language: null,
  os: null,
  osVersion: null,
  appVersion: null,
  carrier: null,
  deviceType: null,
  attributes: new Map(),
  audiences: NONE,
};

/** Of the request: when, for what place, and by which id. */
export interface MatchFrame {
  readonly now: number;
  readonly placement: Pick<PlacementEntity, 'floorMicros' | 'leastCtr' | 'leastRelevance'>;
  /** Any text, the request's id. */
  readonly seed: string;
}

/**
 * Joins a profile, a request and its placement's rules into what matching reads. Of a member who did not consent to
 * personalised messages, and of one who is unknown, only the context, the language and the zone go in: personal data is
 * not there to be used.
 */
export function toMatchRequest(
  profile: MemberProfile | null,
  input: Pick<MatchInput, 'context' | 'blockedAdvertisers' | 'blockedCategories'>,
  { now, placement, seed }: MatchFrame,
): MatchRequest {
  const context = input.context ?? {};
  const timeZone = context.timeZone ?? profile?.timeZone ?? null;
  return {
    subject: toSubject(profile, context, now, timeZone),
    now,
    timeZone,
    personalized: profile?.personalized ?? false,
    nightTime: profile?.nightTime ?? false,
    mutedAdvertisers: profile?.mutedAdvertisers ?? NONE,
    blockedAdvertisers: toSet(input.blockedAdvertisers),
    blockedCategories: toSet(input.blockedCategories),
    floorMicros: placement.floorMicros,
    leastCtr: placement.leastCtr,
    leastRelevance: placement.leastRelevance,
    seed: hashText(seed),
  };
}

function toSet(ids: readonly string[] | undefined): ReadonlySet<string> {
  return ids === undefined ? NONE : new Set(ids);
}

function toSubject(
  profile: MemberProfile | null,
  context: MatchContext,
  now: number,
  timeZone: string | null,
): Subject {
  const personal = profile?.personalized === true ? profile : null;
  return {
    ...UNKNOWN_MEMBER,
    ...(personal === null ? {} : personalFields(personal, now, timeZone)),
    language: profile?.language ?? null,
    ...context,
  };
}

function personalFields(profile: MemberProfile, now: number, timeZone: string | null): Partial<Subject> {
  const { interests, gender, country, region, attributes, audiences } = profile;
  return { interests, gender, country, region, attributes, audiences, age: age(profile, now, timeZone) };
}

/** On the member's calendar; where the zone is unknown, on UTC's. */
function age({ birth }: MemberProfile, now: number, timeZone: string | null): number | null {
  if (birth === null) return null;
  const [year = 0, month = 1, day = 1] = localDate(now, timeZone ?? 'UTC')
    .split('-')
    .map(Number);
  return completedYears(birth, { year, month, day });
}
