import type { FastifyInstance } from 'fastify';
import { AppError, malformed } from '../app-error.js';
import { inSlices } from '../in-slices.js';
import { encodingFault } from './body-encoding.js';
import { cutItems, type ItemRules } from './cut-items.js';
import { type EntryLimits, readJson } from './read-json.js';

/** Reads JSON bodies, whole ones and those whose items are each taken or refused alone. */
export const MAX_BODY_BYTES = 1024 * 1024;

const NOT_JSON = 'The body is not valid JSON.';
const BYTE_ORDER_MARK = Buffer.from([0xef, 0xbb, 0xbf]);

declare module 'fastify' {
  interface FastifyContextConfig {
    /** Most that the route takes, less than `MAX_BODY_BYTES`. */
    maxBodyBytes?: number;
    entryLimits?: EntryLimits;
    /** A list of the body is read item by item; in place of one that was refused stands the AppError. */
    itemRules?: ItemRules;
  }
}

export function registerJsonBody(fastify: FastifyInstance): void {
  // Fastify would read plain text, too, which no route takes.
  fastify.removeContentTypeParser(['application/json', 'text/plain']);
  fastify.addContentTypeParser(
    'application/json',
    { parseAs: 'buffer', bodyLimit: MAX_BODY_BYTES },
    (request, body: Buffer, done) => {
      try {
        const misread = encodingFault(request);
        if (misread !== null) throw misread;
        const { maxBodyBytes = MAX_BODY_BYTES, itemRules, entryLimits } = request.routeOptions.config;
        if (body.length > maxBodyBytes) throw tooLarge(maxBodyBytes);
        const json = withoutMark(body);
        if (itemRules === undefined) return done(null, readBody(json, entryLimits));
        readItemwise(json, itemRules).then((parsed) => done(null, parsed), done);
      } catch (error) {
        done(error as Error);
      }
    },
  );
}

/** The same checks for one line of NDJSON. Throws AppError. */
export function parseJsonLine(line: Buffer, entryLimits?: EntryLimits): unknown {
  try {
    return readJson(line, entryLimits);
  } catch (error) {
    throw asRefusal(error, '', 'The line is not valid JSON.');
  }
}

function readBody(json: Buffer, entryLimits?: EntryLimits): unknown {
  try {
    return readJson(json, entryLimits);
  } catch (error) {
    throw asRefusal(error, '', NOT_JSON);
  }
}

/** One item after the other, others' requests in between: a megabyte of small objects takes 100 ms to parse and more. */
async function readItemwise(json: Buffer, rules: ItemRules): Promise<unknown> {
  const { rest, items } = cutItems(json, rules);
  const parsed = readBody(rest);
  const read: unknown[] = [];
  await inSlices(
    (function* () {
      for (const item of items) yield read.push(readItem(item, `${rules.field}[${read.length}]`, rules));
    })(),
  );
  const list = (parsed as Readonly<Record<string, unknown>> | null)?.[rules.field];
  if (!Array.isArray(list)) return parsed;
  return { ...(parsed as object), [rules.field]: list.map((index) => read[index as number]) };
}

/** Throws AppError only where the item is not JSON, since the body is none then. */
function readItem(item: Buffer, path: string, { maxBytes }: ItemRules): unknown {
  if (item.length > maxBytes) return tooLarge(maxBytes);
  try {
    return readJson(item);
  } catch (error) {
    if (error instanceof AppError) return error;
    throw asRefusal(error, path, NOT_JSON);
  }
}

function asRefusal(error: unknown, path: string, detail: string): unknown {
  return error instanceof SyntaxError ? malformed([{ path, message: error.message }], detail) : error;
}

function withoutMark(body: Buffer): Buffer {
  return body.subarray(0, BYTE_ORDER_MARK.length).equals(BYTE_ORDER_MARK)
    ? body.subarray(BYTE_ORDER_MARK.length)
    : body;
}

function tooLarge(maxBytes: number): AppError {
  return new AppError(413, 'content_too_large', `The body is larger than the ${maxBytes} bytes that this route takes.`);
}
