import { Readable } from 'node:stream';
import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyInstance, FastifyRequest } from 'fastify';
import { AppError } from '../app-error.js';
import { encodingFault } from './body-encoding.js';

/**
 * Reads NDJSON uploads line by line. However long the upload or a single line is, no more than one longest line and one
 * chunk of the stream are held; the stream is paused while the caller works on a line.
 */
export const NDJSON = 'application/x-ndjson';

/** The largest line of the bulk routes: a profile at all its limits in ASCII, or a campaign with some hundred creatives. */
export const MAX_LINE_BYTES = 64 * 1024;

/** Lines count from 1, blank ones included, as an editor shows them. */
export type NdjsonLine =
  | { readonly line: number; readonly bytes: Buffer; readonly tooLong?: never }
  | { readonly line: number; readonly bytes?: never; readonly tooLong: true };

declare module 'fastify' {
  interface FastifyContextConfig {
    takesNdjson?: boolean;
  }
}

/** Routes that take NDJSON read the stream line by line; nothing holds a whole upload. All others refuse it with 415. */
export function registerNdjson(fastify: FastifyInstance): void {
  fastify.addContentTypeParser(NDJSON, (request, payload, done) => {
    const { takesNdjson = false } = request.routeOptions.config;
    if (takesNdjson || request.is404) return done(encodingFault(request), payload);
    done(unsupportedType('Send one JSON object, with Content-Type: application/json.'));
  });
}

/** The upload as a stream: see `readLines`. Another content type is refused with 415. */
export const NdjsonBody = createParamDecorator((_data: unknown, context: ExecutionContext): Readable => {
  const { body } = context.switchToHttp().getRequest<FastifyRequest>();
  if (body instanceof Readable) return body;
  throw unsupportedType(`Send one JSON object a line, with Content-Type: ${NDJSON}.`);
});

function unsupportedType(detail: string): AppError {
  return new AppError(415, 'unsupported_media_type', detail);
}

const LINE_FEED = 0x0a;
const CARRIAGE_RETURN = 0x0d;
const BYTE_ORDER_MARK = Buffer.from([0xef, 0xbb, 0xbf]);

/**
 * The lines without their line ends (LF or CRLF); blank lines are left out, the last one needs no line end. `bytes` is
 * valid until the next line is asked for. A caller may stop early and answer; the rest of the upload is then passed over.
 * Throws AppError when the upload breaks off.
 */
export async function* readLines(stream: Readable, maxLineBytes: number): AsyncGenerator<NdjsonLine, void, undefined> {
  const lines = new LineSplitter(maxLineBytes);
  for await (const chunk of chunksOf(stream)) yield* lines.split(chunk);
  yield* lines.end();
}

async function* chunksOf(stream: Readable): AsyncGenerator<Buffer, void, undefined> {
  // Destroying a request's stream would close its connection, and with it the way of the answer.
  const chunks = stream.iterator({ destroyOnReturn: false }) as AsyncIterableIterator<Buffer>;
  try {
    yield* chunks;
  } catch (error) {
    throw Object.assign(new AppError(400, 'upload_incomplete', 'The upload broke off before its end.'), {
      cause: error,
    });
  } finally {
    // Nothing else takes an unread rest off the connection, where it would stand before the next request.
    stream.resume();
  }
}

class LineSplitter {
  private line = 0;
  /** The beginning of a line whose end is still to come. */
  private parts: Buffer[] = [];
  private held = 0;
  private skipping = false;

  constructor(private readonly maxLineBytes: number) {}

  *split(chunk: Buffer): Generator<NdjsonLine, void, undefined> {
    let start = 0;
    for (let end = chunk.indexOf(LINE_FEED); end !== -1; end = chunk.indexOf(LINE_FEED, start)) {
      const found = this.take(chunk.subarray(start, end));
      start = end + 1;
      if (found !== null) yield found;
    }
    this.hold(chunk.subarray(start));
  }

  *end(): Generator<NdjsonLine, void, undefined> {
    const last = this.take(Buffer.alloc(0));
    if (last !== null) yield last;
  }

  private take(rest: Buffer): NdjsonLine | null {
    const line = ++this.line;
    const whole = this.parts.length === 0 ? rest : Buffer.concat([...this.parts, rest]);
    const tooLong = this.skipping;
    this.parts = [];
    this.held = 0;
    this.skipping = false;
    if (tooLong) return { line, tooLong };
    const bytes = trimLine(whole, line === 1);
    if (bytes.length > this.maxLineBytes) return { line, tooLong: true };
    return isBlank(bytes) ? null : { line, bytes };
  }

  private hold(part: Buffer): void {
    if (this.skipping || part.length === 0) return;
    this.parts.push(part);
    this.held += part.length;
    // Room for a carriage return and a byte order mark, which do not count.
    if (this.held <= this.maxLineBytes + 1 + BYTE_ORDER_MARK.length) return;
    this.skipping = true;
    this.parts = [];
  }
}

function trimLine(line: Buffer, first: boolean): Buffer {
  const start = first && line.subarray(0, BYTE_ORDER_MARK.length).equals(BYTE_ORDER_MARK) ? BYTE_ORDER_MARK.length : 0;
  const end = line.at(-1) === CARRIAGE_RETURN ? line.length - 1 : line.length;
  return line.subarray(start, end);
}

function isBlank(line: Buffer): boolean {
  return line.every((byte) => byte === 0x20 || byte === 0x09);
}
