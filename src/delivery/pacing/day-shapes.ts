import { Injectable } from '@nestjs/common';
import type { EntityManager } from 'typeorm';
import { localDate, localDayStart, localWeekdayAndMinute } from '../../core/calendar/local-day.js';
import { type DayShape, learnDayShape, QUARTER_MS, QUARTERS_A_DAY } from '../../core/pacing/day-shape.js';

const DAY_MS = 24 * 3_600_000;
/** A week, so that each day of it counts once. */
const LEARNED_DAYS = 7;
const KEPT_DAYS = LEARNED_DAYS + 2;
/** Nearly all events of a quarter are settled so long after it; a few that are missing do not change a shape. */
const OPEN_MS = 2 * QUARTER_MS;

/**
 * The shape of a zone's local day, as the report rows of the days before show it: learned when the day is asked for first,
 * and kept, so that the day's plans do not move. Report rows are added up once a quarter of an hour, whatever the number
 * of zones.
 */
@Injectable()
export class DayShapes {
  /** Shapes of the current local day of each zone. Runs in the transaction of a step, which only one has at a time. */
  async today(tx: EntityManager, timeZones: readonly string[], now: number): Promise<ReadonlyMap<string, DayShape>> {
    const days = timeZones.map((zone) => localDate(now, zone));
    const rows = await tx.query<{ time_zone: string; weights: number[] }[]>(
      `SELECT time_zone, weights FROM day_shapes
       JOIN unnest($1::text[], $2::date[]) AS wanted (zone, day) ON time_zone = zone AND day_shapes.day = wanted.day`,
      [timeZones, days],
    );
    const shapes = new Map<string, DayShape>(rows.map((row) => [row.time_zone, row.weights]));
    const missing = timeZones.filter((zone) => !shapes.has(zone));
    if (missing.length === 0) return shapes;
    await this.gather(tx, now);
    for (const zone of missing) shapes.set(zone, await this.learn(tx, zone, now));
    return shapes;
  }

  /**
   * After a step that was dated ahead: shapes of days that have not begun are forgotten, and the traffic is to be gathered
   * anew, from quarters that were not over then, or whose sums were deleted as too old.
   */
  async takeBack(tx: EntityManager, now: number): Promise<void> {
    const zones = await tx.query<{ time_zone: string }[]>('SELECT DISTINCT time_zone FROM day_shapes');
    const names = zones.map((row) => row.time_zone);
    await tx.query(
      `DELETE FROM day_shapes USING unnest($1::text[], $2::date[]) AS today (zone, day)
       WHERE time_zone = today.zone AND day_shapes.day > today.day`,
      [names, names.map((zone) => localDate(now, zone))],
    );
    await tx.query('UPDATE pacing_runs SET traffic_until = NULL');
  }

  /** Adds up the quarters that are over since the last time: a range of the primary key of `report_rows`, read once. */
  private async gather(tx: EntityManager, now: number): Promise<void> {
    const until = Math.floor((now - OPEN_MS) / QUARTER_MS) * QUARTER_MS;
    const [run] = await tx.query<{ traffic_until: Date | null }[]>('SELECT traffic_until FROM pacing_runs');
    let from = Math.max(run?.traffic_until?.getTime() ?? 0, until - KEPT_DAYS * DAY_MS);
    while (from < until) {
      const next = Math.min(from + DAY_MS, until);
      await tx.query(
        `INSERT INTO market_traffic (bucket_at, impressions)
         SELECT bucket_at, sum(impressions) FROM report_rows
         WHERE bucket_at >= $1 AND bucket_at < $2 AND impressions > 0 GROUP BY bucket_at
         ON CONFLICT (bucket_at) DO UPDATE SET impressions = excluded.impressions`,
        [new Date(from), new Date(next)],
      );
      from = next;
    }
    await tx.query('UPDATE pacing_runs SET traffic_until = $1', [new Date(until)]);
    await tx.query('DELETE FROM market_traffic WHERE bucket_at < $1', [new Date(until - KEPT_DAYS * DAY_MS)]);
    await tx.query('DELETE FROM day_shapes WHERE day < $1', [new Date(until - KEPT_DAYS * DAY_MS)]);
  }

  private async learn(tx: EntityManager, zone: string, now: number): Promise<DayShape> {
    const start = localDayStart(now, zone);
    const buckets = await tx.query<{ bucket_at: Date; impressions: number }[]>(
      'SELECT bucket_at, impressions FROM market_traffic WHERE bucket_at >= $1 AND bucket_at < $2',
      [new Date(start - LEARNED_DAYS * DAY_MS), new Date(start)],
    );
    const traffic = Array.from({ length: QUARTERS_A_DAY }, () => ({ impressions: 0, days: 0 }));
    for (const { bucket_at, impressions } of buckets) {
      const { minute } = localWeekdayAndMinute(bucket_at.getTime(), zone);
      const quarter = traffic[Math.floor((minute * 60_000) / QUARTER_MS)];
      if (quarter === undefined) continue;
      quarter.impressions += impressions;
      quarter.days += 1;
    }
    const shape = learnDayShape(traffic);
    await tx.query('INSERT INTO day_shapes (time_zone, day, weights) VALUES ($1, $2, $3)', [
      zone,
      localDate(now, zone),
      shape,
    ]);
    return shape;
  }
}
