import { isUtf8 } from 'node:buffer';
import { AppError, invalid, malformed } from '../app-error.js';
import { asFieldError, type FoundFault, within } from './field-path.js';
import { countNames, countParts, nestsDeeperThan, SHORTEST_ENTRY_BYTES } from './json-bytes.js';
import { findWideObject } from './wide-object.js';

/**
 * Parses JSON texts of anybody's. What no field could ever hold is refused here, once for all routes, with a path: broken
 * UTF-8, NUL characters and lone surrogates (Postgres can't store them), keys that reach for a prototype, nesting past
 * `MAX_DEPTH`, and more entries than `MAX_ENTRIES` in one object, or more in all than `MAX_ENTRIES_IN_ALL`,
 * `MAX_NAMES` and `MAX_VALUES_IN_ALL`: what would take long to parse is not parsed at all.
 */

/** Twice the depth of the deepest targeting expression, which has an object and a list a level, with room around it. */
const MAX_DEPTH = 100;

/** More than any object of ours may have; so many are parsed in a millisecond. */
export const MAX_ENTRIES = 2_000;

/** Of all objects together. A campaign of 200 ad groups with three creatives each has 13,408, where all is filled in. */
const MAX_ENTRIES_IN_ALL = 20_000;

/**
 * Different names of entries, in all. Objects of ever new names take longest to parse: 20,000 take 45 ms, and with the garbage 60 to 90 until they are
 * refused; as many of 2,000 names 10 (measured).
 */
const MAX_NAMES = 2_000;

/** Of all objects and lists together, entries included: 350,000 empty objects take 130 to 300 ms to parse, so many 5 (measured). */
const MAX_VALUES_IN_ALL = 40_000;

/** What the objects at these paths may hold at most, less than `MAX_ENTRIES`: a refusal for too many entries names it. */
export type EntryLimits = Readonly<Record<string, number>>;

const UNSTORABLE = 'must not hold NUL characters or lone surrogates';

export interface ReadLimits {
  readonly entryLimits?: EntryLimits;
  /** Less than `MAX_ENTRIES_IN_ALL`. */
  readonly maxEntriesInAll?: number;
}

/** Throws AppError, or a SyntaxError where the text is not JSON. */
export function readJson(
  json: Buffer,
  { entryLimits, maxEntriesInAll = MAX_ENTRIES_IN_ALL }: ReadLimits = {},
): unknown {
  if (!isUtf8(json)) throw malformed([{ path: '', message: 'must be UTF-8' }], 'The body is not valid UTF-8.');
  if (nestsDeeperThan(json, MAX_DEPTH)) {
    throw new AppError(400, 'too_deep', `The body nests deeper than ${MAX_DEPTH} levels.`);
  }
  refuseWideObjects(json, entryLimits);
  refuseManyParts(json, maxEntriesInAll);
  const text = json.toString('utf8');
  const parsed: unknown = JSON.parse(text);
  const fault = mayHoldFault(text) ? findFault(parsed) : null;
  if (fault !== null) throw malformed([asFieldError(fault)]);
  return parsed;
}

function refuseWideObjects(body: Buffer, limits: EntryLimits = {}): void {
  const wide = findWideObject(body, MAX_ENTRIES);
  if (wide === null) return;
  const { path, entries } = wide;
  const most = Object.hasOwn(limits, path) ? limits[path] : MAX_ENTRIES;
  throw invalid([{ path, message: `must have at most ${most} entries, not ${entries}` }]);
}

function refuseManyParts(json: Buffer, mostEntries: number): void {
  if (json.length < Math.min(mostEntries, MAX_NAMES) * SHORTEST_ENTRY_BYTES) return;
  const { entries, values } = countParts(json);
  refuseMany('entries', entries, mostEntries);
  refuseMany('values', values, MAX_VALUES_IN_ALL);
  if (entries > MAX_NAMES) refuseMany('different names', countNames(json), MAX_NAMES);
}

function refuseMany(parts: string, count: number, most: number): void {
  if (count > most) throw invalid([{ path: '', message: `must have at most ${most} ${parts} in all, not ${count}` }]);
}

/** What few bodies hold, so that few are walked: an escape, without which no such character is in a string, or a name. */
function mayHoldFault(text: string): boolean {
  return /\\u|"__proto__"|"constructor"/.test(text);
}

function findFault(value: unknown): FoundFault | null {
  if (typeof value === 'string') return isStorable(value) ? null : { keys: [], message: UNSTORABLE };
  if (typeof value !== 'object' || value === null) return null;
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) {
      const fault = findFault(value[i]);
      if (fault !== null) return within(i, fault);
    }
    return null;
  }
  for (const key of Object.keys(value)) {
    if (!isStorable(key)) return { keys: [], message: UNSTORABLE };
    const child = (value as Readonly<Record<string, unknown>>)[key];
    if (reachesForPrototype(key, child)) return { keys: [key], message: 'is not a possible key' };
    const fault = findFault(child);
    if (fault !== null) return within(key, fault);
  }
  return null;
}

function isStorable(text: string): boolean {
  return !text.includes('\0') && text.isWellFormed();
}

function reachesForPrototype(key: string, child: unknown): boolean {
  if (key === '__proto__') return true;
  return key === 'constructor' && typeof child === 'object' && child !== null && Object.hasOwn(child, 'prototype');
}
