import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Settled events added up per creative and quarter of an hour. Every offset of the IANA time zones since 1972 is a whole
 * number of quarters, so hours and days of any zone are whole buckets.
 */
export class CreateReportRows1795305960000 implements MigrationInterface {
  readonly name = 'CreateReportRows1795305960000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE report_rows (
        bucket_at timestamptz NOT NULL,
        advertiser_id text NOT NULL,
        campaign_id text NOT NULL,
        ad_group_id text NOT NULL,
        creative_id text NOT NULL,
        placement text NOT NULL,
        impressions bigint NOT NULL DEFAULT 0,
        clicks bigint NOT NULL DEFAULT 0,
        hides bigint NOT NULL DEFAULT 0,
        conversions bigint NOT NULL DEFAULT 0,
        spend_micros bigint NOT NULL DEFAULT 0,
        CONSTRAINT report_rows_pk PRIMARY KEY (bucket_at, creative_id, placement)
      )`);
    await runner.query(`CREATE INDEX report_rows_by_advertiser ON report_rows (advertiser_id, bucket_at)`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TABLE report_rows`);
  }
}
