import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * When a batch was committed, by the clock of Postgres: how far settlement is behind, whatever its events waited for before
 * and whichever process's clock received them. Null for batches from before.
 */
export class KeepCommitTimes1795651800000 implements MigrationInterface {
  readonly name = 'KeepCommitTimes1795651800000';

  async up(runner: QueryRunner): Promise<void> {
    // In two steps, so that what is there is not written anew.
    await runner.query(`ALTER TABLE event_batches ADD committed_at timestamptz`);
    await runner.query(`ALTER TABLE event_batches ALTER committed_at SET DEFAULT clock_timestamp()`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE event_batches DROP committed_at`);
  }
}
