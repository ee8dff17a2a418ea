import type { EntityManager } from 'typeorm';
import { type DayPartWindow, type DayPartsWire, parseDayParts } from '../../core/calendar/day-parts.js';
import { localDate, localDayStart, nextLocalDayStart } from '../../core/calendar/local-day.js';
import type { PaceDecision } from '../../core/pacing/decide-pace.js';
import type { PacedTerms } from '../../core/pacing/paced-plan.js';

/** An evenly paced campaign that runs now, and the decision that stands. Money in micros. */
export interface RunningCampaign {
  readonly id: string;
  readonly terms: PacedTerms;
  /** Outside of them none of its ad groups serves; null: at all hours. */
  readonly windows: readonly DayPartWindow[] | null;
  readonly priceMicros: number;
  readonly spentMicros: number;
  readonly spentTodayMicros: number;
  readonly previous: PaceDecision | null;
}

/** Zones in which an evenly paced campaign runs. `now`: $1. */
export async function pacedZones(tx: EntityManager, now: number): Promise<readonly string[]> {
  const rows = await tx.query<{ time_zone: string }[]>(
    `SELECT DISTINCT a.time_zone FROM campaigns c JOIN advertisers a ON a.id = c.advertiser_id WHERE ${RUNS}`,
    [new Date(now)],
  );
  return rows.map((row) => row.time_zone);
}

/** Active, even, within its schedule at $1, with a budget that can be spread (`hasPlan`), and with an ad group. */
const RUNS = `
  c.status = 'active' AND c.pacing = 'even' AND c.starts_at <= $1 AND (c.ends_at IS NULL OR c.ends_at > $1)
  AND (c.daily_budget_micros IS NOT NULL OR (c.total_budget_micros IS NOT NULL AND c.ends_at IS NOT NULL))`;

/**
 * All of them in one statement, so that spend which is settled meanwhile is seen once: as accepted or as settled. What is
 * accepted and not settled yet counts as spent, or a settlement that is behind would look like a campaign that is. Batches
 * that wait and those that are parked each have an index; both at once, as "not settled", have none.
 * Parameters: $1 now, $2 zones, $3 the local date in each, $4 and $5 when that day begins and ends: Postgres may not know each
 * zone that is known here.
 */
const READ_SQL = `
  WITH paced AS (
    SELECT c.id, a.time_zone, zones.today, zones.day_starts, zones.day_ends,
           c.starts_at, c.ends_at, c.daily_budget_micros, c.total_budget_micros
    FROM campaigns c JOIN advertisers a ON a.id = c.advertiser_id
    JOIN unnest($2::text[], $3::date[], $4::timestamptz[], $5::timestamptz[]) AS zones (name, today, day_starts, day_ends)
      ON zones.name = a.time_zone
    WHERE ${RUNS}
  ), unsettled AS (
    SELECT id FROM event_batches WHERE settled_at IS NULL AND parked_at IS NULL
    UNION ALL
    SELECT id FROM event_batches WHERE parked_at IS NOT NULL
  ), spent AS (
    SELECT campaign_id, sum(micros) AS in_all, sum(micros) FILTER (WHERE is_today) AS today
    FROM (
      SELECT s.campaign_id, s.spent_micros AS micros, s.day = p.today AS is_today
      FROM daily_spend s JOIN paced p ON p.id = s.campaign_id
      UNION ALL
      SELECT e.campaign_id, e.price_micros, e.occurred_at >= p.day_starts AND e.occurred_at < p.day_ends
      FROM unsettled b JOIN events e ON e.batch_id = b.id JOIN paced p ON p.id = e.campaign_id
      WHERE e.price_micros > 0
    ) AS amounts
    GROUP BY campaign_id
  ), offers AS (
    SELECT g.campaign_id, max(CASE g.bid_model WHEN 'cpm' THEN greatest(g.bid_micros / 1000, 1) ELSE g.bid_micros END) AS price,
           bool_or(g.bid_model = 'cpc') AS pays_clicks,
           CASE WHEN bool_and(g.day_parts IS NOT NULL) THEN json_agg(g.day_parts) END AS day_parts
    FROM ad_groups g JOIN paced p ON p.id = g.campaign_id GROUP BY g.campaign_id
  )
  SELECT p.id, p.time_zone, p.starts_at, p.ends_at, p.daily_budget_micros, p.total_budget_micros, o.price, o.pays_clicks, o.day_parts,
         coalesce(s.in_all, 0)::float8 AS spent_in_all, coalesce(s.today, 0)::float8 AS spent_today, t.*
  FROM paced p JOIN offers o ON o.campaign_id = p.id
  LEFT JOIN spent s ON s.campaign_id = p.id LEFT JOIN pacing_throttles t ON t.campaign_id = p.id
  ORDER BY p.id`;

interface ThrottleColumns {
  /** Null, as all others are then: no decision was made yet. */
  readonly campaign_id: string | null;
  readonly pass_share: number;
  readonly rank_factor: number;
  readonly planned_micros: number;
  readonly spent_micros: number;
  readonly spent_in_all_micros: number;
  readonly plan_starts_at: Date;
  readonly plan_ends_at: Date;
  readonly plan_budget_micros: number;
  readonly plan_from_at: Date;
  readonly plan_from_micros: number;
  readonly seen_micros: number;
  readonly seen_exposure: number;
  readonly recent_micros: number;
  readonly recent_exposure: number;
  readonly quiet_exposure: number;
  readonly decided_at: Date;
}

interface PacedRow extends ThrottleColumns {
  readonly id: string;
  readonly time_zone: string;
  readonly starts_at: Date;
  readonly ends_at: Date | null;
  readonly daily_budget_micros: number | null;
  readonly total_budget_micros: number | null;
  readonly price: number;
  readonly pays_clicks: boolean;
  readonly day_parts: readonly DayPartsWire[] | null;
  readonly spent_in_all: number;
  readonly spent_today: number;
}

/** In the order of their ids. */
export async function runningCampaigns(
  tx: EntityManager,
  timeZones: readonly string[],
  now: number,
): Promise<readonly RunningCampaign[]> {
  const days = timeZones.map((zone) => localDate(now, zone));
  const starts = timeZones.map((zone) => new Date(localDayStart(now, zone)));
  const ends = timeZones.map((zone) => new Date(nextLocalDayStart(now, zone)));
  const rows = await tx.query<PacedRow[]>(READ_SQL, [new Date(now), timeZones, days, starts, ends]);
  return rows.map((row) => ({
    id: row.id,
    terms: {
      timeZone: row.time_zone,
      startsAt: row.starts_at.getTime(),
      endsAt: row.ends_at?.getTime() ?? null,
      dailyMicros: row.daily_budget_micros,
      totalMicros: row.total_budget_micros,
      paysClicks: row.pays_clicks,
    },
    windows: row.day_parts === null ? null : row.day_parts.flatMap(windowsOf),
    priceMicros: row.price,
    spentMicros: row.spent_in_all,
    spentTodayMicros: row.spent_today,
    previous: row.campaign_id === null ? null : toDecision(row),
  }));
}

/** By the advertiser's clock also where the member's counts: most members live in the advertiser's zone. */
function windowsOf(wire: DayPartsWire): readonly DayPartWindow[] {
  const result = parseDayParts(wire);
  return result.ok ? result.dayParts.windows : [];
}

function toDecision(row: ThrottleColumns): PaceDecision {
  return {
    decidedAt: row.decided_at.getTime(),
    pace: {
      passShare: row.pass_share,
      spentMicros: row.seen_micros,
      exposure: row.seen_exposure,
      recentMicros: row.recent_micros,
      recentExposure: row.recent_exposure,
      quietExposure: row.quiet_exposure,
    },
    plan: {
      startMs: row.plan_starts_at.getTime(),
      endMs: row.plan_ends_at.getTime(),
      budgetMicros: row.plan_budget_micros,
      fromMs: row.plan_from_at.getTime(),
      fromMicros: row.plan_from_micros,
    },
    rankFactor: row.rank_factor,
    plannedMicros: row.planned_micros,
    spentMicros: row.spent_micros,
    spentInAllMicros: row.spent_in_all_micros,
  };
}
