import { ApiProperty } from '@nestjs/swagger';
import { IsInt, IsOptional, Max, Min } from 'class-validator';
import { Type } from 'class-transformer';
import { Text } from './fields.js';

export const DEFAULT_PAGE_SIZE = 50;
export const MAX_PAGE_SIZE = 500;

/** Lists go by id, which is the order of creation; the cursor is the last id of the page before. */
export class PageQuery {
  @ApiProperty({
    description: 'Most entries to answer',
    minimum: 1,
    maximum: MAX_PAGE_SIZE,
    default: DEFAULT_PAGE_SIZE,
    required: false,
  })
  @IsOptional()
  @Type(() => Number)
  @IsInt({ message: 'must be a whole number' })
  @Min(1, { message: 'must be at least 1' })
  @Max(MAX_PAGE_SIZE, { message: `must be at most ${MAX_PAGE_SIZE}` })
  limit: number = DEFAULT_PAGE_SIZE;

  @Text({ description: '`nextCursor` of the page before', example: 'cmp_01KAN…', max: 200, optional: true })
  cursor?: string;
}

export interface Page<T> {
  readonly data: readonly T[];
  /** `null` on the last page. */
  readonly nextCursor: string | null;
}

/** From `limit + 1` rows, the page and whether another one follows. */
export function toPage<Row extends { readonly id: string }, T>(
  rows: readonly Row[],
  limit: number,
  map: (row: Row) => T,
): Page<T> {
  const page = rows.slice(0, limit);
  return { data: page.map(map), nextCursor: rows.length > limit ? (page.at(-1)?.id ?? null) : null };
}
