import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * What the events of a parked batch will cost once it is retried, by all that a charge in the ledger tells apart. It binds
 * money until the batch is settled, in the place of the claims of those who promised it: they are told of it as of a charge.
 */
export class BindParkedMoney1795651920000 implements MigrationInterface {
  readonly name = 'BindParkedMoney1795651920000';

  async up(runner: QueryRunner): Promise<void> {
    // `day` is the local day that will pay. Null where the advertiser's zone is not known: it may be any day.
    await runner.query(`
      CREATE TABLE parked_charges (
        id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT parked_charges_pk PRIMARY KEY,
        batch_id text NOT NULL,
        advertiser_id text NOT NULL,
        campaign_id text NOT NULL,
        ad_group_id text NOT NULL,
        lease_holder integer,
        decided_minute integer NOT NULL,
        day date,
        amount_micros bigint NOT NULL CONSTRAINT parked_charges_amount_positive CHECK (amount_micros > 0),
        parked_at timestamptz NOT NULL,
        settled_at timestamptz,
        created_xid xid8 NOT NULL DEFAULT pg_current_xact_id()
      )`);
    await runner.query(`CREATE INDEX parked_charges_by_batch ON parked_charges (batch_id)`);
    await runner.query(`CREATE INDEX parked_charges_by_holder ON parked_charges (lease_holder, created_xid)`);
    await runner.query(`CREATE INDEX parked_charges_open ON parked_charges (advertiser_id) WHERE settled_at IS NULL`);
    // Of what is parked already. Clicks that wait for an impression among it are left out: there are hardly any. A zone that
    // this Postgres does not know would raise an error, and nothing could start.
    await runner.query(`
      INSERT INTO parked_charges (batch_id, advertiser_id, campaign_id, ad_group_id, lease_holder, decided_minute, day,
                                  amount_micros, parked_at)
      SELECT b.id, e.advertiser_id, e.campaign_id, e.ad_group_id, e.lease_holder,
             floor(date_part('epoch', e.decided_at) / 60)::integer AS minute,
             CASE WHEN lower(a.time_zone) IN (SELECT lower(name) FROM pg_timezone_names)
                  THEN (e.occurred_at AT TIME ZONE a.time_zone)::date END AS day, sum(e.price_micros), b.parked_at
      FROM event_batches b JOIN events e ON e.batch_id = b.id LEFT JOIN advertisers a ON a.id = e.advertiser_id
      WHERE b.parked_at IS NOT NULL AND e.price_micros > 0
      GROUP BY b.id, e.advertiser_id, e.campaign_id, e.ad_group_id, e.lease_holder, minute, day`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query('DROP TABLE parked_charges');
  }
}
