import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { DataSource } from 'typeorm';
import {
  CLOCK_MARGIN_MS,
  LONGEST_COMMIT_MS,
  LONGEST_INTAKE_WAIT_MS,
} from '../../src/delivery/settlement/settlement-progress.js';
import { dataSourceOptions } from '../../src/platform/database/data-source.js';
import { createTestDatabase, type TestDatabase } from '../servers/test-database.js';
import { IntakeWorld, turn } from './intake-world.js';

const OTHER = 0;
const FAULTY = 1;

describe('the time up to which everything that was accepted is settled', () => {
  let database: TestDatabase;
  let source: DataSource;
  let world: IntakeWorld;

  beforeAll(async () => {
    database = await createTestDatabase();
    source = await new DataSource(dataSourceOptions(database.url, 40)).initialize();
  });

  beforeEach(() => {
    world = new IntakeWorld(source);
  });

  afterEach(() => world.close());

  afterAll(async () => {
    await source.destroy();
    await database.drop();
  });

  async function start(aheadMs = 0): Promise<void> {
    world.start(aheadMs);
    await world.deliverTold();
  }

  async function accept(which: number): Promise<void> {
    world.arrive(which);
    world.take(which);
    await turn();
  }

  /** The batch that was sent first, and what is left of its way. */
  async function commitFirst(): Promise<void> {
    await world.deliver(0);
    await world.commitOne(0);
    await turn();
  }

  describe('is never after the arrival of an event that is committed later', () => {
    beforeEach(async () => {
      await start();
      await start();
    });

    afterEach(() => expect(world.faults).toEqual([]));

    it('by a statement that takes long', async () => {
      await accept(FAULTY);
      await world.deliver(0);
      await world.run(20_000);
      await world.commitOne(0);
      expect(world.committed).toBe(1);
    });

    // What is under way at Postgres is known by its lock as well; what is on its way there, by its process alone.
    it.each([
      ['comes late', false],
      ['comes late, although its connection was lost', true],
    ])('by a statement that %s, but may begin', async (_what, isLost) => {
      await accept(FAULTY);
      if (isLost) world.answer(0, true);
      await turn();
      await world.run(CLOCK_MARGIN_MS + 1_000);
      await commitFirst();
      expect(world.committed).toBe(1);
    });

    it('of a request whose body came late', async () => {
      world.arrive(FAULTY);
      await world.run(LONGEST_INTAKE_WAIT_MS - 500);
      world.take(FAULTY);
      await turn();
      await commitFirst();
      expect(world.committed).toBe(1);
    });

    it('by a statement that goes on although its connection was lost', async () => {
      await accept(FAULTY);
      await world.deliver(0);
      world.answer(0, true);
      await turn();
      await world.run(30_000);
      await world.commitOne(0);
      expect(world.committed).toBe(1);
    });

    it('by a statement whose process died meanwhile', async () => {
      await accept(FAULTY);
      await world.deliver(0);
      world.kill(FAULTY);
      await world.run(38_000);
      await world.commitOne(0);
      expect(world.committed).toBe(1);
    });

    it.each([
      ['was frozen', false],
      ['was frozen, and has told of itself since', true],
    ])('by a process that %s before it sent the statement', async (_what, hasTold) => {
      await accept(FAULTY);
      world.silence(FAULTY, true);
      await world.run(LONGEST_COMMIT_MS + 5_000);
      world.silence(FAULTY, false);
      if (hasTold) await world.run(1_000);
      await commitFirst();
      expect(world.committed).toBe(0);
    });

    it('by a statement that comes late, while its process goes on', async () => {
      await accept(FAULTY);
      world.answer(0, true);
      await turn();
      await world.run(2 * LONGEST_COMMIT_MS);
      await commitFirst();
      expect(world.committed).toBe(0);
    });

    it('by a process that could not tell for long, of what waited meanwhile', async () => {
      await accept(FAULTY);
      await accept(FAULTY);
      world.silence(FAULTY, true);
      await world.run(LONGEST_COMMIT_MS - 1_000);
      await accept(FAULTY);
      await world.run(LONGEST_INTAKE_WAIT_MS - 1_000);
      world.silence(FAULTY, false);
      world.tell(FAULTY);
      await world.deliverTold();
      // One of the two commits at a time that filled its connections ends.
      world.answer(0, true);
      await turn();
      await world.deliver(2);
      await world.commitOne(0);
      expect(world.committed).toBe(0);
    });

    it('by a process whose first word came late', async () => {
      world.start(0);
      world.silence(2, true);
      world.arrive(2);
      await world.run(LONGEST_INTAKE_WAIT_MS - 500);
      await world.deliverTold();
      world.take(2);
      await turn();
      await commitFirst();
      expect(world.committed).toBe(1);
    });
  });

  it('is never after the arrival of an event at a process that starts later, with another clock', async () => {
    await start(CLOCK_MARGIN_MS);
    await world.poll(OTHER);
    await start();
    await accept(1);
    await commitFirst();
    expect(world.faults).toEqual([]);
    expect(world.committed).toBe(1);
  });

  it('is some seconds ago while all goes well, and not longer ago than a commit may take after a process died', async () => {
    await start();
    await start();
    await world.run(2_000);
    expect(await world.poll(OTHER)).toBeLessThanOrEqual(CLOCK_MARGIN_MS);
    await accept(FAULTY);
    world.kill(FAULTY);
    await world.run(LONGEST_COMMIT_MS - 1_000);
    expect(await world.poll(OTHER)).toBeGreaterThan(LONGEST_COMMIT_MS - 3_000);
    await world.run(2_000);
    expect(await world.poll(OTHER)).toBeLessThanOrEqual(CLOCK_MARGIN_MS);
  });

  it('does not wait for what Postgres refused', async () => {
    await start();
    await accept(0);
    world.refuse();
    await turn();
    await world.run(CLOCK_MARGIN_MS + 1_000);
    expect(await world.poll(0)).toBeLessThanOrEqual(CLOCK_MARGIN_MS);
  });

  it('is never after the arrival of an event that is committed later, whatever happens', async () => {
    await world.close();
    let committed = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(STEP, { minLength: 10, maxLength: 40 }), async (script) => {
        world = new IntakeWorld(source);
        await start();
        await start();
        for (const step of script) {
          await step(world);
          await turn();
        }
        await world.close();
        expect(world.faults).toEqual([]);
        committed += world.committed;
      }),
      { numRuns: Number(process.env.RUNS ?? 30) },
    );
    expect(committed).toBeGreaterThan(0);
    world = new IntakeWorld(source);
  }, 120_000);
});

type Step = (world: IntakeWorld) => unknown;

function step(weight: number, of: (which: number) => Step): { weight: number; arbitrary: fc.Arbitrary<Step> } {
  return { weight, arbitrary: fc.nat(5).map(of) };
}

/** Short times, those around the longest wait of intake, and those around the longest that a commit may take. */
const PASSING = fc.oneof(
  { weight: 4, arbitrary: fc.integer({ min: 1, max: 1_500 }) },
  { weight: 4, arbitrary: fc.integer({ min: 3_000, max: 6_000 }) },
  { weight: 1, arbitrary: fc.integer({ min: 38_000, max: 47_000 }) },
);

const STEP: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 6,
    arbitrary: PASSING.map(
      (ms): Step =>
        (world) =>
          world.run(ms),
    ),
  },
  {
    weight: 1,
    arbitrary: fc.integer({ min: 0, max: CLOCK_MARGIN_MS }).map(
      (ahead): Step =>
        (world) =>
          world.start(ahead),
    ),
  },
  step(4, (i) => (world) => world.arrive(i)),
  step(4, (i) => (world) => world.take(i)),
  step(4, (i) => (world) => world.deliver(i)),
  step(2, (i) => (world) => world.commitOne(i)),
  step(3, (i) => (world) => world.answer(i, false)),
  step(1, (i) => (world) => world.answer(i, true)),
  step(1, (i) => (world) => world.silence(i, true)),
  step(1, (i) => (world) => world.silence(i, false)),
  step(1, (i) => (world) => world.kill(i)),
);
