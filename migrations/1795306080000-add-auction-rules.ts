import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * What campaigns advertise, and a placement's rules of the auction: who may stand in one list together, how much of it one
 * member may see in 24 hours, and what it takes at least. Null: not limited.
 */
export class AddAuctionRules1795306080000 implements MigrationInterface {
  readonly name = 'AddAuctionRules1795306080000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE campaigns
        ADD categories text[] NOT NULL DEFAULT '{}'
          CONSTRAINT campaigns_categories_few CHECK (cardinality(categories) <= 8)`);
    await runner.query(`
      ALTER TABLE placements
        ADD allows_repeats boolean NOT NULL DEFAULT false,
        ADD max_per_member_per_day integer
          CONSTRAINT placements_max_per_member_range CHECK (max_per_member_per_day BETWEEN 1 AND 10000),
        ADD min_gap_seconds integer CONSTRAINT placements_min_gap_range CHECK (min_gap_seconds BETWEEN 1 AND 604800),
        ADD max_per_advertiser_per_day integer
          CONSTRAINT placements_max_per_advertiser_range CHECK (max_per_advertiser_per_day BETWEEN 1 AND 10000),
        ADD min_advertiser_gap_seconds integer
          CONSTRAINT placements_min_advertiser_gap_range CHECK (min_advertiser_gap_seconds BETWEEN 1 AND 604800),
        ADD least_ctr double precision NOT NULL DEFAULT 0
          CONSTRAINT placements_least_ctr_range CHECK (least_ctr BETWEEN 0 AND 1),
        ADD least_relevance double precision NOT NULL DEFAULT 0
          CONSTRAINT placements_least_relevance_range CHECK (least_relevance BETWEEN 0 AND 1)`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`
      ALTER TABLE placements
        DROP least_relevance, DROP least_ctr, DROP min_advertiser_gap_seconds, DROP max_per_advertiser_per_day,
        DROP min_gap_seconds, DROP max_per_member_per_day, DROP allows_repeats`);
    await runner.query(`ALTER TABLE campaigns DROP categories`);
  }
}
