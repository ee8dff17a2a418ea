import { performance } from 'node:perf_hooks';
import { Inject, Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import type { AdGroupRecord } from '../../core/index/ad-group-record.js';
import { AdGroupSource, type CampaignChanges } from '../../campaigns/campaigns.api.js';
import { Listener } from '../../platform/database/listener.js';
import { Readiness } from '../../platform/health/readiness.js';
import { Metrics } from '../../platform/metrics/metrics.js';
import { RUNTIME_CONFIG, type RuntimeConfig } from '../../platform/platform.module.js';
import { inSlices } from '../../platform/in-slices.js';
import { PollLoop } from '../../platform/poll-loop.js';
import { LiveIndex } from './live-index.js';

/** The safety net: a change whose notification got lost is seen this late. */
const POLL_PAUSE_MS = 500;
/** Of many changes at once, so many campaigns are read at a time. */
const CAMPAIGNS_A_READ = 20;
/** A worn index is still right, only slower. */
const REBUILD_PAUSE_MS = 1_000;
/** Campaigns that are over serve no more, but take room. */
const SWEEP_PAUSE_MS = 60_000;

/**
 * Keeps this process's candidate index like the campaigns in Postgres: built at start, then each change by notification,
 * and by a poll that asks for all that changed since the oldest transaction that was open at the poll before. A
 * notification only triggers that poll, so there is one way in which changes arrive. What is over is swept out.
 */
@Injectable()
export class IndexUpkeep implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger(IndexUpkeep.name);
  private readonly loop = new PollLoop('IndexUpkeep', POLL_PAUSE_MS, () => this.takeChanges());
  private readonly listener: Listener;
  private readonly rebuilding = new PollLoop('IndexRebuild', REBUILD_PAUSE_MS, () => this.rebuildIfWorn());
  private readonly sweeping = new PollLoop('IndexSweep', SWEEP_PAUSE_MS, () => this.takeOutOver());
  private horizon: string | null = null;
  /** Campaigns of which nothing active is held, while changes are taken: a horizon that is held back names them each time. */
  private readonly out = new Set<string>();

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
    this.sweeping.start();
  }

  async onApplicationShutdown(): Promise<void> {
    await Promise.all([this.loop.stop(), this.listener.stop(), this.rebuilding.stop(), this.sweeping.stop()]);
  }

  private async build(): Promise<void> {
    // Read first: what changes while the ad groups stream in is read again by the first poll.
    const tick = performance.now();
    const horizon = await this.source.horizon();
    for await (const records of this.source.streamAll())
      for (const record of records) this.take(record, () => this.index.load(record));
    await inSlices(this.index.rebuild());
    this.horizon = horizon;
    this.index.noteStoppedUntil(tick);
    this.logger.log({ msg: 'candidate index is built', adGroups: this.index.size });
  }

  private async takeChanges(): Promise<void> {
    if (this.horizon === null) return;
    this.out.clear();
    const { campaignIds, horizon } = await this.takeStopsSince(this.horizon);
    for (let from = 0; from < campaignIds.length; from += CAMPAIGNS_A_READ) {
      await this.reload(campaignIds.slice(from, from + CAMPAIGNS_A_READ), horizon);
    }
    this.horizon = horizon;
  }

  /** What stops must not wait for what is read again: neither for what changed with it, nor for what changed before. */
  private async takeStopsSince(horizon: string): Promise<CampaignChanges> {
    const tick = performance.now();
    const changes = await this.source.changedSince(horizon);
    const stopped = changes.stoppedIds.filter((id) => !this.out.has(id));
    await inSlices(this.index.removeOf(stopped, ({ campaignStatus }) => campaignStatus === 'active'));
    for (const id of stopped) this.out.add(id);
    this.index.noteStoppedUntil(tick);
    return changes;
  }

  private async reload(campaignIds: readonly string[], horizon: string): Promise<void> {
    const kept = new Set<string>();
    for await (const records of this.source.loadCampaigns(campaignIds)) {
      for (const { id } of records) kept.add(id);
      await inSlices(this.putAll(records));
      await this.takeStopsSince(horizon);
    }
    await inSlices(this.index.removeOf(campaignIds, ({ id }) => !kept.has(id)));
  }

  /** Yields after each ad group: matches do not wait for all that one change brings. */
  private *putAll(records: readonly AdGroupRecord[]): Generator<undefined, void> {
    for (const record of records) {
      if (record.campaignStatus === 'active') this.out.delete(record.campaignId);
      this.take(record, () => this.index.put(record));
      yield;
    }
  }

  private async rebuildIfWorn(): Promise<void> {
    if (this.index.isWorn) await inSlices(this.index.rebuild());
  }

  /** Nothing tells of an end that was set long ago. */
  private async takeOutOver(): Promise<void> {
    const overBefore = this.source.overBefore();
    if (overBefore !== null) await inSlices(this.index.removeOver(overBefore));
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
