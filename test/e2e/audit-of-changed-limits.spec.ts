import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { runAudit } from '../../src/delivery/audit/run-audit.js';
import { createTestDatabase, type TestDatabase } from '../servers/test-database.js';
import { fillWorld } from './audited-world.js';
import { corruptedCopy, LIMIT_BREACHES } from './corrupted-world.js';
import { NOON } from './settlement-world.js';

jest.setTimeout(120_000);

/** What breaks a check as limits are in the world. */
function breachOf(check: string): string {
  const [, , sql] = LIMIT_BREACHES.find(([name]) => name === check) ?? [];
  if (sql === undefined) throw new Error(`nothing breaks ${check}`);
  return sql;
}

const LAX = `'[{"limit": 1000000, "window": "lifetime"}]'`;
const STRICT = `'[{"limit": 1, "window": "lifetime"}]'`;
const CAPPED = ['creatives', 'ad_groups', 'campaigns', 'advertisers', 'placements'] as const;
const RULES = {
  'member-load': 'max_per_member_per_day',
  'member-gaps': 'min_gap_seconds',
  'advertiser-load': 'max_per_advertiser_per_day',
  'advertiser-gaps': 'min_advertiser_gap_seconds',
};

/** A change of every row of a table, as the product makes it: its triggers keep it. */
function changed(table: string, assignment: string, at = 'now()'): string {
  return `; SET session_replication_role = origin; UPDATE ${table} SET ${assignment}, updated_at = ${at};`;
}

/** After which changes of limits a breach of them is still named. */
const LIMIT_CHANGES: readonly (readonly [check: string, how: string, change: string])[] = [
  ...CAPPED.flatMap((table) => {
    const check = `${table.slice(0, -1).replace('_', '-')}-caps`;
    return [
      [check, 'were raised', changed(table, `frequency_caps = ${LAX}`)],
      [check, 'were taken away', changed(table, `frequency_caps = '[]'`)],
      [check, 'were raised, then taken away', changed(table, `frequency_caps = ${LAX}`) + takenAway(table)],
    ] as const;
  }),
  ['creative-caps', 'count in another zone', changed('advertisers', `time_zone = 'America/New_York'`)],
  ...Object.entries(RULES).flatMap(([check, column]) => {
    const lax = column.startsWith('max') ? 100 : 1;
    return [
      [check, 'were eased', changed('placements', `${column} = ${lax}`)],
      [check, 'were taken away', changed('placements', `${column} = NULL`)],
    ] as const;
  }),
];

function takenAway(table: string): string {
  return changed(table, `frequency_caps = '[]'`, `now() + interval '1 minute'`);
}

/** Caps and load rules that what was seen would break, and another zone. */
const TIGHTENED = [
  ...CAPPED.map((table) => changed(table, `frequency_caps = ${STRICT}`)),
  changed('advertisers', `time_zone = 'America/New_York'`),
  changed('placements', `max_per_member_per_day = 1, min_gap_seconds = 9000`),
  changed('placements', `max_per_advertiser_per_day = 1, min_advertiser_gap_seconds = 9000`),
].join('');

describe('the audit of caps and load rules that were changed', () => {
  let world: TestDatabase;

  beforeAll(async () => {
    world = await createTestDatabase();
    await fillWorld(world.url);
  });

  afterAll(() => world.drop());

  it.each(LIMIT_CHANGES)('still names %s for what was seen before they %s', async (check, _how, change) => {
    const found = await corruptedCopy(world, breachOf(check) + change, (url) => runAudit(url, { now: Date.now() }));
    expect(found.filter(({ breaches }) => breaches > 0).map(({ name }) => name)).toContain(check);
  });

  it.each([
    ['tightened', TIGHTENED],
    ['tightened and taken away', TIGHTENED + CAPPED.map(takenAway).join('')],
  ])('finds nothing wrong in what was right until limits were %s', async (_how, change) => {
    const found = await corruptedCopy(world, change, (url) => runAudit(url, { now: NOON + 86_400_000 }));
    expect(found.flatMap(({ examples }) => examples)).toEqual([]);
  });

  it('does not judge what was decided before the history of a limit began', async () => {
    const begun = `; UPDATE limit_changes SET before = '{}'`;
    for (const check of ['creative-caps', 'member-load']) {
      const [, , change] = LIMIT_CHANGES.find(([name]) => name === check) ?? [];
      const found = await corruptedCopy(world, breachOf(check) + change + begun, (url) =>
        runAudit(url, { now: Date.now() }),
      );
      expect(found.find(({ name }) => name === check)).toMatchObject({ breaches: 0 });
    }
  });
});
