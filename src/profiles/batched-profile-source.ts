import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import type { BirthDate } from '../core/targeting/completed-years.js';
import type { AttributeValue } from '../core/targeting/expression.js';
import { Gathering } from '../platform/gathering.js';
import type { MemberProfile } from './profiles.api.js';

/** A query of this many members takes some milliseconds; more wait for the next connection, not for one long answer. */
const MAX_MEMBERS_PER_QUERY = 500;

interface MemberRow {
  readonly user_id: string;
  readonly interests: Record<string, number>;
  readonly birth_date: string | null;
  readonly birth_year: number | null;
  readonly gender: string | null;
  readonly country: string | null;
  readonly region: string | null;
  readonly language: string | null;
  readonly time_zone: string | null;
  readonly attributes: Record<string, AttributeValue>;
  readonly consent_personalized: boolean;
  readonly consent_night_time: boolean;
  readonly muted_advertisers: string[];
  readonly audiences: string[] | null;
}

// $1 user ids. Both tables are read by their partition key.
const MEMBERS = `
  SELECT user_id, interests, birth_date::text, birth_year, gender, country, region, language, time_zone, attributes,
    consent_personalized, consent_night_time, muted_advertisers,
    (SELECT array_agg(audience_id) FROM audience_members WHERE audience_members.user_id = profiles.user_id) AS audiences
  FROM profiles WHERE user_id = ANY($1::text[])`;

/**
 * Gathers the reads that go on at the same time into one query. A read never joins a query that is already under way: it
 * could miss a profile that was written, and answered for, since that query began.
 */
@Injectable()
export class BatchedProfileSource {
  private readonly gathering = new Gathering<string, MemberProfile | null>(
    (userIds) => this.query(userIds),
    MAX_MEMBERS_PER_QUERY,
  );

  constructor(@InjectDataSource() private readonly dataSource: DataSource) {}

  read(userId: string): Promise<MemberProfile | null> {
    return this.gathering.ask(userId);
  }

  private async query(userIds: readonly string[]): Promise<readonly (MemberProfile | null)[]> {
    const rows = await this.dataSource.query<MemberRow[]>(MEMBERS, [[...new Set(userIds)]]);
    const members = new Map(rows.map((row) => [row.user_id, toMember(row)]));
    return userIds.map((userId) => members.get(userId) ?? null);
  }
}

function toMember(row: MemberRow): MemberProfile {
  return {
    userId: row.user_id,
    interests: new Map(Object.entries(row.interests)),
    birth: toBirth(row.birth_date, row.birth_year),
    gender: row.gender,
    country: row.country,
    region: row.region,
    language: row.language,
    timeZone: row.time_zone,
    attributes: new Map(Object.entries(row.attributes)),
    personalized: row.consent_personalized,
    nightTime: row.consent_night_time,
    mutedAdvertisers: new Set(row.muted_advertisers),
    audiences: new Set(row.audiences),
  };
}

function toBirth(date: string | null, year: number | null): BirthDate | null {
  if (date === null) return year === null ? null : { year };
  return { year: Number(date.slice(0, 4)), month: Number(date.slice(5, 7)), day: Number(date.slice(8, 10)) };
}
