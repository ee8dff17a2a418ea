import { performance } from 'node:perf_hooks';
import { afterEach, describe, expect, it, jest } from '@jest/globals';
import type { Repository } from 'typeorm';
import type { PlacementRulesDto } from './placement.dto.js';
import type { PlacementEntity } from './placement.entity.js';
import { PlacementsService } from './placements.service.js';

/** One placement, of which answers come when the test says so. */
class SlowTable {
  stored = { id: 'chat_list', floorMicros: 1, frequencyCaps: [] } as unknown as PlacementEntity;
  private readonly reads: (() => void)[] = [];
  readonly service = new PlacementsService({
    find: () => {
      const seen = [this.stored];
      return new Promise((resolve) => this.reads.push(() => resolve(seen)));
    },
    findOneBy: () => Promise.resolve(this.stored),
    query: (_sql: string, values: readonly unknown[]) => {
      this.stored = { ...this.stored, floorMicros: values[8] as number };
      return Promise.resolve([{}]);
    },
  } as unknown as Repository<PlacementEntity>);

  /** The latest first. Whether there was a read to answer. */
  async answerOne(): Promise<boolean> {
    await new Promise((resolve) => setImmediate(resolve));
    const answer = this.reads.pop();
    answer?.();
    return answer !== undefined;
  }
}

describe('placements at hand', () => {
  afterEach(() => {
    jest.restoreAllMocks();
  });

  it('are those of the latest change, also where an answer of before it comes after it', async () => {
    const table = new SlowTable();
    const { service } = table;
    const started = service.onApplicationBootstrap();
    await table.answerOne();
    await started;
    // The loop has asked for them, and gets no answer yet.
    const changed = service.put('chat_list', { floorMicros: 2 } as PlacementRulesDto, null, 0);
    let isChanged = false;
    void changed.then(() => (isChanged = true));
    for (let i = 0; i < 5 && !isChanged; i++) await table.answerOne();
    await changed;
    expect(service.get('chat_list')?.floorMicros).toBe(2);
    while (await table.answerOne());
    expect(service.get('chat_list')?.floorMicros).toBe(2);
    await service.onApplicationShutdown();
  });

  it('are stale once they were last asked for more than five seconds before, though an answer may come any time', async () => {
    let tick = 1_000;
    jest.spyOn(performance, 'now').mockImplementation(() => tick);
    const table = new SlowTable();
    const { service } = table;
    expect(service.isStale).toBe(true);
    const started = service.onApplicationBootstrap();
    await new Promise((resolve) => setImmediate(resolve));
    tick = 3_000;
    await table.answerOne();
    await started;
    await new Promise((resolve) => setImmediate(resolve));
    tick = 6_000;
    expect(service.isStale).toBe(false);
    tick = 6_001;
    expect(service.isStale).toBe(true);
    // The loop had asked at 3,000.
    await table.answerOne();
    await new Promise((resolve) => setImmediate(resolve));
    expect(service.isStale).toBe(false);
    await service.onApplicationShutdown();
  });
});
