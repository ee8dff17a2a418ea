import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { DataSource } from 'typeorm';
import { CLOCK_MARGIN_MS } from '../../src/delivery/delivery.api.js';
import { dataSourceOptions } from '../../src/platform/database/data-source.js';
import { createTestDatabase, type TestDatabase } from '../servers/test-database.js';
import { IntakeWorld } from './intake-world.js';

/** Short ones, those around the longest wait of intake, and those around the longest that a commit may take. */
const passing = fc.oneof(
  { weight: 5, arbitrary: fc.integer({ min: 0, max: 1_500 }) },
  { weight: 2, arbitrary: fc.integer({ min: 3_000, max: 6_000 }) },
  { weight: 1, arbitrary: fc.integer({ min: 38_000, max: 47_000 }) },
);
const which = fc.nat(5);

type Step = (world: IntakeWorld) => unknown;
const step = (weight: number, of: (which: number) => Step) => ({ weight, arbitrary: which.map(of) });

const steps: fc.Arbitrary<Step> = fc.oneof(
  {
    weight: 5,
    arbitrary: passing.map(
      (ms): Step =>
        (world) =>
          world.pass(ms),
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
  step(5, (i) => (world) => world.tell(i)),
  step(8, (i) => (world) => world.deliver(i)),
  step(4, (i) => (world) => world.commitOne(i)),
  step(6, (i) => (world) => world.answer(i, false)),
  step(1, (i) => (world) => world.answer(i, true)),
  step(1, (i) => (world) => world.kill(i)),
  step(5, (i) => (world) => world.poll(i)),
);

describe('the time up to which everything that was accepted is settled', () => {
  let database: TestDatabase;
  let source: DataSource;

  beforeAll(async () => {
    database = await createTestDatabase();
    source = await new DataSource(dataSourceOptions(database.url, 40)).initialize();
  });

  afterAll(async () => {
    await source.destroy();
    await database.drop();
  });

  it('is never after the arrival of an event that is committed later, whatever is late, frozen or dies', async () => {
    let committed = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(steps, { minLength: 20, maxLength: 150 }), async (script) => {
        const world = new IntakeWorld(source);
        try {
          world.start(0);
          for (const run of script) {
            await run(world);
            await new Promise(setImmediate);
          }
        } finally {
          await world.close();
        }
        expect(world.faults).toEqual([]);
        committed += world.committed;
      }),
      { numRuns: Number(process.env.RUNS ?? 60) },
    );
    expect(committed).toBeGreaterThan(0);
  }, 120_000);
});
