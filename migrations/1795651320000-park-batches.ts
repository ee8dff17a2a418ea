import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * A batch waits, is parked or is settled: one that can't be settled is parked until somebody has looked at it, and waits
 * again when it is retried. The index of those that wait is what every process polls; it must not grow by parked ones.
 */
export class ParkBatches1795651320000 implements MigrationInterface {
  readonly name = 'ParkBatches1795651320000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE event_batches
        ADD parked_at timestamptz
          CONSTRAINT event_batches_settled_not_parked CHECK (parked_at IS NULL OR settled_at IS NULL)`);
    await runner.query(`DROP INDEX event_batches_unsettled`);
    await runner.query(`
      CREATE INDEX event_batches_waiting ON event_batches (received_at)
        WHERE settled_at IS NULL AND parked_at IS NULL`);
    await runner.query(`CREATE INDEX event_batches_parked ON event_batches (received_at) WHERE parked_at IS NOT NULL`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP INDEX event_batches_parked, event_batches_waiting`);
    await runner.query(`
      CREATE INDEX event_batches_unsettled ON event_batches (received_at) WHERE settled_at IS NULL`);
    await runner.query(`ALTER TABLE event_batches DROP parked_at`);
  }
}
