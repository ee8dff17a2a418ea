import { isUtf8 } from 'node:buffer';
import type { FastifyInstance } from 'fastify';
import { AppError, type FieldError, invalid, malformed } from '../app-error.js';
import { charsetFault } from './charset.js';
import { findWideObject } from './wide-object.js';

/**
 * Reads JSON bodies. What no field could ever hold is refused here, once for all routes, with a path: broken UTF-8, NUL
 * characters and lone surrogates (Postgres can't store them), keys that reach for a prototype, nesting past `MAX_DEPTH`,
 * and objects with more entries than `MAX_ENTRIES`. A route that looks for faults itself, item by item, is left to it.
 */
export const MAX_BODY_BYTES = 1024 * 1024;

/** Twice the depth of the deepest targeting expression, which has an object and a list a level, with room around it. */
export const MAX_DEPTH = 100;

/** More than any object of ours may have; so many are parsed in a millisecond. */
export const MAX_ENTRIES = 2_000;

/** What the objects at these paths may hold at most, less than `MAX_ENTRIES`: a refusal for too many entries names it. */
export type EntryLimits = Readonly<Record<string, number>>;

const UNSTORABLE = 'must not hold NUL characters or lone surrogates';

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Most that the route takes, less than `MAX_BODY_BYTES`. */
    maxBodyBytes?: number;
    /** The route looks for what can't be stored by itself (`requireStorable`), so that one fault does not fail the whole. */
    looksForFaults?: boolean;
    entryLimits?: EntryLimits;
  }
}

export function registerJsonBody(fastify: FastifyInstance): void {
  // Looked for below, with a path and for NDJSON, too.
  const parseJson = fastify.getDefaultJsonParser('ignore', 'ignore');
  // Fastify would read plain text, too, which no route takes.
  fastify.removeContentTypeParser(['application/json', 'text/plain']);
  fastify.addContentTypeParser(
    'application/json',
    { parseAs: 'buffer', bodyLimit: MAX_BODY_BYTES },
    (request, body: Buffer, done) => {
      try {
        const misread = charsetFault(request);
        if (misread !== null) throw misread;
        const { maxBodyBytes = MAX_BODY_BYTES, looksForFaults = false, entryLimits } = request.routeOptions.config;
        if (body.length > maxBodyBytes) throw tooLarge(maxBodyBytes);
        requireReadable(body);
        if (!looksForFaults) refuseWideObjects(body, entryLimits);
        const text = body.toString('utf8');
        void parseJson(request, text, (error, parsed) => {
          if (error) return done(malformed([{ path: '', message: error.message }], 'The body is not valid JSON.'));
          const fault = !looksForFaults && mayHoldFault(text) ? findFault(parsed, '') : null;
          done(fault === null ? null : malformed([fault]), parsed);
        });
      } catch (error) {
        done(error as Error);
      }
    },
  );
}

/** The same checks for one line of NDJSON. Throws AppError. */
export function parseJsonLine(line: Buffer, entryLimits?: EntryLimits): unknown {
  requireReadable(line);
  refuseWideObjects(line, entryLimits);
  const text = line.toString('utf8');
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    throw malformed([{ path: '', message: (error as Error).message }], 'The line is not valid JSON.');
  }
  const fault = mayHoldFault(text) ? findFault(parsed, '') : null;
  if (fault !== null) throw malformed([fault]);
  return parsed;
}

/** Throws AppError where the value holds what no field could ever hold. */
export function requireStorable(value: unknown): void {
  const fault = findFault(value, '');
  if (fault !== null) throw malformed([fault]);
}

function tooLarge(maxBytes: number): AppError {
  return new AppError(413, 'content_too_large', `The body is larger than the ${maxBytes} bytes that this route takes.`);
}

function requireReadable(body: Buffer): void {
  if (!isUtf8(body)) throw malformed([{ path: '', message: 'must be UTF-8' }], 'The body is not valid UTF-8.');
  if (nestsDeeperThan(body, MAX_DEPTH)) {
    throw new AppError(400, 'too_deep', `The body nests deeper than ${MAX_DEPTH} levels.`);
  }
}

function refuseWideObjects(body: Buffer, limits: EntryLimits = {}): void {
  const wide = findWideObject(body, MAX_ENTRIES);
  if (wide === null) return;
  const { path, entries } = wide;
  const most = Object.hasOwn(limits, path) ? limits[path] : MAX_ENTRIES;
  throw invalid([{ path, message: `must have at most ${most} entries, not ${entries}` }]);
}

/** What few bodies hold, so that few are walked: an escape, without which no such character is in a string, or a name. */
function mayHoldFault(text: string): boolean {
  return /\\u|"__proto__"|"constructor"/.test(text);
}

function findFault(value: unknown, path: string): FieldError | null {
  if (typeof value === 'string') return isStorable(value) ? null : { path, message: UNSTORABLE };
  if (typeof value !== 'object' || value === null) return null;
  for (const [key, child] of Object.entries(value)) {
    if (!isStorable(key)) return { path, message: UNSTORABLE };
    const childPath = Array.isArray(value) ? `${path}[${key}]` : path === '' ? key : `${path}.${key}`;
    if (reachesForPrototype(key, child)) return { path: childPath, message: 'is not a possible key' };
    const fault = findFault(child, childPath);
    if (fault !== null) return fault;
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

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
// `[` and `]` differ from `{` and `}` in this one bit.
const BRACE_BIT = 0x20;
const OPENING = 0x7b;
const CLOSING = 0x7d;

function nestsDeeperThan(body: Buffer, limit: number): boolean {
  if (body.length <= limit) return false;
  let depth = 0;
  let inString = false;
  for (let i = 0; i < body.length; i++) {
    const byte = body[i] as number;
    if (inString) {
      if (byte === BACKSLASH) i++;
      else if (byte === QUOTE) inString = false;
    } else if (byte === QUOTE) inString = true;
    else if ((byte | BRACE_BIT) === OPENING) {
      if (++depth > limit) return true;
    } else if ((byte | BRACE_BIT) === CLOSING) depth--;
  }
  return false;
}
