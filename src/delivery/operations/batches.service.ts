import { Inject, Injectable, Logger } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { conflict, notFound } from '../../platform/app-error.js';
import { type Page, PageCursors } from '../../platform/http/page.js';
import { idPattern } from '../../platform/ids.js';
import { SETTLEMENT_QUEUE, type SettlementQueue } from '../settlement/settlement-job.js';
import type { BatchDto, BatchQuery, BatchStatus } from './batch.dto.js';

const CURSORS = new PageCursors('batches');

interface BatchRow {
  readonly id: string;
  readonly received_at: Date;
  readonly event_count: number;
  readonly attempts: number;
  readonly last_error: string | null;
  readonly parked_at: Date | null;
  readonly settled_at: Date | null;
}

const COLUMNS = 'id, received_at, event_count, attempts, last_error, parked_at, settled_at';
const BATCH_ID = idPattern('batch');

/** In the words of the partial indexes. */
const WHERE_STATUS: Readonly<Record<BatchStatus, string>> = {
  waiting: 'settled_at IS NULL AND parked_at IS NULL',
  parked: 'parked_at IS NOT NULL',
  settled: 'settled_at IS NOT NULL',
};

/** Event batches as those see them who keep the product running. */
@Injectable()
export class BatchesService {
  private readonly logger = new Logger(BatchesService.name);

  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    @Inject(SETTLEMENT_QUEUE) private readonly queue: SettlementQueue,
  ) {}

  async list({ status, limit, cursor }: BatchQuery): Promise<Page<BatchDto>> {
    const rows = await this.dataSource.query<BatchRow[]>(
      `SELECT ${COLUMNS} FROM event_batches
       WHERE id > $1 ${status === undefined ? '' : `AND ${WHERE_STATUS[status]}`} ORDER BY id LIMIT $2`,
      [CURSORS.after(cursor), limit + 1],
    );
    return CURSORS.page(rows, limit, toDto);
  }

  async read(id: string): Promise<BatchDto> {
    // Some other texts Postgres can't even be asked for.
    const [row] = BATCH_ID.test(id)
      ? await this.dataSource.query<BatchRow[]>(`SELECT ${COLUMNS} FROM event_batches WHERE id = $1`, [id])
      : [];
    if (row === undefined) throw notFound('batch', id);
    return toDto(row);
  }

  /** One that waits already is left as it is, so that a repeat changes nothing. */
  async retry(id: string): Promise<BatchDto> {
    const batch = await this.read(id);
    if (batch.status === 'settled')
      throw conflict('batch_settled', 'This batch is settled: there is nothing to retry.');
    // Only one of several at once finds it parked. TypeORM answers an UPDATE with its rows and their number.
    const [[unparked]] = await this.dataSource.query<[BatchRow[], number]>(
      `UPDATE event_batches SET parked_at = NULL, attempts = 0, is_retried = true
       WHERE id = $1 AND parked_at IS NOT NULL RETURNING ${COLUMNS}`,
      [id],
    );
    if (unparked === undefined) return this.read(id);
    this.enqueue(id, batch.parkedAt ?? '');
    return toDto(unparked);
  }

  /** Without waiting, and under an id that no job of it had: where it can't be queued, the sweeper finds the batch. */
  private enqueue(batchId: string, parkedAt: string): void {
    this.queue.add(`${batchId}.parked-${Date.parse(parkedAt)}`, { batchId }).catch((error: Error) => {
      this.logger.warn({ msg: 'a retried batch was not queued', batch: batchId, reason: error.message });
    });
  }
}

function toDto(row: BatchRow): BatchDto {
  return {
    id: row.id,
    status: row.settled_at !== null ? 'settled' : row.parked_at !== null ? 'parked' : 'waiting',
    receivedAt: row.received_at.toISOString(),
    eventCount: row.event_count,
    attempts: row.attempts,
    lastError: row.last_error,
    parkedAt: row.parked_at?.toISOString() ?? null,
    settledAt: row.settled_at?.toISOString() ?? null,
  };
}
