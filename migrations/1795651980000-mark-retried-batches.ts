import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Batches that are retried after they were parked are told from others that wait: no hold waits for them, nor does intake. */
export class MarkRetriedBatches1795651980000 implements MigrationInterface {
  readonly name = 'MarkRetriedBatches1795651980000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE event_batches ADD is_retried boolean NOT NULL DEFAULT false`);
    await runner.query(`
      UPDATE event_batches SET is_retried = true
      WHERE settled_at IS NULL AND parked_at IS NULL AND id IN (SELECT batch_id FROM parked_charges)`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE event_batches DROP is_retried`);
  }
}
