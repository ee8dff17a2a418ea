import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import type { SpendSnapshot } from '../../core/index/match-request.js';
import { HORIZON_SQL } from '../../platform/database/horizon.js';
import { PollLoop } from '../../platform/poll-loop.js';

const PAUSE_MS = 500;

interface SpendRow {
  readonly campaign_id: string;
  readonly ad_group_id: string;
  readonly day: string;
  readonly spent_micros: number;
}

/**
 * What was spent and what is left, as settled in Postgres at most `PAUSE_MS` ago. Both tables stamp a row with the
 * transaction that changed it, so each poll reads only what changed since the oldest transaction that was open at the
 * poll before.
 */
@Injectable()
export class SpendBook implements SpendSnapshot, OnApplicationBootstrap, OnApplicationShutdown {
  private readonly loop = new PollLoop('SpendBook', PAUSE_MS, () => this.refresh());
  private horizon = '0';
  private readonly balances = new Map<string, number>();
  private readonly rows = new Map<string, number>();
  private readonly byCampaign = new Map<string, number>();
  private readonly byCampaignDay = new Map<string, number>();

  constructor(@InjectDataSource() private readonly dataSource: DataSource) {}

  async onApplicationBootstrap(): Promise<void> {
    await this.refresh();
    this.loop.start();
  }

  async onApplicationShutdown(): Promise<void> {
    await this.loop.stop();
  }

  balanceMicros(advertiserId: string): number {
    return this.balances.get(advertiserId) ?? 0;
  }

  campaignSpentMicros(campaignId: string): number {
    return this.byCampaign.get(campaignId) ?? 0;
  }

  campaignSpentOnMicros(campaignId: string, day: string): number {
    return this.byCampaignDay.get(`${campaignId} ${day}`) ?? 0;
  }

  adGroupSpentOnMicros(campaignId: string, adGroupId: string, day: string): number {
    return this.rows.get(`${campaignId} ${day} ${adGroupId}`) ?? 0;
  }

  private async refresh(): Promise<void> {
    // The horizon is taken first: what commits while the tables are read is read again next time.
    const [next] = await this.dataSource.query<{ horizon: string }[]>(`SELECT ${HORIZON_SQL} AS horizon`);
    const balances = await this.dataSource.query<{ advertiser_id: string; balance_micros: number }[]>(
      'SELECT advertiser_id, balance_micros FROM prepaid_accounts WHERE changed_xid >= $1::text::xid8',
      [this.horizon],
    );
    const spends = await this.dataSource.query<SpendRow[]>(
      `SELECT campaign_id, ad_group_id, day::text AS day, spent_micros FROM daily_spend
       WHERE changed_xid >= $1::text::xid8`,
      [this.horizon],
    );
    for (const row of balances) this.balances.set(row.advertiser_id, row.balance_micros);
    for (const row of spends) this.take(row);
    this.horizon = next?.horizon ?? this.horizon;
  }

  private take({ campaign_id, ad_group_id, day, spent_micros }: SpendRow): void {
    const key = `${campaign_id} ${day} ${ad_group_id}`;
    const more = spent_micros - (this.rows.get(key) ?? 0);
    this.rows.set(key, spent_micros);
    this.byCampaign.set(campaign_id, (this.byCampaign.get(campaign_id) ?? 0) + more);
    const dayKey = `${campaign_id} ${day}`;
    this.byCampaignDay.set(dayKey, (this.byCampaignDay.get(dayKey) ?? 0) + more);
  }
}
