import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource, type EntityManager } from 'typeorm';
import type { ProfileFields, StoredProfile } from './interest-profile.js';
import { ProfileChanges } from './profile-changes.js';

/** A profile as `UPSERT` takes it: what is JSON in the table is JSON already, advertisers are joined by commas. */
export interface EncodedProfile {
  readonly userId: string;
  readonly interests: string;
  readonly birthDate: string | null;
  readonly birthYear: number | null;
  readonly gender: string | null;
  readonly country: string | null;
  readonly region: string | null;
  readonly language: string | null;
  readonly timeZone: string | null;
  readonly attributes: string;
  readonly personalized: boolean;
  readonly nightTime: boolean;
  readonly mutedAdvertisers: string;
}

interface ProfileRow {
  readonly user_id: string;
  readonly interests: Record<string, number>;
  readonly birth_date: string | null;
  readonly birth_year: number | null;
  readonly gender: string | null;
  readonly country: string | null;
  readonly region: string | null;
  readonly language: string | null;
  readonly time_zone: string | null;
  readonly attributes: Record<string, string | number | boolean>;
  readonly consent_personalized: boolean;
  readonly consent_night_time: boolean;
  readonly muted_advertisers: string[];
  readonly version: number;
  readonly created_at: Date;
  readonly updated_at: Date;
}

// A date as text: the driver would make it midnight of this process's time zone.
const COLUMNS = `user_id, interests, birth_date::text, birth_year, gender, country, region, language, time_zone, attributes,
  consent_personalized, consent_night_time, muted_advertisers, version, created_at, updated_at`;

// $1 user ids (each once), $2 to $13 the columns in the order below (muted advertisers joined by commas), $14 now. Rows go
// in by user id, so that two uploads of the same members wait for each other and never deadlock.
const UPSERT = `
  INSERT INTO profiles (user_id, interests, birth_date, birth_year, gender, country, region, language, time_zone, attributes,
    consent_personalized, consent_night_time, muted_advertisers, created_at, updated_at)
  SELECT user_id, interests::jsonb, birth_date, birth_year, gender, country, region, language, time_zone, attributes::jsonb,
    personalized, night_time, string_to_array(muted, ','), $14, $14
  FROM unnest($1::text[], $2::text[], $3::date[], $4::smallint[], $5::text[], $6::text[], $7::text[], $8::text[], $9::text[],
    $10::text[], $11::boolean[], $12::boolean[], $13::text[])
    AS given (user_id, interests, birth_date, birth_year, gender, country, region, language, time_zone, attributes,
      personalized, night_time, muted)
  ORDER BY user_id
  ON CONFLICT (user_id) DO UPDATE SET
    interests = excluded.interests, birth_date = excluded.birth_date, birth_year = excluded.birth_year,
    gender = excluded.gender, country = excluded.country, region = excluded.region, language = excluded.language,
    time_zone = excluded.time_zone, attributes = excluded.attributes,
    consent_personalized = excluded.consent_personalized, consent_night_time = excluded.consent_night_time,
    muted_advertisers = excluded.muted_advertisers, version = profiles.version + 1, updated_at = excluded.updated_at`;

/** Profiles in Postgres. */
@Injectable()
export class ProfileStore {
  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly changes: ProfileChanges,
  ) {}

  /** For work that changes this member. */
  async transaction<T>(userId: string, work: (tx: EntityManager) => Promise<T>): Promise<T> {
    const result = await this.dataSource.transaction(work);
    this.changes.announce([userId]);
    return result;
  }

  async find(userId: string): Promise<StoredProfile | null> {
    const rows = await this.dataSource.query<ProfileRow[]>(`SELECT ${COLUMNS} FROM profiles WHERE user_id = $1`, [
      userId,
    ]);
    return rows[0] === undefined ? null : toStored(rows[0]);
  }

  /** Holds the row until the transaction ends. */
  async lock(tx: EntityManager, userId: string): Promise<StoredProfile | null> {
    const rows = await tx.query<ProfileRow[]>(`SELECT ${COLUMNS} FROM profiles WHERE user_id = $1 FOR UPDATE`, [
      userId,
    ]);
    return rows[0] === undefined ? null : toStored(rows[0]);
  }

  /** Creates the profile (then its version is 1) or replaces it. */
  async put(
    { userId, profile }: { readonly userId: string; readonly profile: ProfileFields },
    now: number,
    tx?: EntityManager,
  ): Promise<StoredProfile> {
    const rows = await (tx ?? this.dataSource).query<{ version: number; created_at: Date }[]>(
      `${UPSERT} RETURNING version, created_at`,
      upsertParameters([encodeProfile(userId, profile)], now),
    );
    if (tx === undefined) this.changes.announce([userId]);
    const { version, created_at } = rows[0] as { version: number; created_at: Date };
    return { ...profile, userId, version, createdAt: created_at.getTime(), updatedAt: now };
  }

  /** Creates or replaces many profiles at once, all or none; no member may stand there twice. */
  async putAll(profiles: readonly EncodedProfile[], now: number): Promise<void> {
    await this.dataSource.query(UPSERT, upsertParameters(profiles, now));
    this.changes.announce(profiles.map(({ userId }) => userId));
  }

  /** Erases all that is kept of the member here: the profile and the places in audiences. */
  async erase(userId: string): Promise<void> {
    await this.dataSource.query(
      `WITH left_audiences AS (DELETE FROM audience_members WHERE user_id = $1)
       DELETE FROM profiles WHERE user_id = $1`,
      [userId],
    );
    this.changes.announce([userId]);
  }
}

export function encodeProfile(userId: string, profile: ProfileFields): EncodedProfile {
  return {
    userId,
    interests: JSON.stringify(profile.interests),
    birthDate: profile.birthDate,
    birthYear: profile.birthYear,
    gender: profile.gender,
    country: profile.country,
    region: profile.region,
    language: profile.language,
    timeZone: profile.timeZone,
    attributes: JSON.stringify(profile.attributes),
    personalized: profile.consent.personalized,
    nightTime: profile.consent.nightTime,
    mutedAdvertisers: profile.mutedAdvertisers.join(','),
  };
}

function upsertParameters(profiles: readonly EncodedProfile[], now: number): unknown[] {
  const column = <K extends keyof EncodedProfile>(key: K): EncodedProfile[K][] =>
    profiles.map((profile) => profile[key]);
  return [
    column('userId'),
    column('interests'),
    column('birthDate'),
    column('birthYear'),
    column('gender'),
    column('country'),
    column('region'),
    column('language'),
    column('timeZone'),
    column('attributes'),
    column('personalized'),
    column('nightTime'),
    column('mutedAdvertisers'),
    new Date(now),
  ];
}

function toStored(row: ProfileRow): StoredProfile {
  return {
    userId: row.user_id,
    interests: row.interests,
    birthDate: row.birth_date,
    birthYear: row.birth_year,
    gender: row.gender,
    country: row.country,
    region: row.region,
    language: row.language,
    timeZone: row.time_zone,
    attributes: row.attributes,
    consent: { personalized: row.consent_personalized, nightTime: row.consent_night_time },
    mutedAdvertisers: row.muted_advertisers,
    version: row.version,
    createdAt: row.created_at.getTime(),
    updatedAt: row.updated_at.getTime(),
  };
}
