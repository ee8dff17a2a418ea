import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { Metrics } from '../../platform/metrics/metrics.js';
import { JobQueue, type QueuedJob, type QueueDepth } from '../../platform/queue/job-queue.js';
import type { BatchParking, FailedBatch } from './batch-parking.js';
import type { Settlement } from './settlement.js';
import type { SettlementJob } from './settlement-job.js';
import { SettlementProcessor } from './settlement.processor.js';

const SWEEP_PAUSE_MS = 2_000;

class FakeQueue extends JobQueue<SettlementJob> {
  readonly added: string[] = [];
  isAway = false;

  async add(jobId: string): Promise<void> {
    if (this.isAway) throw new Error('away');
    this.added.push(jobId);
  }
  async repeat(): Promise<void> {}
  handler: (job: QueuedJob<SettlementJob>) => Promise<void> = () => Promise.resolve();
  onStalled: (data: SettlementJob) => void = () => undefined;

  consume(
    _concurrency: number,
    handler: (job: QueuedJob<SettlementJob>) => Promise<void>,
    onStalled: (data: SettlementJob) => void,
  ): void {
    this.handler = handler;
    this.onStalled = onStalled;
  }
  async depth(): Promise<QueueDepth> {
    return { waiting: 0, active: 0, delayed: 0, failed: 0 };
  }
  async close(): Promise<void> {}
}

describe('the sweeper of batches', () => {
  let queue: FakeQueue;
  let processor: SettlementProcessor;
  let unsettled: string[];

  beforeEach(() => {
    Logger.overrideLogger(false);
    jest.useFakeTimers();
    queue = new FakeQueue();
    unsettled = ['late'];
    const settlement = { unsettled: async () => unsettled } as unknown as Settlement;
    processor = new SettlementProcessor(settlement, {} as BatchParking, queue, new Metrics());
    processor.onApplicationBootstrap();
  });

  afterEach(async () => {
    await processor.onApplicationShutdown();
    jest.useRealTimers();
  });

  const sweeps = (count: number) => jest.advanceTimersByTimeAsync(count * SWEEP_PAUSE_MS);

  it('queues what two sweeps saw, and again more rarely, each time under another id', async () => {
    await sweeps(33);
    expect(queue.added).toEqual(['late.2', 'late.4', 'late.8', 'late.16', 'late.32']);
  });

  it('queues it again within half a minute, however long Postgres took no settlement', async () => {
    await sweeps(1_100);
    const { length } = queue.added;
    await sweeps(16);
    expect(queue.added).toHaveLength(length + 1);
    expect(new Set(queue.added).size).toBe(length + 1);
  });

  it('queues only the first few then: all would fill the queue where each settlement hangs', async () => {
    unsettled = Array.from({ length: 1_000 }, (_, i) => `late-${i}`);
    await sweeps(1_100);
    queue.added.length = 0;
    await sweeps(16);
    expect(queue.added.map((id) => id.split('.')[0])).toEqual(unsettled.slice(0, 16));
  });

  it('queues nothing that is settled by the second sweep', async () => {
    unsettled = [];
    await sweeps(3);
    unsettled = ['new'];
    await sweeps(1);
    unsettled = [];
    await sweeps(8);
    expect(queue.added).toEqual([]);
  });

  it('queues what is late at once when the queue is back, however long it was away', async () => {
    queue.isAway = true;
    await sweeps(100);
    queue.isAway = false;
    await sweeps(1);
    expect(queue.added).toHaveLength(1);
  });
});

describe('a job of a batch whose settlement fails', () => {
  const SECRET = 'member-4711';
  let queue: FakeQueue;
  let recorded: string[];
  let metrics: Metrics;
  let record: () => Promise<FailedBatch>;

  beforeEach(() => {
    Logger.overrideLogger(false);
    queue = new FakeQueue();
    recorded = [];
    metrics = new Metrics();
    const settlement = {
      unsettled: async () => [],
      settleTogether: () => Promise.reject(new Error(SECRET)),
    } as unknown as Settlement;
    const parking = {
      recordFailure: (_batchId: string, error: Error) => {
        recorded.push(error.message);
        return record();
      },
    } as unknown as BatchParking;
    processor = new SettlementProcessor(settlement, parking, queue, metrics);
    processor.onApplicationBootstrap();
  });

  let processor: SettlementProcessor;
  afterEach(() => processor.onApplicationShutdown());

  async function counted(): Promise<Record<string, number>> {
    const metric = await metrics.registry.getSingleMetric('matchum_settled_batches_total')?.get();
    return Object.fromEntries(metric?.values.map(({ labels, value }) => [String(labels['outcome']), value]) ?? []);
  }

  const run = () => queue.handler({ id: '1', data: { batchId: 'bat_1' }, attempt: 1 });

  it('is tried again while the batch waits, for a reason that carries no data', async () => {
    record = () => Promise.resolve('waits');
    const error = await run().catch((cause: Error) => cause);
    expect(String(error)).not.toContain(SECRET);
    expect(recorded).toEqual([SECRET]);
    expect(await counted()).toEqual({ failed: 1 });
  });

  it('is tried again where the failure could not be recorded', async () => {
    record = () => Promise.reject(new Error('away'));
    await expect(run()).rejects.toThrow();
    expect(await counted()).toEqual({ failed: 1 });
  });

  it('is done when the batch is parked', async () => {
    record = () => Promise.resolve('parked');
    await expect(run()).resolves.toBeUndefined();
    expect(await counted()).toEqual({ given_up: 1 });
  });

  it('is done, and nothing is given up, when another worker settled or parked the batch meanwhile', async () => {
    record = () => Promise.resolve('over');
    await expect(run()).resolves.toBeUndefined();
    expect(await counted()).toEqual({ settled_before: 1 });
  });

  it('counts against the batch when its worker died over it', () => {
    record = () => Promise.resolve('waits');
    queue.onStalled({ batchId: 'bat_1' });
    expect(recorded).toEqual(['the worker died or hung while it settled the batch']);
  });
});
