import { Instant, NestedList, OneOf, Text, Whole } from '../../platform/http/fields.js';
import { MAX_PAGE_SIZE, PageQuery } from '../../platform/http/page.js';

export const BATCH_STATUSES = ['waiting', 'parked', 'settled'] as const;
export type BatchStatus = (typeof BATCH_STATUSES)[number];

const STATUS = 'waiting for its settlement, parked because it could not be settled, or settled';

export class BatchQuery extends PageQuery {
  @OneOf(BATCH_STATUSES, { description: `Only batches that are: ${STATUS}`, example: 'parked', optional: true })
  status?: BatchStatus;
}

export class BatchDto {
  @Text({ description: 'Id of the event batch', example: 'bat_01KAN2ZDZ6A8B0C2D4E6F8G0H2', max: 64 })
  id!: string;

  @OneOf(BATCH_STATUSES, { description: `Whether it is ${STATUS}`, example: 'parked' })
  status!: BatchStatus;

  @Instant({
    description: 'When the first of its events was received, ISO 8601 UTC',
    example: '2026-11-22T09:00:00.000Z',
  })
  receivedAt!: string;

  @Whole({ description: 'How many events it has', example: 512, min: 1, max: 2 ** 31 - 1 })
  eventCount!: number;

  @Whole({
    description: 'How often its settlement failed, outages of a server left out, since it was accepted or retried',
    example: 8,
    min: 0,
    max: 2 ** 31 - 1,
  })
  attempts!: number;

  @Text({
    description: 'Why its settlement failed last; it names no member',
    example: 'Postgres error 23514 (prepaid_accounts_balance_not_negative)',
    max: 1000,
    nullable: true,
  })
  lastError!: string | null;

  @Instant({ description: 'When it was parked, ISO 8601 UTC', example: '2026-11-22T09:00:30.000Z', nullable: true })
  parkedAt!: string | null;

  @Instant({ description: 'When it was settled, ISO 8601 UTC', example: null, nullable: true })
  settledAt!: string | null;
}

export class BatchPageDto {
  @NestedList(() => BatchDto, {
    description: 'The batches, by id: the order in which they were made',
    max: MAX_PAGE_SIZE,
  })
  data!: BatchDto[];

  @Text({ description: '`cursor` of the next page; null on the last one', example: null, max: 200, nullable: true })
  nextCursor!: string | null;
}
