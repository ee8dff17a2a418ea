import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Money. A transfer moves an amount from one account to another, so it is balanced by construction; transfers are never
 * changed or removed. The balance kept with a prepaid account and the spend kept per day are projections of them, and
 * the checks on both refuse to go past what was paid in.
 */
export class CreateLedger1795305900000 implements MigrationInterface {
  readonly name = 'CreateLedger1795305900000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE prepaid_accounts (
        advertiser_id text CONSTRAINT prepaid_accounts_pk PRIMARY KEY
          CONSTRAINT prepaid_accounts_advertiser REFERENCES advertisers,
        balance_micros bigint NOT NULL DEFAULT 0
          CONSTRAINT prepaid_accounts_not_overdrawn CHECK (balance_micros BETWEEN 0 AND 9000000000000000),
        changed_xid xid8 NOT NULL DEFAULT pg_current_xact_id()
      )`);
    await runner.query(`CREATE INDEX prepaid_accounts_by_change ON prepaid_accounts (changed_xid)`);
    await runner.query(`
      CREATE TABLE ledger_transfers (
        id text CONSTRAINT ledger_transfers_pk PRIMARY KEY,
        kind text NOT NULL CONSTRAINT ledger_transfers_kind_known CHECK (kind IN ('credit', 'charge')),
        advertiser_id text NOT NULL CONSTRAINT ledger_transfers_advertiser REFERENCES advertisers,
        debit_account text NOT NULL,
        credit_account text NOT NULL,
        amount_micros bigint NOT NULL CONSTRAINT ledger_transfers_amount_positive CHECK (amount_micros > 0),
        currency text NOT NULL,
        reference text NOT NULL,
        campaign_id text,
        ad_group_id text,
        day date,
        created_at timestamptz NOT NULL,
        CONSTRAINT ledger_transfers_two_accounts CHECK (debit_account <> credit_account),
        CONSTRAINT ledger_transfers_once UNIQUE (advertiser_id, kind, reference)
      )`);
    await runner.query(`
      CREATE FUNCTION refuse_change() RETURNS trigger LANGUAGE plpgsql AS $$
      BEGIN
        RAISE EXCEPTION '% is append-only', TG_TABLE_NAME;
      END $$`);
    await runner.query(`
      CREATE TRIGGER ledger_transfers_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON ledger_transfers
      FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()`);
    await runner.query(`
      CREATE VIEW ledger_entries AS
        SELECT id AS transfer_id, debit_account AS account, -amount_micros AS amount_micros, currency, created_at
        FROM ledger_transfers
        UNION ALL
        SELECT id, credit_account, amount_micros, currency, created_at FROM ledger_transfers`);
    await runner.query(`
      CREATE TABLE daily_spend (
        campaign_id text NOT NULL CONSTRAINT daily_spend_campaign REFERENCES campaigns,
        ad_group_id text NOT NULL CONSTRAINT daily_spend_ad_group REFERENCES ad_groups,
        day date NOT NULL,
        spent_micros bigint NOT NULL CONSTRAINT daily_spend_not_negative CHECK (spent_micros >= 0),
        changed_xid xid8 NOT NULL DEFAULT pg_current_xact_id(),
        CONSTRAINT daily_spend_pk PRIMARY KEY (campaign_id, day, ad_group_id)
      )`);
    await runner.query(`CREATE INDEX daily_spend_by_change ON daily_spend (changed_xid)`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TABLE daily_spend`);
    await runner.query(`DROP VIEW ledger_entries`);
    await runner.query(`DROP TABLE ledger_transfers, prepaid_accounts`);
    await runner.query(`DROP FUNCTION refuse_change()`);
  }
}
