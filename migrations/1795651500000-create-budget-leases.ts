import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * Claims of API processes on budgets: what each of them has promised, or may promise, for an ad group. Spend and all claims
 * together never pass a budget or a balance. Events and charges tell which holder promised their message and in which
 * minute, so that each holder can lower its claim by what was settled.
 */
export class CreateBudgetLeases1795651500000 implements MigrationInterface {
  readonly name = 'CreateBudgetLeases1795651500000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE lease_holders (
        id integer GENERATED ALWAYS AS IDENTITY CONSTRAINT lease_holders_pk PRIMARY KEY,
        alive_until timestamptz NOT NULL
      )`);
    await runner.query(`
      CREATE TABLE budget_leases (
        holder integer NOT NULL CONSTRAINT budget_leases_holder REFERENCES lease_holders,
        ad_group_id text NOT NULL CONSTRAINT budget_leases_ad_group REFERENCES ad_groups,
        campaign_id text NOT NULL,
        advertiser_id text NOT NULL,
        claimed_micros bigint NOT NULL CONSTRAINT budget_leases_not_negative CHECK (claimed_micros >= 0),
        shortage text CONSTRAINT budget_leases_shortage_known CHECK (shortage IN ('budget', 'balance')),
        CONSTRAINT budget_leases_pk PRIMARY KEY (holder, ad_group_id)
      )`);
    await runner.query(`
      CREATE INDEX budget_leases_by_advertiser ON budget_leases (advertiser_id) INCLUDE (claimed_micros)`);
    await runner.query(`CREATE INDEX budget_leases_short ON budget_leases (holder) WHERE shortage IS NOT NULL`);
    await runner.query(`ALTER TABLE events ADD lease_holder integer`);
    await runner.query(`
      ALTER TABLE ledger_transfers
        ADD lease_holder integer,
        ADD decided_minute integer,
        ADD created_xid xid8 NOT NULL DEFAULT pg_current_xact_id()`);
    await runner.query(`
      CREATE INDEX ledger_transfers_by_holder ON ledger_transfers (lease_holder, created_xid)
      WHERE lease_holder IS NOT NULL`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP INDEX ledger_transfers_by_holder`);
    await runner.query(`ALTER TABLE ledger_transfers DROP created_xid, DROP decided_minute, DROP lease_holder`);
    await runner.query(`ALTER TABLE events DROP lease_holder`);
    await runner.query(`DROP TABLE budget_leases, lease_holders`);
  }
}
