import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * A placement keeps the hold time that its messages of before may still have, and when that was changed: so holds that are
 * open somewhere are never taken for longer than they can be. What a placement that was changed already had before is not
 * known: it may have been the longest there can be.
 */
export class KeepHoldTimes1795651740000 implements MigrationInterface {
  readonly name = 'KeepHoldTimes1795651740000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE placements
        ADD earlier_hold_seconds integer,
        ADD hold_changed_at timestamptz,
        ADD CONSTRAINT placements_earlier_hold CHECK ((earlier_hold_seconds IS NULL) = (hold_changed_at IS NULL))`);
    await runner.query(`
      UPDATE placements SET earlier_hold_seconds = 86400, hold_changed_at = updated_at WHERE version > 1`);
    await runner.query(`
      CREATE FUNCTION keep_hold_time() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        -- Others follow a change within a second; a minute is far beyond. Times are the product's, which may be simulated.
        NEW.earlier_hold_seconds := greatest(OLD.hold_seconds, CASE
          WHEN OLD.hold_changed_at + make_interval(secs => OLD.earlier_hold_seconds + 60) > NEW.updated_at
          THEN OLD.earlier_hold_seconds END);
        NEW.hold_changed_at := NEW.updated_at;
        RETURN NEW;
      END $$`);
    await runner.query(`
      CREATE TRIGGER placements_keep_hold_time BEFORE UPDATE OF hold_seconds ON placements
      FOR EACH ROW WHEN (NEW.hold_seconds <> OLD.hold_seconds) EXECUTE FUNCTION keep_hold_time()`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TRIGGER placements_keep_hold_time ON placements');
    await runner.query('DROP FUNCTION keep_hold_time');
    await runner.query('ALTER TABLE placements DROP earlier_hold_seconds, DROP hold_changed_at');
  }
}
