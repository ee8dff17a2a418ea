import { afterEach, beforeEach, describe, expect, it, jest } from '@jest/globals';
import { Logger } from '@nestjs/common';
import { Metrics } from '../../platform/metrics/metrics.js';
import { JobQueue } from '../../platform/queue/job-queue.js';
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
  consume(): void {}
  async depth(): Promise<number> {
    return 0;
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
    processor = new SettlementProcessor(settlement, queue, new Metrics());
    processor.onApplicationBootstrap();
  });

  afterEach(async () => {
    await processor.onApplicationShutdown();
    jest.useRealTimers();
  });

  const sweeps = (count: number) => jest.advanceTimersByTimeAsync(count * SWEEP_PAUSE_MS);

  it('queues what two sweeps saw, and again ever more rarely, each time under another id', async () => {
    await sweeps(33);
    expect(queue.added).toEqual(['late.2', 'late.4', 'late.8', 'late.16', 'late.32']);
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
