import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Even pacing. A throttle is the decision that holds for one campaign, with what the next one goes on from; API processes
 * follow it as they follow campaigns: by notification, and by the changing transaction's id. `pacing_runs` has one row:
 * who writes it makes the step, one at a time and each later than the one before.
 *
 * Shapes of days are kept as they were learned when the day began in that zone, so that a plan does not move within its
 * day, whoever makes the step. `market_traffic` adds up each quarter of an hour once for all of them.
 */
export class CreatePacing1795651440000 implements MigrationInterface {
  readonly name = 'CreatePacing1795651440000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE pacing_throttles (
        campaign_id text CONSTRAINT pacing_throttles_pk PRIMARY KEY
          CONSTRAINT pacing_throttles_campaign REFERENCES campaigns,
        pass_share double precision NOT NULL
          CONSTRAINT pacing_throttles_pass_share_range CHECK (pass_share BETWEEN 0 AND 1),
        rank_factor double precision NOT NULL
          CONSTRAINT pacing_throttles_rank_factor_range CHECK (rank_factor > 0 AND rank_factor <= 1),
        planned_micros bigint NOT NULL,
        spent_micros bigint NOT NULL,
        spent_in_all_micros bigint NOT NULL,
        plan_starts_at timestamptz NOT NULL,
        plan_ends_at timestamptz NOT NULL,
        plan_budget_micros bigint NOT NULL,
        plan_from_at timestamptz NOT NULL,
        plan_from_micros bigint NOT NULL,
        seen_micros double precision NOT NULL,
        seen_exposure double precision NOT NULL,
        recent_micros double precision NOT NULL,
        recent_exposure double precision NOT NULL,
        quiet_exposure double precision NOT NULL,
        decided_at timestamptz NOT NULL,
        changed_xid xid8 NOT NULL DEFAULT pg_current_xact_id()
      ) WITH (fillfactor = 70)`);
    await runner.query(`CREATE INDEX pacing_throttles_by_change ON pacing_throttles (changed_xid)`);
    await runner.query(`
      CREATE TABLE pacing_runs (
        single boolean NOT NULL DEFAULT true CONSTRAINT pacing_runs_pk PRIMARY KEY
          CONSTRAINT pacing_runs_one CHECK (single),
        run_at timestamptz,
        traffic_until timestamptz
      )`);
    await runner.query('INSERT INTO pacing_runs DEFAULT VALUES');
    await runner.query(`
      CREATE TABLE market_traffic (
        bucket_at timestamptz CONSTRAINT market_traffic_pk PRIMARY KEY,
        impressions bigint NOT NULL CONSTRAINT market_traffic_not_negative CHECK (impressions >= 0)
      )`);
    await runner.query(`
      CREATE TABLE day_shapes (
        time_zone text NOT NULL,
        day date NOT NULL,
        weights double precision[] NOT NULL CONSTRAINT day_shapes_quarters CHECK (cardinality(weights) = 96),
        CONSTRAINT day_shapes_pk PRIMARY KEY (time_zone, day)
      )`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE day_shapes, market_traffic, pacing_runs, pacing_throttles');
  }
}
