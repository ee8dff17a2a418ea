import type { MigrationInterface, QueryRunner } from 'typeorm';

const TABLES = ['advertisers', 'creatives', 'placements'] as const;

/** Frequency caps of advertisers, creatives and placements, beside those of campaigns and ad groups. */
export class AddFrequencyCaps1795651200000 implements MigrationInterface {
  readonly name = 'AddFrequencyCaps1795651200000';

  async up(runner: QueryRunner): Promise<void> {
    for (const table of TABLES) {
      await runner.query(`ALTER TABLE ${table} ADD frequency_caps jsonb NOT NULL DEFAULT '[]'`);
    }
    await this.touchCampaigns(
      runner,
      'OLD.time_zone IS DISTINCT FROM NEW.time_zone OR OLD.frequency_caps IS DISTINCT FROM NEW.frequency_caps',
    );
  }

  async down(runner: QueryRunner): Promise<void> {
    await this.touchCampaigns(runner, 'OLD.time_zone IS DISTINCT FROM NEW.time_zone');
    for (const table of TABLES) await runner.query(`ALTER TABLE ${table} DROP frequency_caps`);
  }

  /** What of an advertiser its ad groups carry into the candidate index. */
  private async touchCampaigns(runner: QueryRunner, condition: string): Promise<void> {
    await runner.query(`DROP TRIGGER advertisers_touch_campaigns ON advertisers`);
    await runner.query(`
      CREATE TRIGGER advertisers_touch_campaigns AFTER UPDATE ON advertisers
      FOR EACH ROW WHEN (${condition}) EXECUTE FUNCTION touch_campaigns()`);
  }
}
