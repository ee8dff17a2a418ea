import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The places in the app that show sponsored messages, with their rules; the chat list is there from the start. */
export class CreatePlacements1795305780000 implements MigrationInterface {
  readonly name = 'CreatePlacements1795305780000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE placements (
        id text CONSTRAINT placements_pk PRIMARY KEY,
        max_messages integer NOT NULL CONSTRAINT placements_max_messages_range CHECK (max_messages BETWEEN 0 AND 20),
        first_position integer NOT NULL CONSTRAINT placements_first_position_range CHECK (first_position BETWEEN 0 AND 1000),
        spacing integer NOT NULL CONSTRAINT placements_spacing_range CHECK (spacing BETWEEN 0 AND 1000),
        refresh_after_seconds integer NOT NULL
          CONSTRAINT placements_refresh_range CHECK (refresh_after_seconds BETWEEN 1 AND 86400),
        hold_seconds integer NOT NULL CONSTRAINT placements_hold_range CHECK (hold_seconds BETWEEN 1 AND 86400),
        floor_micros bigint NOT NULL DEFAULT 0 CONSTRAINT placements_floor_range CHECK (floor_micros >= 0),
        version integer NOT NULL DEFAULT 1,
        updated_at timestamptz NOT NULL
      )`);
    await runner.query(`
      INSERT INTO placements (id, max_messages, first_position, spacing, refresh_after_seconds, hold_seconds, floor_micros,
        updated_at)
      VALUES ('chat_list', 3, 1, 6, 300, 600, 1000000, now())`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TABLE placements`);
  }
}
