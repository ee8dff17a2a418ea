import { isTimeZone } from '../core/calendar/local-day.js';
import { isWireRecord, type WireRecord } from '../core/field-error.js';
import { type CalendarDay, completedYears } from '../core/targeting/completed-years.js';
import type { AttributeValue } from '../core/targeting/expression.js';
import { ATTRIBUTE_TEXT_RULE, FIELD_RULES, SEGMENT_ID_RULE, type TextRule } from '../core/targeting/vocabulary.js';
import type { FieldError } from '../platform/app-error.js';
import { idPattern } from '../platform/ids.js';
import type { Consent, ProfilePatch } from './interest-profile.js';
import {
  ATTRIBUTE_KEY,
  ATTRIBUTE_KEY_FORM,
  EARLIEST_BIRTH_YEAR,
  MAX_ATTRIBUTES,
  MAX_INTERESTS,
  MAX_MUTED_ADVERTISERS,
  MAX_PROFILE_ERRORS,
} from './profile-limits.js';

export const PROFILE_FIELDS = [
  'interests',
  'birthDate',
  'birthYear',
  'gender',
  'country',
  'region',
  'language',
  'timeZone',
  'attributes',
  'consent',
  'mutedAdvertisers',
] as const satisfies readonly (keyof ProfilePatch)[];

const ADVERTISER_ID = idPattern('advertiser');
const BIRTH_DATE = /^(\d{4})-(\d\d)-(\d\d)$/;

/** Asking Intl for a zone costs more than all the rest of a profile. Only true names are kept, some 600 in all. */
const knownTimeZones = new Set<string>();

/**
 * Reads the fields of one profile from JSON, gathering every fault. Whether a `null` may stand for a key of `interests`
 * and `attributes` is what tells a change from a whole profile. Once it has an error, what it returns is of no use.
 */
export class ProfileReader {
  readonly errors: FieldError[] = [];
  /** All segments that `interests` names, those with weight 0 or null included. */
  segments: readonly string[] = [];

  constructor(
    private readonly today: CalendarDay,
    private readonly nullTakesAway: boolean,
  ) {}

  reject(path: string, message: string): null {
    if (this.errors.length < MAX_PROFILE_ERRORS) this.errors.push({ path, message });
    return null;
  }

  read(input: WireRecord): ProfilePatch {
    const fields: Record<string, unknown> = {};
    for (const key of Object.keys(input)) {
      const value = input[key];
      if (value !== undefined) fields[key] = this.readField(key, value);
    }
    return fields;
  }

  private readField(key: string, value: unknown): ProfilePatch[keyof ProfilePatch] | null {
    switch (key as (typeof PROFILE_FIELDS)[number]) {
      case 'interests':
        return this.interests(value);
      case 'attributes':
        return this.attributes(value);
      case 'consent':
        return this.consent(value);
      case 'mutedAdvertisers':
        return value === null ? [] : this.mutedAdvertisers(value);
      case 'birthDate':
        return value === null ? null : this.birthDate(value);
      case 'birthYear':
        return value === null ? null : this.birthYear(value);
      case 'timeZone':
        return value === null ? null : this.timeZone(value);
      case 'gender':
      case 'country':
      case 'region':
      case 'language':
        return value === null
          ? null
          : this.text(value, key, FIELD_RULES[key as 'gender' | 'country' | 'region' | 'language']);
      default:
        return this.reject(key.slice(0, 64), `is not a known field; known are ${PROFILE_FIELDS.join(', ')}`);
    }
  }

  private text(value: unknown, path: string, rule: TextRule): string | null {
    if (typeof value === 'string' && rule.pattern.test(value)) return value;
    return this.reject(path, `must be ${rule.expects}${found(value)}`);
  }

  /** The object itself where all may stay as it is: copying it would cost as much as all the checks. */
  private interests(input: unknown): Readonly<Record<string, number | null>> | null {
    const weights = this.record(input, 'interests', MAX_INTERESTS);
    if (weights === null) return null;
    this.segments = Object.keys(weights);
    let someAreZero = false;
    for (const segment of this.segments) {
      const weight = weights[segment];
      if (!SEGMENT_ID_RULE.pattern.test(segment)) {
        this.reject('interests', `has the key ${quoteKey(segment)}, which must be ${SEGMENT_ID_RULE.expects}`);
      } else if (typeof weight === 'number' && weight >= 0 && weight <= 1) {
        someAreZero ||= weight === 0;
      } else if (weight !== null || !this.nullTakesAway) {
        this.reject(`interests.${segment}`, `must be a weight from 0 to 1${this.orNull()}${found(weight)}`);
      }
    }
    return (someAreZero ? this.withoutZeros(weights) : weights) as Readonly<Record<string, number | null>>;
  }

  private withoutZeros(weights: WireRecord): WireRecord {
    if (this.nullTakesAway)
      return Object.fromEntries(Object.entries(weights).map(([id, weight]) => [id, weight === 0 ? null : weight]));
    return Object.fromEntries(Object.entries(weights).filter(([, weight]) => weight !== 0));
  }

  private attributes(input: unknown): Readonly<Record<string, AttributeValue | null>> | null {
    const attributes = this.record(input, 'attributes', MAX_ATTRIBUTES);
    if (attributes === null) return null;
    for (const key of Object.keys(attributes)) {
      const value = attributes[key];
      if (!ATTRIBUTE_KEY.test(key)) {
        this.reject('attributes', `has the key ${quoteKey(key)}, which must be ${ATTRIBUTE_KEY_FORM}`);
      } else if (value !== null || !this.nullTakesAway) {
        this.checkAttribute(value, `attributes.${key}`);
      }
    }
    return attributes as Readonly<Record<string, AttributeValue | null>>;
  }

  private checkAttribute(value: unknown, path: string): void {
    if (typeof value === 'boolean' || (typeof value === 'number' && Number.isFinite(value))) return;
    if (typeof value === 'string') this.text(value, path, ATTRIBUTE_TEXT_RULE);
    else this.reject(path, `must be a text, a finite number, true or false${this.orNull()}${found(value)}`);
  }

  private consent(input: unknown): Consent | null {
    if (!isWireRecord(input)) return this.reject('consent', `must be {"personalized":…,"nightTime":…}${found(input)}`);
    for (const key of Object.keys(input)) {
      if (key === 'personalized' || key === 'nightTime') continue;
      this.reject(`consent.${key.slice(0, 64)}`, 'is not a known field; known are personalized, nightTime');
    }
    const { personalized, nightTime } = input;
    if (typeof personalized !== 'boolean')
      this.reject('consent.personalized', `must be true or false${found(personalized)}`);
    if (typeof nightTime !== 'boolean') this.reject('consent.nightTime', `must be true or false${found(nightTime)}`);
    return { personalized: personalized === true, nightTime: nightTime === true };
  }

  private mutedAdvertisers(input: unknown): string[] | null {
    if (!Array.isArray(input) || input.length > MAX_MUTED_ADVERTISERS) {
      return this.reject('mutedAdvertisers', `must be a list of at most ${MAX_MUTED_ADVERTISERS} ids of advertisers`);
    }
    const ids = new Set<string>();
    for (const [i, id] of (input as unknown[]).entries()) {
      if (typeof id === 'string' && ADVERTISER_ID.test(id)) ids.add(id);
      else this.reject(`mutedAdvertisers[${i}]`, 'must be the id of an advertiser, which starts with "adv_"');
    }
    return [...ids];
  }

  private birthDate(value: unknown): string | null {
    const parts = typeof value === 'string' ? BIRTH_DATE.exec(value) : null;
    const [year = 0, month = 0, day = 0] = parts === null ? [] : parts.slice(1).map(Number);
    if (year >= EARLIEST_BIRTH_YEAR && completedYears({ year, month, day }, this.today) !== null)
      return value as string;
    const first = `${EARLIEST_BIRTH_YEAR}-01-01`;
    return this.reject('birthDate', `must be a date from ${first} to today, such as "1994-05-17"${found(value)}`);
  }

  private birthYear(value: unknown): number | null {
    const { year } = this.today;
    if (Number.isInteger(value) && (value as number) >= EARLIEST_BIRTH_YEAR && (value as number) <= year)
      return value as number;
    return this.reject('birthYear', `must be a year from ${EARLIEST_BIRTH_YEAR} to ${year}${found(value)}`);
  }

  private timeZone(value: unknown): string | null {
    if (typeof value === 'string' && (knownTimeZones.has(value) || isTimeZone(value))) {
      knownTimeZones.add(value);
      return value;
    }
    return this.reject('timeZone', `must be the name of an IANA time zone, such as "Asia/Seoul"${found(value)}`);
  }

  private record(input: unknown, path: string, limit: number): WireRecord | null {
    if (!isWireRecord(input)) return this.reject(path, `must be an object${found(input)}`);
    const count = Object.keys(input).length;
    return count <= limit ? input : this.reject(path, `must have at most ${limit} entries, not ${count}`);
  }

  private orNull(): string {
    return this.nullTakesAway ? ', or null to take it away' : '';
  }
}

/** Names a value of a wrong kind, without repeating it; of a text or number the rule says enough. */
function found(value: unknown): string {
  if (typeof value === 'string' || Number.isFinite(value)) return '';
  if (value === undefined) return '; it is missing';
  if (value === null) return ', not null';
  if (typeof value === 'number') return ', not a number out of range';
  return Array.isArray(value)
    ? ', not a list'
    : `, not ${typeof value === 'object' ? 'an object' : `a ${typeof value}`}`;
}

const SHOWN_KEY_LENGTH = 40;

function quoteKey(key: string): string {
  return JSON.stringify(key.length > SHOWN_KEY_LENGTH ? `${key.slice(0, SHOWN_KEY_LENGTH)}…` : key);
}
