import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { parseInstant } from '../platform/http/fields.js';
import { MAX_INTERESTS } from './profile-limits.js';
import { ProfileChanges } from './profile-changes.js';
import { SegmentCatalogue } from './profiles.api.js';
import type { Signal, SignalFault } from './signal-schema.js';

/**
 * How far the strongest signal moves a weight towards 1. With a tenth, seven strong signals make a new interest a weight
 * above 0.5, and no single one outweighs what the chat backend states in a profile.
 */
export const SIGNAL_GAIN = 0.1;

/** A signal says what a member does now; one that comes later than this is refused. */
const MAX_SIGNAL_AGE_MS = 7 * 86_400_000;
/** How far the clocks of two servers may be apart. */
const MAX_CLOCK_LEAD_MS = 5 * 60_000;

export interface SignalVerdict {
  readonly status: 'accepted' | 'rejected';
  readonly code?: SignalFault;
}

interface MemberRow {
  readonly user_id: string;
  readonly outcome: 'raised' | 'no_consent' | 'too_many_interests';
}

// $1 user ids, $2 segments and $3 the part of (1 - weight) that is left, pair by pair; $4 now; $5 most interests. Rows are
// locked by user id, as uploads lock them; what is read from a locked row is its latest state.
const RAISE = `
  WITH asked AS (
    SELECT * FROM unnest($1::text[], $2::text[], $3::float8[]) AS given (user_id, segment, remaining)
  ), members AS MATERIALIZED (
    SELECT user_id, interests, consent_personalized FROM profiles WHERE user_id = ANY($1::text[]) ORDER BY user_id FOR UPDATE
  ), wanted AS MATERIALIZED (
    SELECT user_id, interests || jsonb_object_agg(segment,
      round((1 - (1 - coalesce((interests ->> segment)::float8, 0)) * remaining)::numeric, 6)) AS interests
    FROM asked JOIN members USING (user_id)
    WHERE consent_personalized
    GROUP BY user_id, interests
  ), raised AS (
    UPDATE profiles SET interests = wanted.interests, version = version + 1, updated_at = $4
    FROM wanted
    WHERE profiles.user_id = wanted.user_id AND profiles.user_id = ANY($1::text[])
      AND (SELECT count(*) FROM jsonb_object_keys(wanted.interests)) <= $5
    RETURNING profiles.user_id
  )
  SELECT user_id, CASE
    WHEN NOT consent_personalized THEN 'no_consent'
    WHEN user_id IN (SELECT user_id FROM raised) THEN 'raised'
    ELSE 'too_many_interests' END AS outcome
  FROM members`;

/** Behavioural signals: each raises the weight of one interest of a member who agreed to personalised messages. */
@Injectable()
export class SignalsService {
  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly segments: SegmentCatalogue,
    private readonly changes: ProfileChanges,
  ) {}

  /** The verdicts in the order of the signals. Signals for one interest of one member add up in any order. */
  async take(signals: readonly Signal[], now: number): Promise<readonly SignalVerdict[]> {
    const timely = signals.filter(({ at }) => isTimely(at, now));
    const unknown = new Set(await this.segments.missing(timely.map(({ segment }) => segment)));
    const outcomes = await this.raise(
      timely.filter(({ segment }) => !unknown.has(segment)),
      now,
    );
    return signals.map(({ userId, segment, at }) => {
      if (!isTimely(at, now)) return rejected('invalid_time');
      if (unknown.has(segment)) return rejected('unknown_segment');
      const outcome = outcomes.get(userId) ?? 'unknown_member';
      return outcome === 'raised' ? { status: 'accepted' } : rejected(outcome);
    });
  }

  private async raise(signals: readonly Signal[], now: number): Promise<ReadonlyMap<string, MemberRow['outcome']>> {
    if (signals.length === 0) return new Map();
    const pairs = addUp(signals);
    const rows = await this.dataSource.query<MemberRow[]>(RAISE, [
      pairs.map(({ userId }) => userId),
      pairs.map(({ segment }) => segment),
      pairs.map(({ remaining }) => remaining),
      new Date(now),
      MAX_INTERESTS,
    ]);
    this.changes.announce(rows.map(({ user_id }) => user_id));
    return new Map(rows.map(({ user_id, outcome }) => [user_id, outcome]));
  }
}

function isTimely(at: string | undefined, now: number): boolean {
  if (at === undefined) return true;
  const time = parseInstant(at);
  return time !== null && time >= now - MAX_SIGNAL_AGE_MS && time <= now + MAX_CLOCK_LEAD_MS;
}

function rejected(code: SignalFault): SignalVerdict {
  return { status: 'rejected', code };
}

interface Raise {
  readonly userId: string;
  readonly segment: string;
  /** What the signals leave of the way from the weight to 1: the product of 1 - strength × gain. */
  readonly remaining: number;
}

function addUp(signals: readonly Signal[]): Raise[] {
  const pairs = new Map<string, Raise>();
  for (const { userId, segment, strength } of signals) {
    // A space stands in neither id.
    const key = `${userId} ${segment}`;
    const remaining = (pairs.get(key)?.remaining ?? 1) * (1 - strength * SIGNAL_GAIN);
    pairs.set(key, { userId, segment, remaining });
  }
  return [...pairs.values()];
}
