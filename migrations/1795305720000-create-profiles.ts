import type { MigrationInterface, QueryRunner } from 'typeorm';

/**
 * What is known of members. Profiles and audience members are spread over hash partitions, and every hot query carries
 * the partition key, so that they can move to several servers without a rewrite.
 */
const PARTITIONS = 8;

export class CreateProfiles1795305720000 implements MigrationInterface {
  readonly name = 'CreateProfiles1795305720000';

  async up(runner: QueryRunner): Promise<void> {
    await runner.query(`
      CREATE TABLE segments (
        id text CONSTRAINT segments_pk PRIMARY KEY,
        name jsonb NOT NULL,
        parent_id text CONSTRAINT segments_parent REFERENCES segments DEFERRABLE INITIALLY DEFERRED,
        sensitive boolean NOT NULL DEFAULT false,
        updated_at timestamptz NOT NULL
      )`);
    await runner.query(`
      CREATE TABLE profiles (
        user_id text NOT NULL,
        interests jsonb NOT NULL DEFAULT '{}',
        birth_year smallint,
        birth_date date,
        gender text,
        country text,
        region text,
        language text,
        time_zone text,
        attributes jsonb NOT NULL DEFAULT '{}',
        consent_personalized boolean NOT NULL,
        consent_night_time boolean NOT NULL,
        muted_advertisers text[] NOT NULL DEFAULT '{}',
        version integer NOT NULL DEFAULT 1,
        created_at timestamptz NOT NULL,
        updated_at timestamptz NOT NULL,
        CONSTRAINT profiles_pk PRIMARY KEY (user_id),
        CONSTRAINT profiles_one_birth CHECK (birth_year IS NULL OR birth_date IS NULL)
      ) PARTITION BY HASH (user_id)`);
    await runner.query(`
      CREATE TABLE audiences (
        id text CONSTRAINT audiences_pk PRIMARY KEY,
        advertiser_id text NOT NULL CONSTRAINT audiences_advertiser REFERENCES advertisers,
        name text NOT NULL,
        version integer NOT NULL DEFAULT 1,
        created_at timestamptz NOT NULL,
        updated_at timestamptz NOT NULL
      )`);
    await runner.query(`CREATE INDEX audiences_by_advertiser ON audiences (advertiser_id, id)`);
    await runner.query(`
      CREATE TABLE audience_members (
        user_id text NOT NULL,
        audience_id text NOT NULL,
        CONSTRAINT audience_members_pk PRIMARY KEY (user_id, audience_id),
        CONSTRAINT audience_members_audience FOREIGN KEY (audience_id) REFERENCES audiences ON DELETE CASCADE
      ) PARTITION BY HASH (user_id)`);
    await runner.query(`CREATE INDEX audience_members_by_audience ON audience_members (audience_id)`);
    for (const table of ['profiles', 'audience_members']) {
      for (let part = 0; part < PARTITIONS; part++) {
        await runner.query(`
          CREATE TABLE ${table}_${part} PARTITION OF ${table} FOR VALUES WITH (MODULUS ${PARTITIONS}, REMAINDER ${part})`);
      }
    }
  }

  async down(runner: QueryRunner): Promise<void> {
    await runner.query(`DROP TABLE audience_members, audiences, profiles, segments`);
  }
}
