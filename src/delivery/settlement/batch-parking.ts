import { Injectable, Logger } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { Clock } from '../../platform/clock.js';
import { ExposureWriter } from '../exposure/exposure-writer.js';
import { readImpressions } from './batch-impressions.js';
import { addParkedCharges } from './parked-charges.js';
import { describeFailure, failureKind } from './settlement-failure.js';

/** As often as Bull tries one job: with its growing pauses, half a minute in which what passes has passed. */
export const MOST_ATTEMPTS = 8;

/**
 * What becomes of a batch whose settlement failed. It waits for another try; or this failure parked it; or it is over without
 * it, settled or parked by another worker meanwhile.
 */
export type FailedBatch = 'waits' | 'parked' | 'over';

/**
 * Records failed settlements, and parks the batches that can't be settled: at once for a permanent cause, else after
 * `MOST_ATTEMPTS` failures of their own. Outages never park a batch, however long they are.
 *
 * A parked batch no longer holds back the release of holds. So that no cap is broken by it, its impressions are confirmed in
 * the exposure state before it is marked; a state that is built anew counts them from `events` anyway. Where they can't be
 * confirmed, the batch goes on waiting, and holds with it. So that no budget is passed by it, its costs bind their money.
 */
@Injectable()
export class BatchParking {
  private readonly logger = new Logger(BatchParking.name);

  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly exposure: ExposureWriter,
    private readonly clock: Clock,
  ) {}

  async recordFailure(batchId: string, error: unknown): Promise<FailedBatch> {
    const kind = failureKind(error);
    // TypeORM answers an UPDATE with its rows and their number.
    const [[batch]] = await this.dataSource.query<[{ attempts: number }[], number]>(
      `UPDATE event_batches SET attempts = attempts + $3::integer, last_error = $2
       WHERE id = $1 AND settled_at IS NULL AND parked_at IS NULL RETURNING attempts`,
      [batchId, describeFailure(error), kind === 'outage' ? 0 : 1],
    );
    if (batch === undefined) return 'over';
    if (kind === 'outage' || (kind === 'retryable' && batch.attempts < MOST_ATTEMPTS)) return 'waits';
    if (!(await this.park(batchId))) return 'over';
    this.logger.error({
      msg: 'batch is parked',
      batch: batchId,
      attempts: batch.attempts,
      reason: describeFailure(error),
    });
    return 'parked';
  }

  /** Whether it still waited. */
  private park(batchId: string): Promise<boolean> {
    return this.dataSource.transaction(async (tx) => {
      const claimed = await tx.query<unknown[]>(
        'SELECT 1 FROM event_batches WHERE id = $1 AND settled_at IS NULL AND parked_at IS NULL FOR UPDATE',
        [batchId],
      );
      if (claimed.length === 0) return false;
      await this.exposure.confirm(await readImpressions(tx, [batchId]));
      const now = this.clock.now();
      await addParkedCharges(tx, batchId, now);
      await tx.query('UPDATE event_batches SET parked_at = $2 WHERE id = $1', [batchId, new Date(now)]);
      return true;
    });
  }
}
