import { Inject, Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { Metrics } from '../../platform/metrics/metrics.js';
import { PollLoop } from '../../platform/poll-loop.js';
import type { QueuedJob } from '../../platform/queue/job-queue.js';
import { Settlement } from './settlement.js';
import { SETTLEMENT_QUEUE, type SettlementJob, type SettlementQueue } from './settlement-job.js';

/** Settlements of different advertisers run side by side; those of one wait for each other in Postgres. */
const CONCURRENCY = 4;
const SWEEP_PAUSE_MS = 2_000;
const SWEPT_AT_ONCE = 1_000;

/** Takes event batches from the queue, and puts those back that it lost. */
@Injectable()
export class SettlementProcessor implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger(SettlementProcessor.name);
  private readonly sweeper = new PollLoop('Settlement sweeper', SWEEP_PAUSE_MS, () => this.sweep());
  private readonly outcomes;
  /** In how many sweeps in a row each batch was not settled. */
  private sightings: ReadonlyMap<string, number> = new Map();

  constructor(
    private readonly settlement: Settlement,
    @Inject(SETTLEMENT_QUEUE) private readonly queue: SettlementQueue,
    metrics: Metrics,
  ) {
    this.outcomes = metrics.counter('matchum_settled_batches_total', 'Event batches by outcome of their settlement', [
      'outcome',
    ]);
  }

  onApplicationBootstrap(): void {
    this.queue.consume(CONCURRENCY, (job) => this.settle(job));
    this.sweeper.start();
  }

  async onApplicationShutdown(): Promise<void> {
    await this.sweeper.stop();
    await this.queue.close();
  }

  private async settle(job: QueuedJob<SettlementJob>): Promise<void> {
    try {
      this.outcomes.inc({ outcome: await this.settlement.settle(job.data.batchId) });
    } catch (error) {
      this.outcomes.inc({ outcome: 'failed' });
      await this.settlement.recordFailure(job.data.batchId, error as Error).catch((cause: Error) => {
        this.logger.warn({ msg: 'a failure could not be recorded', batch: job.data.batchId, reason: cause.message });
      });
      throw error;
    }
  }

  /**
   * A batch that two sweeps saw is late: its job may be lost, or a killed worker has it. It is queued again then, and ever
   * more rarely while it stays so, each time under another id: of a job that is half lost, the id may be all that is left,
   * and it would keep the next one out.
   */
  private async sweep(): Promise<void> {
    const unsettled = await this.settlement.unsettled(SWEPT_AT_ONCE);
    const sightings = new Map(unsettled.map((batchId) => [batchId, (this.sightings.get(batchId) ?? 0) + 1]));
    for (const [batchId, count] of sightings) {
      if (count > 1 && Number.isInteger(Math.log2(count))) await this.queue.add(`${batchId}.${count}`, { batchId });
    }
    // A sweep that could not queue does not count: when the queue is back, the next one does all of it.
    this.sightings = sightings;
  }
}
