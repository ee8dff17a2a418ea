import { Readable } from 'node:stream';
import { setImmediate as nextTurn } from 'node:timers/promises';
import { Injectable, Logger } from '@nestjs/common';
import type { Actor } from '../access/access.api.js';
import { AppError, type FieldError, malformed } from '../platform/app-error.js';
import type { RequestIdentity } from '../platform/database/once.js';
import { MAX_BODY_BYTES, parseJsonLine } from '../platform/http/json-body.js';
import { type NdjsonLine, readLines } from '../platform/http/ndjson.js';
import { toAppError } from '../platform/http/problem.filter.js';
import { RequestValidationPipe } from '../platform/http/validation.pipe.js';
import { WorkSlots } from '../platform/work-slots.js';
import { CampaignCreation } from './campaign-creation.service.js';
import { CreateCampaignDto } from './dto/campaign.dto.js';

export const MAX_LINES = 10_000;

/** A line is what a single creation takes as its body. */
const MAX_LINE_BYTES = MAX_BODY_BYTES;
/**
 * Transactions of all uploads of a process under way at once: commits overlap, and most of the pool stays free. One that
 * is sent slowly holds no slot while it waits for its sender.
 */
const LINES_AT_ONCE = 4;
/** Each may hold `LINES_AT_ONCE` lines in memory. */
const UPLOADS_AT_ONCE = 16;
/** The rest of the 255 characters names the line. */
const MAX_IDEMPOTENCY_KEY = 240;
const MAX_LINE_ERRORS = 20;
const TOO_MANY = 'Too many uploads are under way just now; send this one again in a moment.';

type LineResult =
  | { readonly line: number; readonly status: 'created'; readonly id: string }
  | {
      readonly line: number;
      readonly status: 'rejected';
      readonly code: string;
      readonly errors: readonly FieldError[];
    };

/**
 * Creates campaigns from an NDJSON upload of any length. Lines are read no faster than they are stored, and stored no
 * faster than their results are read; a line that is wrong changes nothing for the others.
 */
@Injectable()
export class BulkCampaigns {
  private readonly logger = new Logger(BulkCampaigns.name);
  private readonly validation = new RequestValidationPipe();
  private readonly slots = new WorkSlots({
    atOnce: LINES_AT_ONCE,
    waiting: UPLOADS_AT_ONCE * LINES_AT_ONCE,
    refusal: TOO_MANY,
  });
  private uploads = 0;

  constructor(private readonly creation: CampaignCreation) {}

  /** The results as NDJSON, in the order of the lines. */
  create(upload: Readable, actor: Actor, identity: RequestIdentity): Readable {
    const { idempotencyKey } = identity;
    if (idempotencyKey !== null && idempotencyKey.length > MAX_IDEMPOTENCY_KEY) {
      const message = `must have at most ${MAX_IDEMPOTENCY_KEY} characters for a bulk request`;
      throw malformed([{ path: 'Idempotency-Key', message }]);
    }
    if (this.uploads >= UPLOADS_AT_ONCE) {
      throw new AppError(503, 'unavailable', TOO_MANY, [], { 'retry-after': '5' });
    }
    const results = this.results(upload, (line) => this.settle(line, actor, identity));
    this.uploads++;
    // It closes also where nobody reads it to the end.
    return Readable.from(asNdjson(results), { highWaterMark: LINES_AT_ONCE }).once('close', () => this.uploads--);
  }

  private async *results(
    upload: Readable,
    settle: (line: NdjsonLine) => Promise<LineResult>,
  ): AsyncGenerator<LineResult, void, undefined> {
    const underWay: Promise<LineResult>[] = [];
    let last = 0;
    try {
      for await (const line of readLines(upload, MAX_LINE_BYTES)) {
        if (line.line > MAX_LINES) {
          throw new AppError(
            422,
            'too_many_lines',
            `A request takes at most ${MAX_LINES} lines; the rest was not read.`,
          );
        }
        last = line.line;
        underWay.push(settle(line));
        // A line is parsed in one turn and checked from the next on, and the one after it is parsed in the third: lines that are
        // large, or fail at once, would otherwise keep every other request waiting.
        await nextTurn();
        await nextTurn();
        if (underWay.length < LINES_AT_ONCE) continue;
        const result = (await underWay.shift()) as LineResult;
        yield result;
        if (result.status === 'rejected' && result.code === 'unavailable') {
          throw new AppError(
            503,
            'unavailable',
            'Campaigns can not be stored just now; the rest was not read. Send it again.',
          );
        }
      }
      for (const result of underWay) yield await result;
    } catch (error) {
      for (const result of underWay) yield await result;
      yield this.rejected(last + 1, error);
    }
  }

  /** Never rejects. The line's bytes are read before the first wait: after it they are no longer valid. */
  private async settle(line: NdjsonLine, actor: Actor, identity: RequestIdentity): Promise<LineResult> {
    try {
      if (line.tooLong) throw new AppError(413, 'line_too_long', `A line has at most ${MAX_LINE_BYTES} bytes.`);
      const body = parseJsonLine(line.bytes);
      await nextTurn();
      const dto = (await this.validation.transform(body, {
        type: 'body',
        metatype: CreateCampaignDto,
      })) as CreateCampaignDto;
      const { idempotencyKey } = identity;
      const key = idempotencyKey === null ? null : `${idempotencyKey}#${line.line}`;
      const { id } = await this.slots.run(() =>
        this.creation.create(actor, dto, { ...identity, idempotencyKey: key, body }),
      );
      return { line: line.line, status: 'created', id };
    } catch (error) {
      return this.rejected(line.line, error);
    }
  }

  private rejected(line: number, error: unknown): LineResult {
    const { status, code, detail, errors } = toAppError(error);
    if (status === 500) this.logger.error({ msg: 'bulk line failed', line, stack: (error as Error).stack });
    const told = errors.length > 0 ? errors.slice(0, MAX_LINE_ERRORS) : [{ path: '', message: detail }];
    return { line, status: 'rejected', code, errors: told };
  }
}

async function* asNdjson(results: AsyncIterable<LineResult>): AsyncGenerator<string, void, undefined> {
  for await (const result of results) yield `${JSON.stringify(result)}\n`;
}
