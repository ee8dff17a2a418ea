import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The columns that limit what a member sees, of tables whose changes were not kept so far. */
const LIMITS = {
  creatives: ['frequency_caps'],
  placements: [
    'frequency_caps',
    'max_per_member_per_day',
    'min_gap_seconds',
    'max_per_advertiser_per_day',
    'min_advertiser_gap_seconds',
  ],
};

/**
 * Keeps changes of the caps of advertisers, creatives and placements, and of the load rules of placements, too, so that an
 * audit judges a decision only by what was in force at its time.
 *
 * What was changed before has no history: there, the last change of the whole row stands for that of its limits, since they
 * are no younger. It is told by a change from nothing.
 */
export class FollowAllCaps1795651620000 implements MigrationInterface {
  readonly name = 'FollowAllCaps1795651620000';

  async up(runner: QueryRunner): Promise<void> {
    await this.followAdvertisers(runner, ['time_zone', 'frequency_caps']);
    await this.beginWith(runner, 'advertisers', ['frequency_caps']);
    for (const [table, columns] of Object.entries(LIMITS)) {
      await this.follow(runner, table, columns);
      await this.beginWith(runner, table, columns);
    }
  }

  async down(runner: QueryRunner): Promise<void> {
    for (const table of Object.keys(LIMITS)) await runner.query(`DROP TRIGGER ${table}_keep_limits ON ${table}`);
    await this.followAdvertisers(runner, ['time_zone']);
    await runner.query(`
      DELETE FROM limit_changes
      WHERE of_table IN ('creatives', 'placements')
         OR of_table = 'advertisers' AND before->'time_zone' IS NOT DISTINCT FROM after->'time_zone'`);
  }

  private async followAdvertisers(runner: QueryRunner, columns: readonly string[]): Promise<void> {
    await runner.query(`DROP TRIGGER advertisers_keep_limits ON advertisers`);
    await this.follow(runner, 'advertisers', columns);
  }

  /** The trigger's arguments are the columns that it keeps. */
  private async follow(runner: QueryRunner, table: string, columns: readonly string[]): Promise<void> {
    await runner.query(`
      CREATE TRIGGER ${table}_keep_limits AFTER UPDATE OF ${columns.join(', ')} ON ${table}
      FOR EACH ROW EXECUTE FUNCTION keep_limit_change(${columns.map((column) => `'${column}'`).join(', ')})`);
  }

  private async beginWith(runner: QueryRunner, table: string, columns: readonly string[]): Promise<void> {
    const limits = columns.map((column) => `'${column}', ${column}`).join(', ');
    await runner.query(`
      INSERT INTO limit_changes (of_table, of_id, before, after, changed_at)
      SELECT '${table}', id, '{}', jsonb_strip_nulls(jsonb_build_object(${limits})), updated_at
      FROM ${table} WHERE version > 1 AND (frequency_caps <> '[]' OR '${table}' = 'placements')`);
  }
}
