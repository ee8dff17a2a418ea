import type { MigrationInterface, QueryRunner } from 'typeorm';

/** Each life of the exposure state in Redis: from a second one on, holds of the one before may still be open. */
export class CreateExposureEpochs1795306020000 implements MigrationInterface {
  readonly name = 'CreateExposureEpochs1795306020000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE exposure_epochs (
        id text CONSTRAINT exposure_epochs_pk PRIMARY KEY,
        began_at timestamptz NOT NULL
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TABLE exposure_epochs`);
  }
}
