import { describe, expect, it } from '@jest/globals';
import type { DataSource } from 'typeorm';
import { ExposureRebuilds } from './exposure-rebuilds.js';

/** A Postgres that answers no read of exposure before it is told to. */
class SlowPostgres {
  readonly reads: (readonly string[])[] = [];
  private readonly waiting: (() => void)[] = [];
  readonly rebuilds = new ExposureRebuilds({ query: this.query.bind(this) } as unknown as DataSource, 10);

  private query(_sql: string, [memberIds]: [readonly string[]]): Promise<unknown[]> {
    this.reads.push(memberIds);
    return new Promise((resolve) => this.waiting.push(() => resolve([])));
  }

  /** Whatever was asked for in this turn has gone out. */
  sent(): Promise<void> {
    return new Promise((resolve) => setImmediate(resolve));
  }

  answer(): void {
    for (const go of this.waiting.splice(0)) go();
  }
}

const from = (keepFrom: number) => ({ memberId: 'member', keepFrom });

describe('reads of members’ exposure', () => {
  it('are shared by those who ask for a member meanwhile, in the same life of the state alone', async () => {
    const postgres = new SlowPostgres();
    const { rebuilds } = postgres;
    const first = rebuilds.read(from(5), 'life 1', 7);
    await postgres.sent();
    const joined = rebuilds.read(from(5), 'life 1', 7);
    const ofNextLife = rebuilds.read(from(5), 'life 2', 8);
    await postgres.sent();
    expect(postgres.reads).toEqual([['member'], ['member']]);
    postgres.answer();
    expect(await joined).toBe(await first);
    expect(await ofNextLife).not.toBe(await first);
  });

  it('are done anew for who asks for more, or later', async () => {
    const postgres = new SlowPostgres();
    const { rebuilds } = postgres;
    const reads = [rebuilds.read(from(5), 'life', 7)];
    await postgres.sent();
    reads.push(rebuilds.read(from(4), 'life', 7));
    await postgres.sent();
    expect(postgres.reads).toHaveLength(2);
    postgres.answer();
    await Promise.all(reads);
    const later = rebuilds.read(from(5), 'life', 7);
    await postgres.sent();
    expect(postgres.reads).toHaveLength(3);
    postgres.answer();
    await later;
  });
});
