/**
 * Reads the values inside a targeting expression: texts, numbers, lists, ranges. Objects count only when they are plain,
 * and only by their own keys, so that nothing inherited (`constructor`, `__proto__`) is ever read as a value.
 */
import type { ParseRun } from './parse-run.js';
import { MAX_LIST_VALUES } from './targeting-limits.js';
import type { TextRule } from './vocabulary.js';

export type WireObject = Readonly<Record<string, unknown>>;

/** Reads one value at `path`: null when it was wrong, and then the run holds an error. */
export type ReadValue<T> = (value: unknown, path: string, run: ParseRun) => T | null;

/** True for what JSON calls an object. Maps, dates and arrays are none; prototypes of another realm are recognised. */
export function isWireObject(value: unknown): value is WireObject {
  if (typeof value !== 'object' || value === null || Array.isArray(value)) return false;
  const prototype: unknown = Object.getPrototypeOf(value);
  return prototype === null || Object.getPrototypeOf(prototype) === null;
}

/** The object's own value of `key`; undefined means absent, as it does to JSON. */
export function ownValue(object: WireObject, key: string): unknown {
  return Object.hasOwn(object, key) ? object[key] : undefined;
}

/** The own keys that have a value, in their order. */
export function ownKeys(object: WireObject): string[] {
  return Object.keys(object).filter((key) => object[key] !== undefined);
}

/** Names the kind of a wrong value for an error message, without repeating the value. */
export function describeKind(value: unknown): string {
  if (value === null) return 'null';
  if (value === undefined) return 'nothing';
  if (Array.isArray(value)) return value.length === 0 ? 'an empty array' : 'an array';
  if (typeof value === 'number' && !Number.isFinite(value)) return 'a number out of range';
  return typeof value === 'object' ? 'an object' : `a ${typeof value}`;
}

export function textOf(rule: TextRule): ReadValue<string> {
  return (value, path, run) => {
    if (typeof value === 'string' && rule.pattern.test(value)) return value;
    return run.reject(
      path,
      `must be ${rule.expects}${typeof value === 'string' ? '' : `, not ${describeKind(value)}`}`,
    );
  };
}

/** A number in [min, max]. Minus zero becomes zero, so that equal expressions are also deeply equal. */
export function numberIn(min: number, max: number, kind: 'number' | 'integer'): ReadValue<number> {
  const range = Number.isFinite(min) ? ` from ${min} to ${max}` : '';
  const expects = kind === 'integer' ? `a whole number${range}` : `a number${range}`;
  return (value, path, run) => {
    const fits = typeof value === 'number' && Number.isFinite(value) && value >= min && value <= max;
    if (fits && (kind === 'number' || Number.isInteger(value))) return value + 0;
    return run.reject(path, `must be ${expects}${typeof value === 'number' ? '' : `, not ${describeKind(value)}`}`);
  };
}

/** A list of 1 to `MAX_LIST_VALUES` values, each read by `read`; order and repetitions are kept. */
export function readList<T>(value: unknown, path: string, run: ParseRun, read: ReadValue<T>): T[] | null {
  if (!Array.isArray(value) || value.length === 0 || value.length > MAX_LIST_VALUES) {
    const found = Array.isArray(value) && value.length > 0 ? `one of ${value.length}` : describeKind(value);
    return run.reject(path, `must be an array of 1 to ${MAX_LIST_VALUES} values, not ${found}`);
  }
  if (!run.enterList(value.length, path)) return null;
  const list: T[] = [];
  for (let i = 0; i < value.length && !run.stopped; i++) {
    const item = read(value[i], `${path}[${i}]`, run);
    if (item !== null) list.push(item);
  }
  return list.length === value.length ? list : null;
}

export interface Range<T> {
  readonly min: T | null;
  readonly max: T | null;
}

/** How the two ends of a range are read and ordered. */
export interface RangeEnds<T> {
  readonly read: ReadValue<T>;
  readonly compare: (left: T, right: T) => number;
}

/** The `min` and `max` of `object`: at least one of them, and min not above max. */
export function readRange<T>(
  object: WireObject,
  path: string,
  run: ParseRun,
  { read, compare }: RangeEnds<T>,
): Range<T> | null {
  const wireMin = ownValue(object, 'min');
  const wireMax = ownValue(object, 'max');
  if (wireMin === undefined && wireMax === undefined) return run.reject(path, 'must have "min", "max" or both');
  const min = wireMin === undefined ? null : read(wireMin, `${path}.min`, run);
  const max = wireMax === undefined ? null : read(wireMax, `${path}.max`, run);
  if ((wireMin !== undefined && min === null) || (wireMax !== undefined && max === null)) return null;
  if (min !== null && max !== null && compare(min, max) > 0) {
    return run.reject(`${path}.min`, 'must not be above "max"');
  }
  return { min, max };
}

const RANGE_KEYS = ['min', 'max'] as const;

/** Like `readRange`, for a value that is an object with nothing but `min` and `max`. */
export function readRangeObject<T>(value: unknown, path: string, run: ParseRun, ends: RangeEnds<T>): Range<T> | null {
  if (!isWireObject(value)) {
    return run.reject(path, `must be an object with "min", "max" or both, not ${describeKind(value)}`);
  }
  const clean = rejectOtherKeys(value, RANGE_KEYS, path, run);
  // Beside an unknown key a missing end is most likely that key misspelt: one error says enough.
  if (!clean && !RANGE_KEYS.some((key) => ownValue(value, key) !== undefined)) return null;
  const range = readRange(value, path, run, ends);
  return clean ? range : null;
}

/** Reports each own key that is not among `known`; true when there is none. */
function rejectOtherKeys(object: WireObject, known: readonly string[], path: string, run: ParseRun): boolean {
  let clean = true;
  for (const key of ownKeys(object)) {
    if (known.includes(key)) continue;
    clean = false;
    if (run.stopped) break;
    run.reject(keyPath(path, key), `unknown key ${quoteKey(key)}: allowed here are ${known.join(', ')}`);
  }
  return clean;
}

const MAX_QUOTED_KEY = 40;
const PATH_KEY_PATTERN = /^\w{1,40}$/;

/** The path of `key`; the path of its object when the key is too odd or long to be part of a path. */
export function keyPath(path: string, key: string): string {
  return PATH_KEY_PATTERN.test(key) ? `${path}.${key}` : path;
}

/** A key as text for a message, shortened and with control characters and lone surrogates escaped. */
export function quoteKey(key: string): string {
  return JSON.stringify(key.length > MAX_QUOTED_KEY ? `${key.slice(0, MAX_QUOTED_KEY)}…` : key);
}
