import type { MigrationInterface, QueryRunner } from 'typeorm';

/** The columns that limit delivery, by table. */
const LIMITS = {
  advertisers: ['time_zone'],
  campaigns: ['total_budget_micros', 'daily_budget_micros', 'frequency_caps'],
  ad_groups: ['daily_budget_micros', 'frequency_caps'],
};

/**
 * What an audit needs to know of the past: which limits were in force when money was charged or a message was decided, and
 * why money was credited or given back.
 *
 * A limit change has two times: `changed_at` is the product's (the row's `updated_at`), to be held against decisions;
 * `entered_at` is the database's own, to be held against `entered_at` of transfers, whatever clock the processes had.
 * Transfers from before have none.
 */
export class AddAuditTrail1795651380000 implements MigrationInterface {
  readonly name = 'AddAuditTrail1795651380000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE limit_changes (
        id bigint GENERATED ALWAYS AS IDENTITY CONSTRAINT limit_changes_pk PRIMARY KEY,
        of_table text NOT NULL,
        of_id text NOT NULL,
        before jsonb NOT NULL,
        after jsonb NOT NULL,
        changed_at timestamptz NOT NULL,
        entered_at timestamptz NOT NULL DEFAULT clock_timestamp()
      )`);
    await runner.query(`CREATE INDEX limit_changes_by_row ON limit_changes (of_id, id)`);
    await this.followLimits(runner);
    await runner.query(`
      ALTER TABLE ledger_transfers
        ADD reason text,
        ADD entered_at timestamptz,
        DROP CONSTRAINT ledger_transfers_kind_known,
        ADD CONSTRAINT ledger_transfers_kind_known CHECK (kind IN ('credit', 'charge', 'refund'))`);
    await runner.query(`ALTER TABLE ledger_transfers ALTER entered_at SET DEFAULT clock_timestamp()`);
    await runner.query(`CREATE INDEX ledger_transfers_by_advertiser ON ledger_transfers (advertiser_id, id)`);
  }

  /** The trigger's arguments are the columns that it keeps. */
  private async followLimits(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE FUNCTION keep_limit_change() RETURNS trigger LANGUAGE plpgsql AS $$
      DECLARE
        earlier jsonb := (SELECT jsonb_object_agg(key, value) FROM jsonb_each(to_jsonb(OLD)) WHERE key = ANY (TG_ARGV));
        later jsonb := (SELECT jsonb_object_agg(key, value) FROM jsonb_each(to_jsonb(NEW)) WHERE key = ANY (TG_ARGV));
      BEGIN
        IF earlier <> later THEN
          INSERT INTO limit_changes (of_table, of_id, before, after, changed_at)
          VALUES (TG_TABLE_NAME, NEW.id, earlier, later, NEW.updated_at);
        END IF;
        RETURN NULL;
      END $$`);
    for (const [table, columns] of Object.entries(LIMITS)) {
      await runner.query(`
        CREATE TRIGGER ${table}_keep_limits AFTER UPDATE OF ${columns.join(', ')} ON ${table}
        FOR EACH ROW EXECUTE FUNCTION keep_limit_change(${columns.map((column) => `'${column}'`).join(', ')})`);
    }
  }

  /**
   * A ledger with refunds can't do without their kind: they stay as what comes nearest, credits. Migrating again does not bring
   * them back, nor the history of limits (docs/0007-audit.md).
   */
  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP INDEX ledger_transfers_by_advertiser`);
    await runner.query(`ALTER TABLE ledger_transfers DISABLE TRIGGER ledger_transfers_append_only`);
    await runner.query(`
      UPDATE ledger_transfers SET kind = 'credit', reference = 'refund ' || id || ' ' || reference WHERE kind = 'refund'`);
    await runner.query(`ALTER TABLE ledger_transfers ENABLE TRIGGER ledger_transfers_append_only`);
    await runner.query(`
      ALTER TABLE ledger_transfers
        DROP CONSTRAINT ledger_transfers_kind_known,
        ADD CONSTRAINT ledger_transfers_kind_known CHECK (kind IN ('credit', 'charge')),
        DROP entered_at,
        DROP reason`);
    for (const table of Object.keys(LIMITS)) await runner.query(`DROP TRIGGER ${table}_keep_limits ON ${table}`);
    await runner.query(`DROP FUNCTION keep_limit_change()`);
    await runner.query(`DROP TABLE limit_changes`);
  }
}
