import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Each process that takes events in tells up to when all that it accepted is committed, so that nobody waits for the longest
 * that a commit may take. Processes of before tell nothing: they must have stopped before one of now starts.
 */
export class KeepIntakeMarks1795651860000 implements MigrationInterface {
  readonly name = 'KeepIntakeMarks1795651860000';

  async up(runner: QueryRunner): Promise<void> {
    // `committed_until` is the product's time, which may be simulated, `told_at` that of Postgres.
    await runner.query(`
      CREATE TABLE event_intakes (
        id integer GENERATED ALWAYS AS IDENTITY CONSTRAINT event_intakes_pk PRIMARY KEY,
        committed_until timestamptz NOT NULL,
        told_at timestamptz NOT NULL DEFAULT clock_timestamp()
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TABLE event_intakes`);
  }
}
