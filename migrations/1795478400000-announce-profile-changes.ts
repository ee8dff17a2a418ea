import type { MigrationInterface, QueryRunner } from 'typeorm';

const TABLES = ['profiles', 'audience_members'] as const;
const CHANGES = { insert: 'NEW', update: 'NEW', delete: 'OLD' } as const;

/**
 * Every change of what matching reads of members is announced with the transaction that makes it, whoever makes it: the
 * ids, separated by commas, 60 to a notification (a payload holds 7,999 bytes, an id at most 128).
 */
export class AnnounceProfileChanges1795478400000 implements MigrationInterface {
  readonly name = 'AnnounceProfileChanges1795478400000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE FUNCTION announce_profile_changes() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        PERFORM pg_notify('profiles_changed', string_agg(user_id, ','))
        FROM (SELECT user_id, (row_number() OVER () - 1) / 60 AS part
              FROM (SELECT DISTINCT user_id FROM changed) AS members) AS parts
        GROUP BY part;
        RETURN NULL;
      END $$`);
    for (const table of TABLES) {
      for (const [change, rows] of Object.entries(CHANGES)) {
        await runner.query(`
          CREATE TRIGGER ${table}_announce_${change} AFTER ${change} ON ${table}
          REFERENCING ${rows} TABLE AS changed
          FOR EACH STATEMENT EXECUTE FUNCTION announce_profile_changes()`);
      }
    }
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const table of TABLES) {
      for (const change of Object.keys(CHANGES)) {
        await runner.query(`DROP TRIGGER ${table}_announce_${change} ON ${table}`);
      }
    }
    await runner.query('DROP FUNCTION announce_profile_changes()');
  }
}
