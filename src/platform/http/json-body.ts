import type { FastifyInstance, FastifyRequest } from 'fastify';
import { AppError, invalid, malformed } from '../app-error.js';
import { inSlices } from '../in-slices.js';
import { encodingFault } from './body-encoding.js';
import { cutItems, type ItemRules } from './cut-items.js';
import { type EntryLimits, type ReadLimits, readJson } from './read-json.js';
import { schemaErrors } from './schema-errors.js';

/** Reads JSON bodies, whole ones and those whose items are each taken or refused alone. */
export const MAX_BODY_BYTES = 1024 * 1024;

const NOT_JSON = 'The body is not valid JSON.';
const BYTE_ORDER_MARK = Buffer.from([0xef, 0xbb, 0xbf]);

interface RouteItemRules extends ItemRules {
  /** Of one item. */
  readonly schema: object;
}

declare module 'fastify' {
  interface FastifyContextConfig extends ReadLimits {
    /** Most that the route takes, less than `MAX_BODY_BYTES`. */
    maxBodyBytes?: number;
    /** A list of the body is read item by item; in place of one that was refused stands an AppError. */
    itemRules?: RouteItemRules;
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
        const { config } = request.routeOptions;
        const { maxBodyBytes = MAX_BODY_BYTES, itemRules } = config;
        if (body.length > maxBodyBytes) throw tooLarge(maxBodyBytes);
        const json = withoutMark(body);
        if (itemRules === undefined) return done(null, readBody(json, config));
        readItemwise(request, json, itemRules).then((parsed) => done(null, parsed), done);
      } catch (error) {
        done(error as Error);
      }
    },
  );
}

/** The same checks for one line of NDJSON. Throws AppError. */
export function parseJsonLine(line: Buffer, entryLimits: EntryLimits = {}): unknown {
  try {
    return readJson(line, { entryLimits });
  } catch (error) {
    throw asRefusal(error, '', 'The line is not valid JSON.');
  }
}

function readBody(json: Buffer, limits: ReadLimits): unknown {
  try {
    return readJson(json, limits);
  } catch (error) {
    throw asRefusal(error, '', NOT_JSON);
  }
}

/** What its parser says would tell of a text that nobody sent. */
function readRest(rest: Buffer, { field }: RouteItemRules, limits: ReadLimits): unknown {
  try {
    return readJson(rest, limits);
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    throw malformed([{ path: '', message: `is not JSON in what it has beside the items of '${field}'` }], NOT_JSON);
  }
}

/**
 * One item after the other, others' requests in between: a megabyte may take 100 ms to parse. What is refused is not kept,
 * so that it need not be collected later.
 */
async function readItemwise(request: FastifyRequest, json: Buffer, rules: RouteItemRules): Promise<unknown> {
  const { field, schema } = rules;
  const limits = request.routeOptions.config;
  const isValid = request.getValidationFunction(schema) ?? request.compileValidationSchema(schema);
  const readValid = (item: Buffer): unknown => {
    if (item.length > rules.maxBytes) throw tooLarge(rules.maxBytes);
    const value = readJson(item, limits);
    if (!isValid(value)) throw invalid(schemaErrors(isValid.errors ?? []));
    return value;
  };
  const read: unknown[] = [];
  let body: unknown;
  await inSlices(
    (function* () {
      const { rest, items } = cutItems(json, rules);
      body = readRest(rest, rules, limits);
      yield;
      for (const item of items) yield read.push(readItem(item, `${field}[${read.length}]`, readValid));
    })(),
  );
  const list = (body as Readonly<Record<string, unknown>> | null)?.[field];
  return Array.isArray(list) ? { ...(body as object), [field]: list.map((index) => read[index as number]) } : body;
}

/** Throws only where the item is not JSON, since the body is none then. */
function readItem(item: Buffer, path: string, readValid: (item: Buffer) => unknown): unknown {
  try {
    return readValid(item);
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
