import { isWireRecord } from '../core/field-error.js';
import type { CalendarDay } from '../core/targeting/completed-years.js';
import type { FieldError } from '../platform/app-error.js';
import type { ProfileFields, ProfilePatch } from './interest-profile.js';
import { MAX_ATTRIBUTES, MAX_INTERESTS, MAX_PROFILE_ERRORS } from './profile-limits.js';
import { ProfileReader } from './profile-reader.js';

/**
 * The one place that decides what an interest profile may hold, for single requests and for the lines of an upload. All
 * faults are found at once, each with its path; nothing is ignored: unknown fields are faults, too. Whether the named
 * segments exist is asked later, for many profiles together (`SegmentCatalogue`).
 */
export type ParsedProfile =
  | { readonly ok: true; readonly profile: ProfileFields; readonly segments: readonly string[] }
  | { readonly ok: false; readonly errors: readonly FieldError[] };

export type ParsedPatch =
  | { readonly ok: true; readonly patch: ProfilePatch; readonly segments: readonly string[] }
  | { readonly ok: false; readonly errors: readonly FieldError[] };

const NOTHING_KNOWN = {
  interests: {},
  birthDate: null,
  birthYear: null,
  gender: null,
  country: null,
  region: null,
  language: null,
  timeZone: null,
  attributes: {},
  mutedAdvertisers: [],
} as const satisfies Omit<ProfileFields, 'consent'>;

/**
 * A whole profile: `consent` is required, all else may be absent; `null` counts as absent where a field is optional, a
 * weight of 0 as not interested. `segments` are all that `interests` names. `today` is the latest date anywhere.
 */
export function parseProfile(input: unknown, today: CalendarDay): ParsedProfile {
  const reader = new ProfileReader(today, false);
  const fields = readFields(input, reader);
  const { consent } = fields;
  if (consent === undefined && isWireRecord(input)) {
    reader.reject('consent', 'is required: {"personalized":…,"nightTime":…}, what the member has agreed to');
  }
  if (consent === undefined || reader.errors.length > 0) return { ok: false, errors: reader.errors };
  // The reader of a whole profile lets no null stand in its interests and attributes.
  const profile: ProfileFields = { ...NOTHING_KNOWN, ...(fields as Partial<ProfileFields>), consent };
  return { ok: true, profile, segments: reader.segments };
}

/** A change of a profile; a weight of 0 takes the interest away as `null` does. */
export function parsePatch(input: unknown, today: CalendarDay): ParsedPatch {
  const reader = new ProfileReader(today, true);
  const patch = readFields(input, reader);
  if (reader.errors.length > 0) return { ok: false, errors: reader.errors };
  return { ok: true, patch, segments: reader.segments };
}

function readFields(input: unknown, reader: ProfileReader): ProfilePatch {
  if (!isWireRecord(input)) {
    reader.reject('', 'must be a JSON object');
    return {};
  }
  const fields = reader.read(input);
  if (typeof fields.birthDate === 'string' && typeof fields.birthYear === 'number') {
    reader.reject('birthYear', 'must not stand beside birthDate: send the one that you know');
  }
  return fields;
}

/** The profile after a change, or what is too much in it. A birth date replaces a birth year and the other way round. */
export function mergeProfile(stored: ProfileFields, patch: ProfilePatch): ParsedProfile {
  const { interests, attributes, ...rest } = patch;
  const birth =
    typeof patch.birthDate === 'string'
      ? { birthYear: null }
      : typeof patch.birthYear === 'number'
        ? { birthDate: null }
        : {};
  const profile: ProfileFields = {
    ...stored,
    ...rest,
    ...birth,
    interests: withoutNulls({ ...stored.interests, ...interests }),
    attributes: withoutNulls({ ...stored.attributes, ...attributes }),
  };
  const errors = [
    ...tooMany('interests', profile.interests, MAX_INTERESTS),
    ...tooMany('attributes', profile.attributes, MAX_ATTRIBUTES),
  ];
  return errors.length > 0 ? { ok: false, errors } : { ok: true, profile, segments: Object.keys(profile.interests) };
}

function tooMany(path: string, record: object, limit: number): FieldError[] {
  const count = Object.keys(record).length;
  return count > limit
    ? [{ path, message: `must have at most ${limit} entries; the change would make it ${count}` }]
    : [];
}

function withoutNulls<T>(record: Readonly<Record<string, T | null>>): Record<string, T> {
  const kept: Record<string, T> = {};
  for (const key of Object.keys(record)) {
    const value = record[key];
    if (value !== null && value !== undefined) kept[key] = value;
  }
  return kept;
}

/** The faults of a profile that names segments which are not in the catalogue. */
export function unknownSegmentErrors(segments: readonly string[], unknown: ReadonlySet<string>): FieldError[] {
  return segments
    .filter((segment) => unknown.has(segment))
    .slice(0, MAX_PROFILE_ERRORS)
    .map((segment) => ({ path: `interests.${segment}`, message: 'is not a segment of the catalogue' }));
}

/** The latest date that it is anywhere on earth (UTC+14), so that no member's today counts as the future. */
export function latestDate(nowMs: number): CalendarDay {
  const shifted = new Date(nowMs + 14 * 3_600_000);
  return { year: shifted.getUTCFullYear(), month: shifted.getUTCMonth() + 1, day: shifted.getUTCDate() };
}
