import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Report rows count what was shown or tapped and found its budget gone: `over_budget` events, which are among the
 * impressions and clicks, and cost nothing. What was settled before is counted from the events, which are read once.
 */
export class CountOverDelivery1795651680000 implements MigrationInterface {
  readonly name = 'CountOverDelivery1795651680000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE report_rows
        ADD over_budget_impressions bigint NOT NULL DEFAULT 0,
        ADD over_budget_clicks bigint NOT NULL DEFAULT 0`);
    await runner.query(`
      UPDATE report_rows r SET over_budget_impressions = e.impressions, over_budget_clicks = e.clicks
      FROM (SELECT date_bin('15 minutes', occurred_at, 'epoch') AS bucket_at, creative_id, placement,
                   count(*) FILTER (WHERE type = 'impression') AS impressions,
                   count(*) FILTER (WHERE type = 'click') AS clicks
            FROM events WHERE outcome = 'over_budget' GROUP BY 1, 2, 3) e
      WHERE r.bucket_at = e.bucket_at AND r.creative_id = e.creative_id AND r.placement = e.placement`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE report_rows DROP over_budget_clicks, DROP over_budget_impressions`);
  }
}
