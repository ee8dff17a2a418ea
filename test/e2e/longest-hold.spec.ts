import { afterAll, beforeAll, beforeEach, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { DataSource } from 'typeorm';
import { longestHoldSeconds } from '../../src/delivery/longest-hold.js';
import { dataSourceOptions } from '../../src/platform/database/data-source.js';
import { createTestDatabase, type TestDatabase } from '../servers/test-database.js';

const BEGAN = Date.parse('2026-11-22T00:00:00Z');
const FIRST_HOLD = 600;
/** A process that has not heard of a change yet may place a hold as before it. */
const FOLLOWED_WITHIN = 60;

/** `after`: seconds since the change before. */
interface Change {
  readonly after: number;
  readonly holdSeconds: number;
}

describe('the longest that an open hold may have been placed for', () => {
  let database: TestDatabase;
  let source: DataSource;

  beforeAll(async () => {
    database = await createTestDatabase();
    source = await new DataSource(dataSourceOptions(database.url, 2)).initialize();
  });

  beforeEach(reset);

  afterAll(async () => {
    await source.destroy();
    await database.drop();
  });

  async function reset(): Promise<void> {
    await source.query('UPDATE placements SET hold_seconds = $1', [FIRST_HOLD]);
    // What the trigger has kept of that.
    await source.query('UPDATE placements SET earlier_hold_seconds = NULL, hold_changed_at = NULL');
  }

  const change = (seconds: number, holdSeconds: number): Promise<unknown> =>
    source.query('UPDATE placements SET hold_seconds = $1, version = version + 1, updated_at = $2', [
      holdSeconds,
      new Date(BEGAN + seconds * 1_000),
    ]);

  async function longestAt(seconds: number): Promise<number> {
    const at = longestHoldSeconds('$1::timestamptz');
    const [row] = await source.query<{ longest: number }[]>(`SELECT ${at} AS longest`, [
      new Date(BEGAN + seconds * 1_000),
    ]);
    return row?.longest ?? NaN;
  }

  it('is that of now where only other rules were changed', async () => {
    await source.query('UPDATE placements SET max_messages = 2, hold_seconds = hold_seconds, version = version + 1');
    expect(await longestAt(0)).toBe(FIRST_HOLD);
    const [row] = await source.query<object[]>('SELECT earlier_hold_seconds, hold_changed_at FROM placements');
    expect(row).toEqual({ earlier_hold_seconds: null, hold_changed_at: null });
  });

  it('is that of before a change until its last hold is over', async () => {
    await change(0, 10);
    expect([await longestAt(1), await longestAt(FIRST_HOLD), await longestAt(FIRST_HOLD + FOLLOWED_WITHIN)]).toEqual([
      FIRST_HOLD,
      FIRST_HOLD,
      10,
    ]);
  });

  it('is never less than any hold that is open, after any changes, and in the end that of now', async () => {
    const changes = fc.array(
      fc.record({ after: fc.integer({ min: 1, max: 2_000 }), holdSeconds: fc.integer({ min: 1, max: 1_500 }) }),
      { minLength: 1, maxLength: 5 },
    );
    await fc.assert(
      fc
        .asyncProperty(changes, fc.integer({ min: 0, max: 4_000 }), async (made: readonly Change[], later) => {
          let [time, before] = [0, FIRST_HOLD];
          /** Each hold time with when the last hold of it ends. */
          const ends: { readonly seconds: number; readonly endsAt: number }[] = [];
          for (const { after, holdSeconds } of made) {
            time += after;
            ends.push({ seconds: before, endsAt: time + before });
            await change(time, holdSeconds);
            before = holdSeconds;
          }
          const now = time + later;
          const open = ends.filter(({ endsAt }) => endsAt > now).map(({ seconds }) => seconds);
          expect(await longestAt(now)).toBeGreaterThanOrEqual(Math.max(before, ...open));
          const over = Math.max(...ends.map(({ seconds }) => seconds));
          expect(await longestAt(time + over + FOLLOWED_WITHIN)).toBe(before);
        })
        .beforeEach(reset),
      { numRuns: 60 },
    );
  });
});
