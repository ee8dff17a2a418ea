import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { cautiousCtr } from '../../core/pacing/cautious-ctr.js';
import { PRIOR_CTR, predictCtr } from '../../core/scoring/score.js';
import { Clock } from '../../platform/clock.js';
import { inSlices } from '../../platform/in-slices.js';
import { PollLoop } from '../../platform/poll-loop.js';

const PAUSE_MS = 60_000;
const HOUR_MS = 3_600_000;
const DAY_MS = 24 * HOUR_MS;
/** What is older no longer tells how an ad group appeals today. */
const WINDOW_DAYS = 30;
/** Nearly all events are settled within minutes; those of older rows are seen by the next day's reading. */
const OPEN_MS = 2 * HOUR_MS;
/** A prediction that moved by less would not repay moving its ad group in the index. */
const LEAST_CHANGE = 0.01;

/** Ad groups in one answer of Postgres: about a millisecond of parsing. */
const PAGE = 1_000;

/**
 * Impressions and clicks of each ad group in the buckets from $1 on and before $2 ('infinity': all later ones). A range of
 * the primary key; no range is longer than a day.
 */
export const DECLARE_SQL = `
  DECLARE counts NO SCROLL CURSOR FOR
  SELECT ad_group_id, sum(impressions)::bigint AS impressions, sum(clicks)::bigint AS clicks
  FROM report_rows WHERE bucket_at >= $1 AND bucket_at < $2
  GROUP BY ad_group_id`;

interface CountsRow {
  readonly ad_group_id: string;
  readonly impressions: number;
  readonly clicks: number;
}

interface Counts {
  readonly impressions: number;
  readonly clicks: number;
}

/** Sums of the window's rows before `until`, which are not expected to change any more. */
interface Closed {
  readonly day: number;
  readonly until: number;
  readonly counts: Map<string, Counts>;
}

/** Takes the ad groups whose predicted CTR has changed. */
export type CtrFollower = (adGroupIds: readonly string[]) => Promise<void>;

const UNKNOWN_CTR = cautiousCtr(0, 0);
const NONE: Counts = { impressions: 0, clicks: 0 };

/**
 * The predicted CTR of each ad group, by the impressions and clicks of the last 30 days as the report rows tell them. Each
 * poll reads the last hours; what is older is kept as sums, which grow by the hour and are read anew each UTC day, so
 * that they follow the window and take in what was settled late.
 */
@Injectable()
export class CtrBook implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly loop = new PollLoop('CtrBook', PAUSE_MS, () => this.refresh());
  private readonly followers: CtrFollower[] = [];
  /** Of ad groups whose prediction is not that of a newcomer. */
  private readonly predictions = new Map<string, number>();
  /** Of all that were shown lately. */
  private readonly cautious = new Map<string, number>();
  private closed: Closed | null = null;
  private refreshing: Promise<void> | null = null;

  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly clock: Clock,
  ) {}

  async onApplicationBootstrap(): Promise<void> {
    await this.refresh();
    this.loop.start();
  }

  async onApplicationShutdown(): Promise<void> {
    await this.loop.stop();
  }

  /** Clicks expected for one impression, bounded as `predictCtr` bounds it; the prior of an ad group that is not known. */
  ctrOf(adGroupId: string): number {
    return this.predictions.get(adGroupId) ?? PRIOR_CTR;
  }

  /** What money is kept by: see `cautiousCtr`. At least what is predicted. */
  cautiousCtrOf(adGroupId: string): number {
    return Math.max(this.ctrOf(adGroupId), this.cautious.get(adGroupId) ?? UNKNOWN_CTR);
  }

  /** Called after each poll, which ends once the follower is done. */
  onChange(follower: CtrFollower): void {
    this.followers.push(follower);
  }

  /** Reads the report rows as they are now, unless that is under way. */
  refresh(): Promise<void> {
    this.refreshing ??= this.read().finally(() => {
      this.refreshing = null;
    });
    return this.refreshing;
  }

  private async read(): Promise<void> {
    const now = this.clock.now();
    const openFrom = Math.floor(now / HOUR_MS) * HOUR_MS - OPEN_MS;
    const closed = await this.close(Math.floor(now / DAY_MS), openFrom);
    const open = new Map<string, Counts>();
    await this.addCounts(open, openFrom, 'infinity');
    const changed: string[] = [];
    await inSlices(this.predict(closed, open, changed));
    for (const follower of this.followers) await follower(changed);
  }

  /** Anew on another day, and where simulated time has gone back. */
  private async close(day: number, openFrom: number): Promise<ReadonlyMap<string, Counts>> {
    const known = this.closed;
    const isOfUse = known !== null && known.day === day && known.until <= openFrom;
    const counts = isOfUse ? known.counts : new Map<string, Counts>();
    let until = isOfUse ? known.until : (day - WINDOW_DAYS) * DAY_MS;
    while (until < openFrom) {
      const next = Math.min(until + DAY_MS, openFrom);
      await this.addCounts(counts, until, new Date(next));
      until = next;
    }
    this.closed = { day, until, counts };
    return counts;
  }

  /** Adds all of them or, when they can't be read, none. Few at a time, since each answer is parsed in one go. */
  private async addCounts(counts: Map<string, Counts>, from: number, until: Date | 'infinity'): Promise<void> {
    const pages: (readonly CountsRow[])[] = [];
    await this.dataSource.transaction(async (tx) => {
      await tx.query(DECLARE_SQL, [new Date(from), until]);
      let page: readonly CountsRow[];
      do {
        page = await tx.query<CountsRow[]>(`FETCH ${PAGE} FROM counts`);
        pages.push(page);
      } while (page.length === PAGE);
    });
    await inSlices(add(pages, counts));
  }

  /** Adds to `changed` the ad groups whose prediction is another one now; yields after each that is judged. */
  private *predict(
    closed: ReadonlyMap<string, Counts>,
    open: ReadonlyMap<string, Counts>,
    changed: string[],
  ): Generator<undefined, void> {
    const { predictions, cautious } = this;
    function* adGroupIds(): Iterable<string> {
      yield* cautious.keys();
      for (const counts of [closed, open]) for (const id of counts.keys()) if (!cautious.has(id)) yield id;
    }
    for (const id of adGroupIds()) {
      const known = this.ctrOf(id);
      const { impressions, clicks } = sum(closed.get(id), open.get(id));
      const predicted = predictCtr(impressions, clicks);
      if (impressions === 0 && clicks === 0) {
        predictions.delete(id);
        cautious.delete(id);
      } else {
        if (isFarFrom(known, predicted)) predictions.set(id, predicted);
        cautious.set(id, cautiousCtr(impressions, clicks));
      }
      if (this.ctrOf(id) !== known) changed.push(id);
      yield;
    }
  }
}

function* add(pages: readonly (readonly CountsRow[])[], counts: Map<string, Counts>): Generator<undefined, void> {
  for (const rows of pages) {
    for (const row of rows) {
      counts.set(row.ad_group_id, sum(counts.get(row.ad_group_id), row));
      yield;
    }
  }
}

function isFarFrom(known: number, predicted: number): boolean {
  return Math.abs(predicted - known) > known * LEAST_CHANGE;
}

function sum(one: Counts = NONE, other: Counts = NONE): Counts {
  return { impressions: one.impressions + other.impressions, clicks: one.clicks + other.clicks };
}
