import { performance } from 'node:perf_hooks';
import { Injectable, Logger } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource, type EntityManager } from 'typeorm';
import type { DayPartWindow } from '../../core/calendar/day-parts.js';
import { localDate } from '../../core/calendar/local-day.js';
import type { DayShape } from '../../core/pacing/day-shape.js';
import { decidePace, isMisdated, replaces } from '../../core/pacing/decide-pace.js';
import { TrafficCurve } from '../../core/pacing/traffic-curve.js';
import { Clock } from '../../platform/clock.js';
import { DayShapes } from './day-shapes.js';
import { pacedZones, type RunningCampaign, runningCampaigns } from './paced-campaigns.js';
import { type Throttle, writeThrottles } from './write-throttles.js';

/** What a step did: of so many campaigns that run evenly paced, so many got another decision. */
export interface PacingRun {
  readonly campaigns: number;
  readonly changed: number;
}

interface LastStepRow {
  readonly run_at: Date | null;
  readonly present_ms: number;
}

/** A curve a zone, day and set of windows; days come anew, and some hundreds of sets are in use at a time. */
const MOST_CURVES = 2_000;

/**
 * One step of the pacing of all campaigns: reads what they have spent, decides, writes what changed; in one transaction that
 * holds the one row of `pacing_runs`. So steps are made one after the other however many processes ask for them, each at
 * a later time than the one before, and one that dies leaves nothing behind. Only a step that was dated more than a minute
 * ahead, by the clocks of this process and of Postgres, does not hold back those that follow.
 */
@Injectable()
export class PacingStep {
  private readonly logger = new Logger(PacingStep.name);
  private readonly curves = new Map<string, TrafficCurve>();

  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly shapes: DayShapes,
    private readonly clock: Clock,
  ) {}

  /** The step as of `now`; null where one was made at a later time, or at the same. */
  run(now: number): Promise<PacingRun | null> {
    return this.runIf(now, (lastStepMs) => lastStepMs < now);
  }

  /** As `run`, but made also where one was made at the same time: what was spent since counts. */
  runAgain(now: number): Promise<PacingRun | null> {
    return this.runIf(now, (lastStepMs) => lastStepMs <= now);
  }

  private runIf(now: number, isDue: (lastStepMs: number) => boolean): Promise<PacingRun | null> {
    const tick = performance.now();
    return this.dataSource.transaction(async (tx) => {
      const [last] = await tx.query<LastStepRow[]>(
        `SELECT run_at, (extract(epoch FROM clock_timestamp()) * 1000)::float8 AS present_ms FROM pacing_runs FOR UPDATE`,
      );
      const lastStepMs = last?.run_at?.getTime() ?? null;
      // While it waited for its turn, others were made that are later without any fault.
      const latestMs = now + (performance.now() - tick);
      // Where this clock is behind, the step is right by that of Postgres, which knows nothing of simulated time.
      const presentMs = this.clock.simulated ? latestMs : Math.max(latestMs, last?.present_ms ?? latestMs);
      const wasMisdated = lastStepMs !== null && isMisdated(lastStepMs, presentMs);
      if (lastStepMs !== null && !wasMisdated && !isDue(lastStepMs)) return null;
      if (wasMisdated) await this.takeBack(tx, lastStepMs, now);
      await tx.query('UPDATE pacing_runs SET run_at = $1', [new Date(now)]);
      return this.paceAll(tx, now, wasMisdated ? null : lastStepMs);
    });
  }

  /** Forgets the shapes and curves that the misdated step made; `decidePace` puts its decisions right. */
  private async takeBack(tx: EntityManager, lastStepMs: number, now: number): Promise<void> {
    this.logger.warn({ msg: 'the last step of pacing was dated ahead of this clock', aheadMs: lastStepMs - now });
    this.curves.clear();
    await this.shapes.takeBack(tx, now);
  }

  private async paceAll(tx: EntityManager, now: number, lastStepMs: number | null): Promise<PacingRun> {
    const zones = await pacedZones(tx, now);
    const shapes = await this.shapes.today(tx, zones, now);
    const campaigns = await runningCampaigns(tx, zones, now);
    const throttles: Throttle[] = [];
    for (const campaign of campaigns) {
      const shape = shapes.get(campaign.terms.timeZone);
      // A zone of the advertiser's that was edited between the two readings: the next step has its shape.
      if (shape === undefined) continue;
      const curve = this.curveOf(campaign, shape, now);
      const decision = decidePace(campaign.previous, { ...campaign, curve }, now, lastStepMs);
      if (decision !== null && replaces(decision, campaign.previous)) {
        throttles.push({ campaignId: campaign.id, decision });
      }
    }
    await writeThrottles(tx, throttles);
    return { campaigns: campaigns.length, changed: throttles.length };
  }

  private curveOf({ terms: { timeZone }, windows }: RunningCampaign, shape: DayShape, now: number): TrafficCurve {
    const key = `${timeZone} ${localDate(now, timeZone)} ${windowsKey(windows)}`;
    const known = this.curves.get(key);
    if (known !== undefined) return known;
    if (this.curves.size >= MOST_CURVES) this.curves.clear();
    const curve = new TrafficCurve(timeZone, shape, windows);
    this.curves.set(key, curve);
    return curve;
  }
}

function windowsKey(windows: readonly DayPartWindow[] | null): string {
  return windows === null ? '' : JSON.stringify(windows);
}
