import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * A claim can lack money of the ad group's own daily budget, apart from a budget of its campaign: only holders of the same
 * ad group can help out, so that claims of its siblings stay as they are.
 */
export class NameShortAdGroups1795651560000 implements MigrationInterface {
  readonly name = 'NameShortAdGroups1795651560000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE budget_leases
        DROP CONSTRAINT budget_leases_shortage_known,
        ADD CONSTRAINT budget_leases_shortage_known CHECK (shortage IN ('ad_group_budget', 'budget', 'balance'))`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`UPDATE budget_leases SET shortage = 'budget' WHERE shortage = 'ad_group_budget'`);
    await runner.query(`
      ALTER TABLE budget_leases
        DROP CONSTRAINT budget_leases_shortage_known,
        ADD CONSTRAINT budget_leases_shortage_known CHECK (shortage IN ('budget', 'balance'))`);
  }
}
