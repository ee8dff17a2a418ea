/**
 * Turns a targeting expression of the wire grammar into the engine's tree, or says where and why it is wrong. Input is
 * untrusted: nothing below the depth limit is visited, nothing is thrown, and work is bounded by the limits in
 * `targeting-limits.ts`. An absent expression and an empty object match every member; an empty `any` matches none.
 */
import type { FieldError } from '../field-error.js';
import { EVERYONE } from './expression.js';
import type { Targeting } from './expression.js';
import { nearestWord } from './nearest-word.js';
import { COMPANION_KEYS, PREDICATE_PARSERS } from './parse-predicate.js';
import { ParseRun } from './parse-run.js';
import { MAX_TARGETING_DEPTH, MAX_TARGETING_NODES } from './targeting-limits.js';
import { describeKind, isWireObject, keyPath, ownKeys, ownValue, quoteKey } from './wire-values.js';
import type { WireObject } from './wire-values.js';

export interface ParseOptions {
  /** What error paths start with; `targeting` when left out. */
  readonly path?: string;
}

export type ParseResult =
  | {
      readonly ok: true;
      readonly targeting: Targeting;
      /** The distinct ids that the expression names, in the order of their first occurrence; the caller looks them up. */
      readonly references: { readonly segments: readonly string[]; readonly audiences: readonly string[] };
    }
  /** Each path leads to the wrong node or to the place of a missing key, as in `targeting.all[1].not.age.min`. */
  | { readonly ok: false; readonly errors: readonly FieldError[] };

const NODE_KEYS: readonly string[] = ['all', 'any', 'not', ...PREDICATE_PARSERS.keys()];
const ALL_KEYS: readonly string[] = [...NODE_KEYS, ...COMPANION_KEYS];
const ONE_OF_NODE_KEYS = `exactly one of ${NODE_KEYS.join(', ')}`;

/**
 * Parses parsed JSON: undefined, null and `{}` give `EVERYONE`. A faulty expression gives 1 to `MAX_TARGETING_ERRORS`
 * errors in the order of reading. Keys whose value is undefined count as absent. O(size of the input), within the limits.
 */
export function parseTargeting(input: unknown, options: ParseOptions = {}): ParseResult {
  const run = new ParseRun();
  const isAbsent = input === undefined || input === null;
  const targeting = isAbsent ? EVERYONE : parseNode(input, { path: options.path ?? 'targeting', depth: 1 }, run);
  if (targeting === null) return { ok: false, errors: run.errors };
  return { ok: true, targeting, references: { segments: [...run.segments], audiences: [...run.audiences] } };
}

/** Where a node stands; the root has depth 1. */
interface Place {
  readonly path: string;
  readonly depth: number;
}

function parseNode(input: unknown, place: Place, run: ParseRun): Targeting | null {
  const { path } = place;
  if (place.depth > MAX_TARGETING_DEPTH) {
    return run.reject(path, `is nested too deeply: an expression has at most ${MAX_TARGETING_DEPTH} levels`);
  }
  if (!run.enterNode(path)) return null;
  if (!isWireObject(input)) {
    return run.reject(path, `must be an object with ${ONE_OF_NODE_KEYS}, not ${describeKind(input)}`);
  }
  const keys = ownKeys(input);
  if (keys.length === 0) return EVERYONE;
  const names = keys.filter((key) => NODE_KEYS.includes(key));
  const name = names[0];
  if (names.length > 1) {
    const found = `not both "${names[0]}" and "${names[1]}"`;
    return run.reject(path, `must have ${ONE_OF_NODE_KEYS}, ${found}; combine several by {"all":[…]}`);
  }
  const clean = rejectStrangers(keys, name, path, run);
  if (name === undefined) {
    return clean ? run.reject(path, `must have ${ONE_OF_NODE_KEYS} beside ${keys.join(', ')}`) : null;
  }
  const targeting = parseKind(name, input, place, run);
  return clean ? targeting : null;
}

/** Reports the keys that do not belong to a node whose predicate or operator is `name`; true when there is none. */
function rejectStrangers(keys: readonly string[], name: string | undefined, path: string, run: ParseRun): boolean {
  const companions = name === undefined ? COMPANION_KEYS : (PREDICATE_PARSERS.get(name)?.companions ?? []);
  const strangers = keys.filter((key) => key !== name && !companions.includes(key));
  for (const key of strangers) {
    if (run.stopped) break;
    run.reject(keyPath(path, key), strangerMessage(key, name));
  }
  return strangers.length === 0;
}

function parseKind(name: string, node: WireObject, place: Place, run: ParseRun): Targeting | null {
  const predicate = PREDICATE_PARSERS.get(name);
  if (predicate !== undefined) return predicate.parse(node, place.path, run);
  const value = ownValue(node, name);
  const below: Place = { path: `${place.path}.${name}`, depth: place.depth + 1 };
  if (name !== 'not') return parseChildren(name === 'all' ? 'all' : 'any', value, below, run);
  const child = parseNode(value, below, run);
  return child === null ? null : { kind: 'not', of: child };
}

function strangerMessage(key: string, name: string | undefined): string {
  if (name !== undefined && COMPANION_KEYS.includes(key)) return `"${key}" cannot stand beside "${name}"`;
  const suggestion = nearestWord(key, ALL_KEYS);
  const hint = suggestion === null ? '' : ` (did you mean "${suggestion}"?)`;
  return `unknown key ${quoteKey(key)}${hint}: a node has ${ONE_OF_NODE_KEYS}`;
}

function parseChildren(kind: 'all' | 'any', value: unknown, place: Place, run: ParseRun): Targeting | null {
  const { path, depth } = place;
  if (!Array.isArray(value)) return run.reject(path, `must be an array of expressions, not ${describeKind(value)}`);
  if (value.length > MAX_TARGETING_NODES) {
    return run.reject(path, `must be shorter: an expression has at most ${MAX_TARGETING_NODES} nodes in all`);
  }
  const of: Targeting[] = [];
  for (let i = 0; i < value.length && !run.stopped; i++) {
    const child = parseNode(value[i], { path: `${path}[${i}]`, depth }, run);
    if (child !== null) of.push(child);
  }
  return of.length === value.length ? { kind, of } : null;
}
