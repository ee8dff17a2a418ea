import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Batches that were parked once are told from the others when they are retried: nobody waits for them as for those that came
 * just now.
 */
export class MarkParkedBatches1795651980000 implements MigrationInterface {
  readonly name = 'MarkParkedBatches1795651980000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE event_batches ADD COLUMN was_parked boolean NOT NULL DEFAULT false`);
    await runner.query(`UPDATE event_batches SET was_parked = true WHERE parked_at IS NOT NULL`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE event_batches DROP COLUMN was_parked`);
  }
}
