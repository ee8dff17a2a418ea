import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Events as they were accepted, and the batches that commit and settle them. The primary key of `events` is what makes
 * an event count once: the same type for the same message can't be stored twice. `decided_at` is part of it (a message
 * has one), so that the table can be partitioned by time.
 *
 * `price_micros` is what the event costs when it is charged: above zero only for the type that its bid pays for. An event
 * is charged once its batch is settled and its outcome is `accepted`; `waiting` events lack their impression, and
 * `over_budget` ones found no money left.
 */
export class CreateEvents1795305840000 implements MigrationInterface {
  readonly name = 'CreateEvents1795305840000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE event_batches (
        id text CONSTRAINT event_batches_pk PRIMARY KEY,
        received_at timestamptz NOT NULL,
        event_count integer NOT NULL,
        settled_at timestamptz,
        attempts integer NOT NULL DEFAULT 0,
        last_error text
      )`);
    await runner.query(`
      CREATE INDEX event_batches_unsettled ON event_batches (received_at) WHERE settled_at IS NULL`);
    await runner.query(`
      CREATE TABLE events (
        decided_at timestamptz NOT NULL,
        message_id text NOT NULL,
        type text NOT NULL CONSTRAINT events_type_known CHECK (type IN ('impression', 'click', 'hide', 'conversion')),
        event_id text NOT NULL DEFAULT '',
        batch_id text NOT NULL,
        ordinal integer NOT NULL,
        member_id text NOT NULL,
        advertiser_id text NOT NULL,
        campaign_id text NOT NULL,
        ad_group_id text NOT NULL,
        creative_id text NOT NULL,
        placement text NOT NULL,
        position integer NOT NULL,
        price_micros bigint NOT NULL CONSTRAINT events_price_not_negative CHECK (price_micros >= 0),
        occurred_at timestamptz NOT NULL,
        outcome text NOT NULL DEFAULT 'accepted' CONSTRAINT events_outcome_known
          CHECK (outcome IN ('accepted', 'waiting', 'over_budget')),
        CONSTRAINT events_pk PRIMARY KEY (decided_at, message_id, type, event_id)
      )`);
    await runner.query(`CREATE INDEX events_by_batch ON events (batch_id, ordinal)`);
    await runner.query(`CREATE INDEX events_impressions_by_member ON events (member_id) WHERE type = 'impression'`);
    await runner.query(`CREATE INDEX events_waiting ON events (message_id) WHERE outcome = 'waiting'`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TABLE events, event_batches`);
  }
}
