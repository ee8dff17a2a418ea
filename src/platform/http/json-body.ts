import { isUtf8 } from 'node:buffer';
import type { FastifyInstance } from 'fastify';
import { AppError, malformed } from '../app-error.js';

/**
 * Reads JSON bodies. What no field could ever hold is refused here, once for all routes, with a path: broken UTF-8, NUL
 * characters and lone surrogates (Postgres can't store them), `__proto__` keys, and nesting past `MAX_DEPTH`.
 */
export const MAX_BODY_BYTES = 1024 * 1024;

/** Twice the depth of the deepest targeting expression, which has an object and a list a level, with room around it. */
export const MAX_DEPTH = 100;

export function registerJsonBody(fastify: FastifyInstance): void {
  const parseJson = fastify.getDefaultJsonParser('error', 'error');
  // Fastify would read plain text, too, which no route takes.
  fastify.removeContentTypeParser(['application/json', 'text/plain']);
  fastify.addContentTypeParser(
    'application/json',
    { parseAs: 'buffer', bodyLimit: MAX_BODY_BYTES },
    (request, body: Buffer, done) => {
      try {
        const text = decodeJsonText(body);
        void parseJson(request, text, (error, parsed) => {
          if (error) return done(malformed([{ path: '', message: error.message }], 'The body is not valid JSON.'));
          const path = mayHoldUnstorable(text) ? findUnstorableText(parsed, '') : null;
          done(path === null ? null : unstorable(path), parsed);
        });
      } catch (error) {
        done(error as Error);
      }
    },
  );
}

/** The same checks for one line of NDJSON. Throws AppError. */
export function parseJsonLine(line: Buffer): unknown {
  const text = decodeJsonText(line);
  let parsed: unknown;
  try {
    parsed = JSON.parse(text);
  } catch (error) {
    throw malformed([{ path: '', message: (error as Error).message }], 'The line is not valid JSON.');
  }
  if (mayHoldUnstorable(text)) {
    const path = findUnstorableText(parsed, '');
    if (path !== null) throw unstorable(path);
  }
  return parsed;
}

function decodeJsonText(body: Buffer): string {
  if (!isUtf8(body)) throw malformed([{ path: '', message: 'must be UTF-8' }], 'The body is not valid UTF-8.');
  if (nestsDeeperThan(body, MAX_DEPTH)) {
    throw new AppError(400, 'too_deep', `The body nests deeper than ${MAX_DEPTH} levels.`);
  }
  return body.toString('utf8');
}

function unstorable(path: string): AppError {
  return malformed([{ path, message: 'must not hold NUL characters or lone surrogates' }]);
}

/** Such characters reach a string only by an escape: few bodies have one, so that few are walked. */
function mayHoldUnstorable(text: string): boolean {
  return text.includes('\\u');
}

function findUnstorableText(value: unknown, path: string): string | null {
  if (typeof value === 'string') return value.includes('\0') || !value.isWellFormed() ? path : null;
  if (typeof value !== 'object' || value === null) return null;
  for (const [key, child] of Object.entries(value)) {
    const childPath = Array.isArray(value) ? `${path}[${key}]` : path === '' ? key : `${path}.${key}`;
    if (key.includes('\0') || !key.isWellFormed()) return path;
    const found = findUnstorableText(child, childPath);
    if (found !== null) return found;
  }
  return null;
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
