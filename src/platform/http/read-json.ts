import { isUtf8 } from 'node:buffer';
import { AppError, type FieldError, invalid, malformed } from '../app-error.js';
import { countParts, nestsDeeperThan, SHORTEST_ENTRY_BYTES, SHORTEST_VALUE_BYTES } from './json-bytes.js';
import { findWideObject } from './wide-object.js';

/**
 * Parses JSON texts of anybody's. What no field could ever hold is refused here, once for all routes, with a path: broken
 * UTF-8, NUL characters and lone surrogates (Postgres can't store them), keys that reach for a prototype, nesting past
 * `MAX_DEPTH`, and more entries than `MAX_ENTRIES` in one object, or more in all than `MAX_ENTRIES_IN_ALL`
 * and `MAX_VALUES_IN_ALL`: what would take long to parse is not parsed at all.
 */

/** Twice the depth of the deepest targeting expression, which has an object and a list a level, with room around it. */
const MAX_DEPTH = 100;

/** More than any object of ours may have; so many are parsed in a millisecond. */
export const MAX_ENTRIES = 2_000;

/**
 * Of all objects together. Objects of ever new keys take longest of all: 20,000 of them 45 ms to parse, and 60 to 90 until they are
 * refused (measured). So many are in a campaign of 200 ad groups with three creatives each.
 */
const MAX_ENTRIES_IN_ALL = 12_000;

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
  if (fault !== null) throw malformed([fault]);
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
  if (json.length < Math.min(mostEntries * SHORTEST_ENTRY_BYTES, MAX_VALUES_IN_ALL * SHORTEST_VALUE_BYTES)) return;
  const { entries, values } = countParts(json);
  if (entries > mostEntries) {
    throw invalid([{ path: '', message: `must have at most ${mostEntries} entries in all, not ${entries}` }]);
  }
  if (values > MAX_VALUES_IN_ALL) {
    throw invalid([{ path: '', message: `must have at most ${MAX_VALUES_IN_ALL} values in all, not ${values}` }]);
  }
}

/** What few bodies hold, so that few are walked: an escape, without which no such character is in a string, or a name. */
function mayHoldFault(text: string): boolean {
  return /\\u|"__proto__"|"constructor"/.test(text);
}

/** Its path is written only where there is a fault: most bodies have thousands of places, and none. */
function findFault(value: unknown): FieldError | null {
  if (typeof value === 'string') return isStorable(value) ? null : { path: '', message: UNSTORABLE };
  if (typeof value !== 'object' || value === null) return null;
  if (Array.isArray(value)) {
    for (let i = 0; i < value.length; i++) {
      const fault = findFault(value[i]);
      if (fault !== null) return within(`[${i}]`, fault);
    }
    return null;
  }
  for (const key of Object.keys(value)) {
    if (!isStorable(key)) return { path: '', message: UNSTORABLE };
    const child = (value as Readonly<Record<string, unknown>>)[key];
    if (reachesForPrototype(key, child)) return { path: key, message: 'is not a possible key' };
    const fault = findFault(child);
    if (fault !== null) return within(key, fault);
  }
  return null;
}

/** A fault of what is inside `parent`: a key, or `[i]`. */
export function within(parent: string, { path, message }: FieldError): FieldError {
  return { path: path === '' || path.startsWith('[') ? parent + path : `${parent}.${path}`, message };
}

function isStorable(text: string): boolean {
  return !text.includes('\0') && text.isWellFormed();
}

function reachesForPrototype(key: string, child: unknown): boolean {
  if (key === '__proto__') return true;
  return key === 'constructor' && typeof child === 'object' && child !== null && Object.hasOwn(child, 'prototype');
}
