import { Inject, Injectable } from '@nestjs/common';
import { Metrics } from '../../platform/metrics/metrics.js';
import { JOB_STATES } from '../../platform/queue/job-queue.js';
import { SETTLEMENT_QUEUE, type SettlementQueue } from './settlement-job.js';
import { SettlementProgress } from './settlement-progress.js';

/** How settlement is doing, for whoever watches. API processes tell it, so that it is told also while no worker lives. */
@Injectable()
export class SettlementGauges {
  constructor(
    progress: SettlementProgress,
    @Inject(SETTLEMENT_QUEUE) private readonly queue: SettlementQueue,
    metrics: Metrics,
  ) {
    const gauge = (name: string, help: string, read: () => number) =>
      metrics.gauge(`matchum_${name}`, help, (metric) => metric.set(read()));
    gauge(
      'settlement_lag_seconds',
      'Age of the oldest event batch that waits for its settlement, retried ones left out',
      () => progress.lagSeconds,
    );
    gauge('unsettled_batches', 'Event batches that wait for their settlement', () => progress.counts.batches);
    gauge('unsettled_events', 'Events in batches that wait for their settlement', () => progress.counts.events);
    gauge(
      'parked_batches',
      'Event batches that could not be settled, and wait for somebody to look',
      () => progress.counts.parked,
    );
    gauge('events_refused', '1 while events are refused because settlement is far behind', () =>
      Number(progress.isFarBehind),
    );
    metrics.gauge(
      'matchum_settlement_jobs',
      'Jobs in the settlement queue by state; absent while Redis does not answer',
      async (metric) => {
        metric.reset();
        const depth = await this.queue.depth().catch(() => null);
        for (const state of depth === null ? [] : JOB_STATES) metric.set({ state }, depth?.[state] ?? 0);
      },
      ['state'],
    );
  }
}
