import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * What advertisers buy. Every change below an advertiser stamps its campaigns with the changing transaction's id and
 * sends a notification, so that each API process can follow both ways: by LISTEN, and by asking for all that changed
 * since the oldest transaction that was still open when it asked last.
 */
export class CreateCampaigns1795305660000 implements MigrationInterface {
  readonly name = 'CreateCampaigns1795305660000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE advertisers (
        id text CONSTRAINT advertisers_pk PRIMARY KEY,
        name text NOT NULL,
        currency text NOT NULL CONSTRAINT advertisers_currency_form CHECK (currency ~ '^[A-Z]{3}$'),
        time_zone text NOT NULL,
        version integer NOT NULL DEFAULT 1,
        created_at timestamptz NOT NULL,
        updated_at timestamptz NOT NULL
      )`);
    await runner.query(`
      ALTER TABLE api_keys ADD CONSTRAINT api_keys_advertiser FOREIGN KEY (advertiser_id) REFERENCES advertisers`);
    await runner.query(`
      CREATE TABLE campaigns (
        id text CONSTRAINT campaigns_pk PRIMARY KEY,
        advertiser_id text NOT NULL CONSTRAINT campaigns_advertiser REFERENCES advertisers,
        name text NOT NULL,
        status text NOT NULL CONSTRAINT campaigns_status_known CHECK (status IN ('draft', 'active', 'paused', 'archived')),
        starts_at timestamptz NOT NULL,
        ends_at timestamptz,
        total_budget_micros bigint CONSTRAINT campaigns_total_budget_positive CHECK (total_budget_micros > 0),
        daily_budget_micros bigint CONSTRAINT campaigns_daily_budget_positive CHECK (daily_budget_micros > 0),
        pacing text NOT NULL CONSTRAINT campaigns_pacing_known CHECK (pacing IN ('even', 'asap')),
        frequency_caps jsonb NOT NULL DEFAULT '[]',
        version integer NOT NULL DEFAULT 1,
        created_at timestamptz NOT NULL,
        updated_at timestamptz NOT NULL,
        changed_xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
        CONSTRAINT campaigns_interval CHECK (ends_at > starts_at)
      )`);
    await runner.query(`CREATE INDEX campaigns_by_advertiser ON campaigns (advertiser_id, id)`);
    await runner.query(`CREATE INDEX campaigns_by_change ON campaigns (changed_xid)`);
    await runner.query(`
      CREATE TABLE ad_groups (
        id text CONSTRAINT ad_groups_pk PRIMARY KEY,
        campaign_id text NOT NULL CONSTRAINT ad_groups_campaign REFERENCES campaigns,
        name text NOT NULL,
        targeting jsonb NOT NULL,
        bid_model text NOT NULL CONSTRAINT ad_groups_bid_model_known CHECK (bid_model IN ('cpm', 'cpc')),
        bid_micros bigint NOT NULL CONSTRAINT ad_groups_bid_positive CHECK (bid_micros > 0),
        frequency_caps jsonb NOT NULL DEFAULT '[]',
        daily_budget_micros bigint CONSTRAINT ad_groups_daily_budget_positive CHECK (daily_budget_micros > 0),
        day_parts jsonb,
        version integer NOT NULL DEFAULT 1,
        created_at timestamptz NOT NULL,
        updated_at timestamptz NOT NULL
      )`);
    await runner.query(`CREATE INDEX ad_groups_by_campaign ON ad_groups (campaign_id, id)`);
    await runner.query(`
      CREATE TABLE creatives (
        id text CONSTRAINT creatives_pk PRIMARY KEY,
        ad_group_id text NOT NULL CONSTRAINT creatives_ad_group REFERENCES ad_groups,
        sender_name text NOT NULL,
        title text NOT NULL,
        body text NOT NULL,
        image_url text,
        call_to_action text NOT NULL,
        landing_url text NOT NULL,
        language text,
        status text NOT NULL CONSTRAINT creatives_status_known CHECK (status IN ('pending', 'approved', 'rejected')),
        rejection_reason text,
        version integer NOT NULL DEFAULT 1,
        created_at timestamptz NOT NULL,
        updated_at timestamptz NOT NULL
      )`);
    await runner.query(`CREATE INDEX creatives_by_ad_group ON creatives (ad_group_id, id)`);
    await this.trackChanges(runner);
  }

  private async trackChanges(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE FUNCTION announce_campaign() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        NEW.changed_xid := pg_current_xact_id();
        PERFORM pg_notify('campaign_changed', NEW.id);
        RETURN NEW;
      END $$`);
    await runner.query(`
      CREATE TRIGGER campaigns_announce BEFORE INSERT OR UPDATE ON campaigns
      FOR EACH ROW EXECUTE FUNCTION announce_campaign()`);
    // Once a transaction is enough: each further update would add a version of the row that all later ones walk past.
    await runner.query(`
      CREATE FUNCTION touch_campaigns() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        IF TG_TABLE_NAME = 'advertisers' THEN
          UPDATE campaigns SET changed_xid = DEFAULT
          WHERE advertiser_id = NEW.id AND changed_xid <> pg_current_xact_id();
        ELSIF TG_TABLE_NAME = 'ad_groups' THEN
          UPDATE campaigns SET changed_xid = DEFAULT
          WHERE id = NEW.campaign_id AND changed_xid <> pg_current_xact_id();
        ELSE
          UPDATE campaigns SET changed_xid = DEFAULT
          WHERE id = (SELECT campaign_id FROM ad_groups WHERE ad_groups.id = NEW.ad_group_id)
            AND changed_xid <> pg_current_xact_id();
        END IF;
        RETURN NULL;
      END $$`);
    for (const table of ['ad_groups', 'creatives']) {
      await runner.query(`
        CREATE TRIGGER ${table}_touch_campaigns AFTER INSERT OR UPDATE ON ${table}
        FOR EACH ROW EXECUTE FUNCTION touch_campaigns()`);
    }
    await runner.query(`
      CREATE TRIGGER advertisers_touch_campaigns AFTER UPDATE ON advertisers
      FOR EACH ROW WHEN (OLD.time_zone IS DISTINCT FROM NEW.time_zone) EXECUTE FUNCTION touch_campaigns()`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`ALTER TABLE api_keys DROP CONSTRAINT api_keys_advertiser`);
    await runner.query(`DROP TABLE creatives, ad_groups, campaigns, advertisers`);
    await runner.query(`DROP FUNCTION announce_campaign(), touch_campaigns()`);
  }
}
