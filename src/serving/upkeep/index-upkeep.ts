import { Inject, Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { Client } from 'pg';
import type { AdGroupRecord } from '../../core/index/ad-group-record.js';
import { AdGroupSource } from '../../campaigns/campaigns.api.js';
import { Readiness } from '../../platform/health/readiness.js';
import { Metrics } from '../../platform/metrics/metrics.js';
import { RUNTIME_CONFIG, type RuntimeConfig } from '../../platform/platform.module.js';
import { inSlices } from '../../platform/in-slices.js';
import { PollLoop } from '../../platform/poll-loop.js';
import { LiveIndex } from './live-index.js';

/** The safety net: a change whose notification got lost is seen this late. */
const POLL_PAUSE_MS = 500;
const RECONNECT_PAUSE_MS = 500;
/** A worn index is still right, only slower. */
const REBUILD_PAUSE_MS = 1_000;
/** As for the pool's connections: a server that does not answer is tried anew. */
const CONNECT_TIMEOUT_MS = 2_000;
const CHANNEL = 'campaign_changed';

/**
 * Keeps this process's candidate index like the campaigns in Postgres: built at start, then each change by notification,
 * and by a poll that asks for all that changed since the oldest transaction that was open at the poll before. A
 * notification only triggers that poll, so there is one way in which changes arrive.
 */
@Injectable()
export class IndexUpkeep implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger(IndexUpkeep.name);
  private readonly loop = new PollLoop('IndexUpkeep', POLL_PAUSE_MS, () => this.takeChanges());
  private readonly listening = new PollLoop('IndexListener', RECONNECT_PAUSE_MS, () => this.listen());
  private readonly rebuilding = new PollLoop('IndexRebuild', REBUILD_PAUSE_MS, () => this.rebuildIfWorn());
  private stopListening: () => void = () => undefined;
  private horizon: string | null = null;

  constructor(
    private readonly source: AdGroupSource,
    private readonly index: LiveIndex,
    @Inject(RUNTIME_CONFIG) private readonly config: RuntimeConfig,
    readiness: Readiness,
    metrics: Metrics,
  ) {
    readiness.register('index', () => this.horizon !== null);
    metrics.gauge('matchum_index_ad_groups', 'Ad groups in the candidate index', (gauge) => gauge.set(this.index.size));
  }

  async onApplicationBootstrap(): Promise<void> {
    await this.build();
    this.loop.start();
    this.listening.start();
    this.rebuilding.start();
  }

  async onApplicationShutdown(): Promise<void> {
    const stopped = Promise.all([this.loop.stop(), this.listening.stop(), this.rebuilding.stop()]);
    this.stopListening();
    await stopped;
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
    if (campaignIds.length > 0) {
      const records = await this.source.loadCampaigns(campaignIds);
      this.index.removeCampaigns(campaignIds, new Set(records.map((record) => record.id)));
      for (const record of records) this.take(record, () => this.index.put(record));
    }
    this.horizon = horizon;
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

  /** Resolves when the connection is lost; the loop then connects again. */
  private async listen(): Promise<void> {
    const client = new Client({
      connectionString: this.config.databaseUrl,
      application_name: 'matchum-listen',
      keepAlive: true,
      connectionTimeoutMillis: CONNECT_TIMEOUT_MS,
      query_timeout: CONNECT_TIMEOUT_MS,
    });
    const lost = new Promise<void>((resolve) => {
      this.stopListening = () => {
        // Also where it is still being connected.
        client.connection.stream.destroy();
        resolve();
      };
      client.once('end', resolve);
      // More than one may come, and one that nobody takes would end the process.
      client.on('error', () => resolve());
    });
    try {
      await client.connect();
      client.on('notification', () => this.loop.trigger());
      await client.query(`LISTEN ${CHANNEL}`);
      // What changed while nobody listened.
      this.loop.trigger();
      await lost;
    } finally {
      // Without a goodbye: a server that hangs would leave the socket open, and with it the process.
      client.connection.stream.destroy();
    }
    this.loop.trigger();
  }
}
