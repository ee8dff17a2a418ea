import { createHash } from 'node:crypto';
import { ApiProperty } from '@nestjs/swagger';
import { Transform } from 'class-transformer';
import { IsInt, IsOptional, Max, Min } from 'class-validator';
import { malformed } from '../app-error.js';
import { Text } from './fields.js';

export const DEFAULT_PAGE_SIZE = 50;
export const MAX_PAGE_SIZE = 500;

const LIMIT_MESSAGE = `must be a whole number from 1 to ${MAX_PAGE_SIZE}, given once`;
const CURSOR_MESSAGE = 'must be `nextCursor` of an earlier page';

/** Lists go by id, which is the order of creation for what has ids of ours. */
export class PageQuery {
  @ApiProperty({
    description: 'Most entries to answer',
    type: 'integer',
    minimum: 1,
    maximum: MAX_PAGE_SIZE,
    default: DEFAULT_PAGE_SIZE,
    required: false,
  })
  @IsOptional()
  @Transform(({ value }: { value: unknown }) =>
    typeof value === 'string' && /^\d{1,9}$/.test(value) ? Number(value) : NaN,
  )
  @IsInt({ message: LIMIT_MESSAGE })
  @Min(1, { message: LIMIT_MESSAGE })
  @Max(MAX_PAGE_SIZE, { message: LIMIT_MESSAGE })
  limit: number = DEFAULT_PAGE_SIZE;

  @Text({ description: '`nextCursor` of the page before', example: 'x3Jq0aPLY21wXzAxS0FO', max: 200, optional: true })
  cursor?: string;
}

export interface Page<T> {
  readonly data: readonly T[];
  /** `null` on the last page. */
  readonly nextCursor: string | null;
}

/** Of a cursor's own, before the id: enough that nothing else passes for one. */
const SEAL_CHARS = 8;

/**
 * A list's cursors: each holds the last id of its page, sealed with the name of the list. What the list has not given out
 * (a slip, a cursor of another list, an id) is refused. The seal is no secret: knowing an id gives nobody access to it.
 */
export class PageCursors {
  constructor(private readonly list: string) {}

  /** The id after which the page begins; empty for the first. Throws AppError. */
  after(cursor: string | undefined): string {
    if (cursor === undefined) return '';
    const id = Buffer.from(cursor.slice(SEAL_CHARS), 'base64url').toString('utf8');
    // Printable: Postgres can't be asked for every text.
    if (!/^[\x21-\x7e]+$/.test(id) || this.cursorOf(id) !== cursor) {
      throw malformed([{ path: 'cursor', message: CURSOR_MESSAGE }]);
    }
    return id;
  }

  /** From `limit + 1` rows, the page and whether another one follows. */
  page<Row extends { readonly id: string }, T>(rows: readonly Row[], limit: number, map: (row: Row) => T): Page<T> {
    const page = rows.slice(0, limit);
    const last = rows.length > limit ? page.at(-1) : undefined;
    return { data: page.map(map), nextCursor: last === undefined ? null : this.cursorOf(last.id) };
  }

  private cursorOf(id: string): string {
    const seal = createHash('sha256').update(`${this.list}\n${id}`).digest('base64url').slice(0, SEAL_CHARS);
    return seal + Buffer.from(id, 'utf8').toString('base64url');
  }
}
