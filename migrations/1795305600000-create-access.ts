import type { MigrationInterface, QueryRunner } from 'typeorm';

/** API keys (only their hashes), and the answers kept for `Idempotency-Key`. */
export class CreateAccess1795305600000 implements MigrationInterface {
  readonly name = 'CreateAccess1795305600000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE api_keys (
        id text CONSTRAINT api_keys_pk PRIMARY KEY,
        key_hash bytea NOT NULL CONSTRAINT api_keys_hash_unique UNIQUE,
        name text NOT NULL,
        role text NOT NULL CONSTRAINT api_keys_role_known CHECK (role IN ('admin', 'advertiser', 'chat', 'analyst')),
        advertiser_id text,
        created_at timestamptz NOT NULL,
        revoked_at timestamptz,
        CONSTRAINT api_keys_advertiser_bound CHECK ((role = 'advertiser') = (advertiser_id IS NOT NULL))
      )`);
    await runner.query(`
      CREATE TABLE idempotent_answers (
        api_key_id text NOT NULL,
        idempotency_key text NOT NULL,
        request_hash bytea NOT NULL,
        answer jsonb,
        created_at timestamptz NOT NULL,
        CONSTRAINT idempotent_answers_pk PRIMARY KEY (api_key_id, idempotency_key)
      )`);
    await runner.query(`CREATE INDEX idempotent_answers_age ON idempotent_answers (created_at)`);
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TABLE idempotent_answers, api_keys`);
  }
}
