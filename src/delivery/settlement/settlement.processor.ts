import { Inject, Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { Metrics } from '../../platform/metrics/metrics.js';
import { PollLoop } from '../../platform/poll-loop.js';
import type { QueuedJob } from '../../platform/queue/job-queue.js';
import { BatchParking, type FailedBatch } from './batch-parking.js';
import { Settlement } from './settlement.js';
import { describeFailure, WorkerLost } from './settlement-failure.js';
import { SETTLEMENT_QUEUE, type SettlementJob, type SettlementQueue } from './settlement-job.js';

/** Settlements of different advertisers run side by side; those with one in common wait for each other in Postgres. */
const CONCURRENCY = 4;
const SWEEP_PAUSE_MS = 2_000;
const SWEPT_AT_ONCE = 1_000;
/**
 * However long settlements fail, the first few batches are queued again every so many sweeps, half a minute: the first that
 * succeeds takes others along. All of them would fill the queue where each settlement hangs.
 */
const MOST_SWEEPS = 16;
const FIRST_FEW = 16;

/** How a failed settlement counts. A batch that another worker settled or parked meanwhile was not given up by this one. */
const OUTCOMES: Readonly<Record<FailedBatch, string>> = {
  waits: 'failed',
  parked: 'given_up',
  over: 'settled_before',
};

/** Takes event batches from the queue, and puts those back that it lost. */
@Injectable()
export class SettlementProcessor implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger(SettlementProcessor.name);
  private readonly sweeper = new PollLoop('Settlement sweeper', SWEEP_PAUSE_MS, () => this.sweep());
  private readonly outcomes;
  private readonly stalled;
  /** In how many sweeps in a row each batch was not settled. */
  private sightings: ReadonlyMap<string, number> = new Map();

  constructor(
    private readonly settlement: Settlement,
    private readonly parking: BatchParking,
    @Inject(SETTLEMENT_QUEUE) private readonly queue: SettlementQueue,
    metrics: Metrics,
  ) {
    this.outcomes = metrics.counter('matchum_settled_batches_total', 'Event batches by outcome of their settlement', [
      'outcome',
    ]);
    this.stalled = metrics.counter(
      'matchum_stalled_settlements_total',
      'Settlements whose worker died or hung over them, as those that took them over saw it',
    );
  }

  onApplicationBootstrap(): void {
    this.queue.consume(
      CONCURRENCY,
      (job) => this.settle(job),
      ({ batchId }) => {
        this.stalled.inc();
        void this.recordFailure(batchId, new WorkerLost());
      },
    );
    this.sweeper.start();
  }

  async onApplicationShutdown(): Promise<void> {
    await Promise.all([this.sweeper.stop(), this.queue.close()]);
  }

  private async settle({ data: { batchId } }: QueuedJob<SettlementJob>): Promise<void> {
    try {
      const settled = await this.settlement.settleTogether(batchId);
      if (settled === 0) this.outcomes.inc({ outcome: 'settled_before' });
      else this.outcomes.inc({ outcome: 'settled' }, settled);
    } catch (error) {
      const batch = await this.recordFailure(batchId, error);
      // What the queue keeps and logs of it must not carry data either.
      if (batch === 'waits') throw new Error(describeFailure(error));
    }
  }

  private async recordFailure(batchId: string, error: unknown): Promise<FailedBatch> {
    try {
      const batch = await this.parking.recordFailure(batchId, error);
      this.outcomes.inc({ outcome: OUTCOMES[batch] });
      return batch;
    } catch (cause) {
      this.outcomes.inc({ outcome: 'failed' });
      this.logger.warn({ msg: 'a failure could not be recorded', batch: batchId, reason: describeFailure(cause) });
      return 'waits';
    }
  }

  /**
   * A batch that two sweeps saw is late: its job may be lost, or a killed worker has it. It is queued again then, and more
   * rarely while it stays so, each time under another id: of a job that is half lost, the id may be all that is left,
   * and it would keep the next one out.
   */
  private async sweep(): Promise<void> {
    const unsettled = await this.settlement.unsettled(SWEPT_AT_ONCE);
    const sightings = new Map(unsettled.map((batchId) => [batchId, (this.sightings.get(batchId) ?? 0) + 1]));
    for (const [place, [batchId, count]] of [...sightings].entries()) {
      if (isToBeQueued(count, place)) await this.queue.add(`${batchId}.${count}`, { batchId });
    }
    // A sweep that could not queue does not count: when the queue is back, the next one does all of it.
    this.sightings = sightings;
  }
}

function isToBeQueued(sightings: number, place: number): boolean {
  const isRarer = sightings > 1 && Number.isInteger(Math.log2(sightings));
  return isRarer || (place < FIRST_FEW && sightings % MOST_SWEEPS === 0);
}
