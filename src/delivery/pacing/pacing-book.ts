import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import type { AdGroupRecord } from '../../core/index/ad-group-record.js';
import type { Pacing } from '../../core/index/match-request.js';
import { hasPlan } from '../../core/pacing/paced-plan.js';
import { FIRST_PASS_SHARE } from '../../core/pacing/pass-share.js';
import { HORIZON_SQL } from '../../platform/database/horizon.js';
import { Listener } from '../../platform/database/listener.js';
import { RUNTIME_CONFIG, type RuntimeConfig } from '../../platform/platform.module.js';
import { PollLoop } from '../../platform/poll-loop.js';

/** The safety net: a change whose notification got lost is seen this late. */
const POLL_PAUSE_MS = 500;

/** Of a campaign that no step has seen yet: little enough that its day is not spent before one does. */
const NEWCOMER: Pacing = { passShare: FIRST_PASS_SHARE, rankFactor: 1 };
const NOT_PACED: Pacing = { passShare: 1, rankFactor: 1 };

interface PacingRow {
  readonly campaign_id: string;
  readonly pass_share: number;
  readonly rank_factor: number;
}

/**
 * The decisions of pacing as they are in Postgres, for matching to ask in memory: read at start, then each change by
 * notification and by a poll, both in the one way in which campaigns are followed. Where none is made any more (no worker
 * runs), the last ones stand: a constant share follows the traffic, and the budgets are kept by others.
 */
@Injectable()
export class PacingBook implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly loop = new PollLoop('PacingBook', POLL_PAUSE_MS, () => this.refresh());
  private readonly listener: Listener;
  private readonly followers: ((campaignIds: readonly string[]) => void)[] = [];
  private readonly byCampaign = new Map<string, Pacing>();
  private horizon = '0';
  private reading: Promise<void> = Promise.resolve();

  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    @Inject(RUNTIME_CONFIG) { databaseUrl }: RuntimeConfig,
  ) {
    this.listener = new Listener({
      databaseUrl,
      channel: 'pacing_changed',
      onNotification: () => this.loop.trigger(),
      onConnected: () => this.loop.trigger(),
    });
  }

  async onApplicationBootstrap(): Promise<void> {
    await this.refresh();
    this.loop.start();
    this.listener.start();
  }

  async onApplicationShutdown(): Promise<void> {
    await Promise.all([this.loop.stop(), this.listener.stop()]);
  }

  /** `follower` is called right after the book has changed, with those whose pacing is another one now. */
  onChange(follower: (campaignIds: readonly string[]) => void): void {
    this.followers.push(follower);
  }

  pacing({ campaignId, pacing, budgets, endsAt }: AdGroupRecord): Pacing {
    const { campaignDailyMicros: dailyMicros, campaignTotalMicros: totalMicros } = budgets;
    if (pacing !== 'even' || !hasPlan({ dailyMicros, totalMicros, endsAt })) return NOT_PACED;
    return this.byCampaign.get(campaignId) ?? NEWCOMER;
  }

  /** Follows all that is committed by now; one reading at a time, as each goes on from the one before. */
  refresh(): Promise<void> {
    const reading = this.reading.then(() => this.read());
    this.reading = reading.catch(() => undefined);
    return reading;
  }

  private async read(): Promise<void> {
    // The horizon is taken first: what commits while the table is read is read again next time.
    const [next] = await this.dataSource.query<{ horizon: string }[]>(`SELECT ${HORIZON_SQL} AS horizon`);
    const rows = await this.dataSource.query<PacingRow[]>(
      `SELECT campaign_id, pass_share, rank_factor FROM pacing_throttles WHERE changed_xid >= $1::text::xid8`,
      [this.horizon],
    );
    const changed = rows.filter((row) => this.take(row)).map((row) => row.campaign_id);
    if (changed.length > 0) for (const follower of this.followers) follower(changed);
    this.horizon = next?.horizon ?? this.horizon;
  }

  /** Whether it differs from what was known. */
  private take({ campaign_id, pass_share, rank_factor }: PacingRow): boolean {
    const known = this.byCampaign.get(campaign_id);
    if (known?.passShare === pass_share && known.rankFactor === rank_factor) return false;
    this.byCampaign.set(campaign_id, { passShare: pass_share, rankFactor: rank_factor });
    return true;
  }
}
