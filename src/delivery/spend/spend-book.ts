import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import type { SpendSnapshot } from '../../core/index/match-request.js';
import { HORIZON_SQL } from '../../platform/database/horizon.js';
import { PollLoop } from '../../platform/poll-loop.js';

const PAUSE_MS = 500;

/** Whose spend or balance has just changed in the book. */
export interface SpendChange {
  readonly campaignIds: ReadonlySet<string>;
  readonly advertiserIds: ReadonlySet<string>;
}

interface BalanceRow {
  readonly advertiser_id: string;
  readonly balance_micros: number;
}

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
  private readonly listeners: ((change: SpendChange) => void)[] = [];
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

  /** `listener` is called right after the book has changed, before anybody else reads it. */
  onChange(listener: (change: SpendChange) => void): void {
    this.listeners.push(listener);
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
    const balances = await this.dataSource.query<BalanceRow[]>(
      'SELECT advertiser_id, balance_micros FROM prepaid_accounts WHERE changed_xid >= $1::text::xid8',
      [this.horizon],
    );
    const spends = await this.dataSource.query<SpendRow[]>(
      `SELECT campaign_id, ad_group_id, day::text AS day, spent_micros FROM daily_spend
       WHERE changed_xid >= $1::text::xid8`,
      [this.horizon],
    );
    this.take(balances, spends);
    this.horizon = next?.horizon ?? this.horizon;
  }

  private take(balances: readonly BalanceRow[], spends: readonly SpendRow[]): void {
    const advertiserIds = new Set<string>();
    for (const { advertiser_id, balance_micros } of balances) {
      if (this.balances.get(advertiser_id) === balance_micros) continue;
      this.balances.set(advertiser_id, balance_micros);
      advertiserIds.add(advertiser_id);
    }
    const campaignIds = new Set<string>();
    for (const row of spends) if (this.takeSpend(row)) campaignIds.add(row.campaign_id);
    if (advertiserIds.size + campaignIds.size === 0) return;
    for (const listener of this.listeners) listener({ campaignIds, advertiserIds });
  }

  /** Whether it differs from what was known. */
  private takeSpend({ campaign_id, ad_group_id, day, spent_micros }: SpendRow): boolean {
    const key = `${campaign_id} ${day} ${ad_group_id}`;
    const more = spent_micros - (this.rows.get(key) ?? 0);
    if (more === 0) return false;
    this.rows.set(key, spent_micros);
    this.byCampaign.set(campaign_id, (this.byCampaign.get(campaign_id) ?? 0) + more);
    const dayKey = `${campaign_id} ${day}`;
    this.byCampaignDay.set(dayKey, (this.byCampaignDay.get(dayKey) ?? 0) + more);
    return true;
  }
}
