import { Inject, Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import type { AdGroupRecord } from '../../core/index/ad-group-record.js';
import { AdGroupSource } from '../../campaigns/campaigns.api.js';
import { Listener } from '../../platform/database/listener.js';
import { Readiness } from '../../platform/health/readiness.js';
import { Metrics } from '../../platform/metrics/metrics.js';
import { RUNTIME_CONFIG, type RuntimeConfig } from '../../platform/platform.module.js';
import { inSlices } from '../../platform/in-slices.js';
import { PollLoop } from '../../platform/poll-loop.js';
import { LiveIndex } from './live-index.js';

/** The safety net: a change whose notification got lost is seen this late. */
const POLL_PAUSE_MS = 500;
/** Of many changes at once, so many campaigns are read at a time: their rows are parsed in one go. */
const CAMPAIGNS_A_READ = 20;
/** A worn index is still right, only slower. */
const REBUILD_PAUSE_MS = 1_000;

/**
 * Keeps this process's candidate index like the campaigns in Postgres: built at start, then each change by notification,
 * and by a poll that asks for all that changed since the oldest transaction that was open at the poll before. A
 * notification only triggers that poll, so there is one way in which changes arrive.
 */
@Injectable()
export class IndexUpkeep implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger(IndexUpkeep.name);
  private readonly loop = new PollLoop('IndexUpkeep', POLL_PAUSE_MS, () => this.takeChanges());
  private readonly listener: Listener;
  private readonly rebuilding = new PollLoop('IndexRebuild', REBUILD_PAUSE_MS, () => this.rebuildIfWorn());
  private horizon: string | null = null;

  constructor(
    private readonly source: AdGroupSource,
    private readonly index: LiveIndex,
    @Inject(RUNTIME_CONFIG) { databaseUrl }: RuntimeConfig,
    readiness: Readiness,
    metrics: Metrics,
  ) {
    this.listener = new Listener({
      databaseUrl,
      channel: 'campaign_changed',
      onNotification: () => this.loop.trigger(),
      onConnected: () => this.loop.trigger(),
    });
    readiness.register('index', () => this.horizon !== null);
    metrics.gauge('matchum_index_ad_groups', 'Ad groups in the candidate index', (gauge) => gauge.set(this.index.size));
  }

  async onApplicationBootstrap(): Promise<void> {
    await this.build();
    this.loop.start();
    this.listener.start();
    this.rebuilding.start();
  }

  async onApplicationShutdown(): Promise<void> {
    await Promise.all([this.loop.stop(), this.listener.stop(), this.rebuilding.stop()]);
  }

  private async build(): Promise<void> {
    // Read first: what changes while the ad groups stream in is read again by the first poll.
    const horizon = await this.source.horizon();
    for await (const records of this.source.streamAll())
      for (const record of records) this.take(record, () => this.index.load(record));
    await inSlices(this.index.rebuild());
    this.horizon = horizon;
    this.logger.log({ msg: 'candidate index is built', adGroups: this.index.size });
  }

  private async takeChanges(): Promise<void> {
    if (this.horizon === null) return;
    const { campaignIds, horizon } = await this.source.changedSince(this.horizon);
    for (let from = 0; from < campaignIds.length; from += CAMPAIGNS_A_READ) {
      const ids = campaignIds.slice(from, from + CAMPAIGNS_A_READ);
      await inSlices(this.putAll(ids, await this.source.loadCampaigns(ids)));
    }
    this.horizon = horizon;
  }

  /** Yields after each ad group: matches do not wait for all that one change brings. */
  private *putAll(campaignIds: readonly string[], records: readonly AdGroupRecord[]): Generator<undefined, void> {
    this.index.removeCampaigns(campaignIds, new Set(records.map((record) => record.id)));
    for (const record of records) {
      this.take(record, () => this.index.put(record));
      yield;
    }
  }

  private async rebuildIfWorn(): Promise<void> {
    if (this.index.isWorn) await inSlices(this.index.rebuild());
  }

  private take(record: AdGroupRecord, intoIndex: () => void): void {
    try {
      intoIndex();
    } catch (error) {
      // One ad group that can't serve (a currency without a rate, say) must not keep the others out.
      this.index.removeAdGroup(record.id);
      this.logger.warn({ msg: 'ad group can not serve', adGroup: record.id, reason: (error as Error).message });
    }
  }
}
