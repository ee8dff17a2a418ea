import { getEventListeners } from 'node:events';
import { afterAll, beforeAll, describe, expect, it, jest } from '@jest/globals';
import { runAudit } from '../../src/delivery/audit/run-audit.js';
import type { CheckResult } from '../../src/delivery/audit/audit-check.js';
import { startTestApp } from '../servers/test-app.js';
import { createTestDatabase, type TestDatabase } from '../servers/test-database.js';
import { spawnTypescript } from '../servers/typescript-process.js';
import { fillWorld } from './audited-world.js';
import { corruptedCopy, LIMIT_BREACHES } from './corrupted-world.js';
import { NOON } from './settlement-world.js';

jest.setTimeout(120_000);

const COMMAND = new URL('../../src/commands/audit/audit.command.ts', import.meta.url);
const ONE_EVENT = `(SELECT batch_id FROM events WHERE type = 'impression' ORDER BY message_id LIMIT 1)`;

/** What breaks which check: done to a copy of the world, with its triggers off. */
const CORRUPTIONS: readonly (readonly [check: string, how: string, sql: string])[] = [
  [
    'ledger-zero',
    'entries without their counterpart',
    `CREATE OR REPLACE VIEW ledger_entries AS
     SELECT id AS transfer_id, debit_account AS account, -amount_micros AS amount_micros, currency, created_at
     FROM ledger_transfers`,
  ],
  [
    'ledger-accounts',
    'a transfer from an account to itself',
    `ALTER TABLE ledger_transfers DROP CONSTRAINT ledger_transfers_two_accounts;
     UPDATE ledger_transfers SET credit_account = debit_account WHERE kind = 'charge'`,
  ],
  ['ledger-accounts', 'a charge to nobody’s account', `UPDATE ledger_transfers SET debit_account = 'prepaid:nobody'`],
  ['ledger-accounts', 'another currency', `UPDATE ledger_transfers SET currency = 'USD'`],
  ['ledger-accounts', 'a refund without its reason', `UPDATE ledger_transfers SET reason = NULL WHERE kind = 'refund'`],
  ['balances', 'a balance of one micro more', `UPDATE prepaid_accounts SET balance_micros = balance_micros + 1`],
  ['balances', 'a lost balance', `DELETE FROM prepaid_accounts`],
  ['charges', 'a price of one micro more', `UPDATE events SET price_micros = price_micros + 1 WHERE price_micros > 0`],
  ['charges', 'a lost charge', `DELETE FROM ledger_transfers WHERE kind = 'charge'`],
  ['charges', 'a charge of another day', `UPDATE ledger_transfers SET day = day + 1 WHERE kind = 'charge'`],
  [
    'charges',
    'a charge made twice',
    `INSERT INTO ledger_transfers SELECT id || 'b', kind, advertiser_id, debit_account, credit_account, amount_micros,
       currency, reference || 'b', campaign_id, ad_group_id, day, created_at FROM ledger_transfers WHERE kind = 'charge'`,
  ],
  ['time-zones', 'a zone that Postgres does not know', `UPDATE advertisers SET time_zone = 'US/Pacific-New'`],
  ['daily-spend', 'a spend of one micro less', `UPDATE daily_spend SET spent_micros = spent_micros - 1`],
  [
    'refunds',
    'more given back than was charged',
    `UPDATE ledger_transfers SET amount_micros = 9e9 WHERE kind = 'refund'`,
  ],
  [
    'campaign-daily-budgets',
    'a smaller budget',
    `UPDATE campaigns SET daily_budget_micros = 1999 WHERE name = 'daily'`,
  ],
  [
    'campaign-total-budgets',
    'a smaller budget',
    `UPDATE campaigns SET total_budget_micros = 1999 WHERE name = 'total'`,
  ],
  [
    'ad-group-daily-budgets',
    'a smaller budget',
    `UPDATE ad_groups SET daily_budget_micros = 1999 WHERE name = 'group'`,
  ],
  ...(['campaign-total-budgets', 'campaign-daily-budgets', 'ad-group-daily-budgets'] as const).map(
    (check) => [check, 'an overspend before a raise', lowerBefore(check)] as const,
  ),
  [
    'campaign-daily-budgets',
    'a charge an hour after the budget was lowered',
    `UPDATE limit_changes SET entered_at = entered_at - interval '1 hour' WHERE before->'daily_budget_micros' = '10000'`,
  ],
  [
    'over-delivery',
    'two messages beyond a budget',
    `UPDATE events SET outcome = 'over_budget' WHERE price_micros = 1000`,
  ],
  ...[
    ...['impressions', 'clicks', 'hides', 'conversions', 'spend_micros'],
    ...['over_budget_impressions', 'over_budget_clicks'],
  ].map((column) => ['reports', `one too many ${column}`, `UPDATE report_rows SET ${column} = ${column} + 1`] as const),
  ['reports', 'a row of another bucket', `UPDATE report_rows SET bucket_at = bucket_at + interval '10 days'`],
  ...['click_before_impression', 'click_too_soon', 'click_rate'].flatMap((reason) => [
    [
      'invalid-traffic',
      `lost rows of ${reason}`,
      `DELETE FROM invalid_traffic_rows WHERE reason = '${reason}'`,
    ] as const,
    [
      'invalid-traffic',
      `events that were not ${reason}`,
      `UPDATE events SET outcome = 'accepted', invalid_reason = NULL WHERE invalid_reason = '${reason}'`,
    ] as const,
  ]),
  ['invalid-traffic', 'one too many clicks', `UPDATE invalid_traffic_rows SET clicks = clicks + 1`],
  ['batches', 'events without a batch', `DELETE FROM event_batches WHERE id = ${ONE_EVENT}`],
  ['batches', 'a batch without its events', `DELETE FROM events WHERE batch_id = ${ONE_EVENT}`],
  [
    'once',
    'a second impression',
    `UPDATE events SET message_id = 'clicked.1', type = 'impression', event_id = 'again' WHERE message_id = 'early.1' AND type = 'click'`,
  ],
  [
    'clicks',
    'a click without its impression',
    `DELETE FROM events WHERE message_id = 'clicked.1' AND type = 'impression'`,
  ],
  [
    'clicks',
    'a click that waits on',
    `UPDATE events SET outcome = 'waiting' WHERE message_id = 'clicked.1' AND type = 'click'`,
  ],
  [
    'expired-events',
    'an impression that came when its message was over',
    `UPDATE event_batches SET received_at = received_at + interval '10 minutes' WHERE id = ${ONE_EVENT}`,
  ],
  [
    'expired-events',
    'an impression that no hold time there ever was explains',
    `UPDATE placements SET earlier_hold_seconds = 600, hold_changed_at = 'infinity';
     UPDATE event_batches SET received_at = received_at + interval '24 hours' WHERE id = ${ONE_EVENT}`,
  ],
  ['triggers', 'a trigger that is gone', `DROP TRIGGER ledger_transfers_append_only ON ledger_transfers`],
  ['triggers', 'a trigger that is off', `ALTER TABLE ledger_transfers DISABLE TRIGGER ledger_transfers_append_only`],
  ['triggers', 'all triggers off', `ALTER TABLE ledger_transfers DISABLE TRIGGER ALL`],
  ['triggers', 'a trigger for replication only', `ALTER TABLE campaigns ENABLE REPLICA TRIGGER campaigns_keep_limits`],
  [
    'triggers',
    'a trigger that refuses less',
    `DROP TRIGGER ledger_transfers_append_only ON ledger_transfers;
     CREATE TRIGGER ledger_transfers_append_only BEFORE UPDATE ON ledger_transfers
     FOR EACH STATEMENT EXECUTE FUNCTION refuse_change()`,
  ],
  ...LIMIT_BREACHES,
  ['campaign-daily-budgets', 'a lowered budget whose history is lost', `DELETE FROM limit_changes`],
  ...['campaign-caps', 'creative-caps', 'advertiser-caps', 'placement-caps'].map(
    (check) => [check, 'a lowered cap whose history is lost', `DELETE FROM limit_changes`] as const,
  ),
  ...['member-load', 'member-gaps', 'advertiser-load', 'advertiser-gaps'].map(
    (check) => [check, 'a stricter rule whose history is lost', `DELETE FROM limit_changes`] as const,
  ),
];

/** Makes the budget that was in force until the raise one micro less than what was spent under it. */
function lowerBefore(check: 'campaign-total-budgets' | 'campaign-daily-budgets' | 'ad-group-daily-budgets'): string {
  const table = check === 'ad-group-daily-budgets' ? 'ad_groups' : 'campaigns';
  const column = check === 'campaign-total-budgets' ? 'total_budget_micros' : 'daily_budget_micros';
  return `UPDATE limit_changes SET before = before || '{"${column}": 999}'
          WHERE of_table = '${table}' AND before->'${column}' = '1500'`;
}

describe('the audit', () => {
  let world: TestDatabase;
  let figures: readonly CheckResult[];

  beforeAll(async () => {
    world = await createTestDatabase();
    await fillWorld(world.url);
    figures = await runAudit(world.url, { now: NOON + 86_400_000 });
  });

  afterAll(() => world.drop());

  const figure = (name: string): CheckResult | undefined => figures.find((check) => check.name === name);

  it('finds nothing wrong where nothing is, and looks at something for each rule', () => {
    expect(figures.flatMap(({ examples }) => examples)).toEqual([]);
    const idle = figures.filter(({ checked }) => checked === 0).map(({ name }) => name);
    expect(idle).toEqual([]);
  });

  it('tells figures of what is no fault', () => {
    expect(figure('unsettled')).toMatchObject({ checked: 1, figure: { name: 'oldest, seconds', value: 86_400 } });
    expect(figure('parked')).toMatchObject({ checked: 1, figure: { name: 'oldest, seconds', value: 86_400 } });
    expect(figure('lost-clicks')).toMatchObject({ checked: 1 });
    expect(figure('over-delivery')).toMatchObject({ checked: 1, figure: { value: 40 } });
  });

  it('has a test for each of its rules', () => {
    const tested = new Set(CORRUPTIONS.map(([check]) => check));
    const untested = figures.map(({ name }) => name).filter((name) => !tested.has(name));
    expect(untested).toEqual(['lost-clicks', 'unsettled', 'parked']);
  });

  it.each(CORRUPTIONS)('names %s for %s', async (check, _how, sql) => {
    const found = await corruptedCopy(world, sql, (url) => runAudit(url, { now: NOON + 86_400_000 }));
    expect(found.filter(({ breaches }) => breaches > 0).map(({ name }) => name)).toContain(check);
    for (const { breaches, examples } of found) expect(examples.length > 0).toBe(breaches > 0);
  });

  it('does not judge what was decided before a hold time was changed by that of now', async () => {
    const sql = `UPDATE placements SET hold_seconds = 1, earlier_hold_seconds = 600, hold_changed_at = 'infinity';
                 UPDATE event_batches SET received_at = received_at + interval '23 hours' WHERE id = ${ONE_EVENT}`;
    const found = await corruptedCopy(world, sql, (url) => runAudit(url, { now: NOON + 86_400_000 }));
    expect(found.flatMap(({ examples }) => examples)).toEqual([]);
  });

  it('leaves nothing at the signal that would have given it up, whether it ends well or not', async () => {
    const { signal } = new AbortController();
    for (let n = 0; n < 2; n++) await runAudit(world.url, { now: NOON + 86_400_000, signal });
    const nowhere = `${world.url}_that_is_not_there`;
    await expect(runAudit(nowhere, { now: NOON, signal })).rejects.toThrow('does not exist');
    expect(getEventListeners(signal, 'abort')).toEqual([]);
  });

  it('rejects soon when it is given up', async () => {
    const giveUp = new AbortController();
    const given = runAudit(world.url, { now: NOON, signal: giveUp.signal, onProgress: () => giveUp.abort() });
    await expect(given).rejects.toThrow(/[Cc]onnection|closed/);
    expect(getEventListeners(giveUp.signal, 'abort')).toEqual([]);
  });

  it('as a command prints a line for each rule, and exits with 1 when one is broken', async () => {
    const sound = await runCommand(['--database', world.url]);
    expect(sound).toMatchObject({ code: 0 });
    expect(sound.printed.trimEnd().split('\n')).toHaveLength(figures.length + 1);
    const broken = await corruptedCopy(world, 'UPDATE daily_spend SET spent_micros = 1', (url) =>
      runCommand(['--database', url]),
    );
    expect(broken).toMatchObject({ code: 1 });
    expect(broken.printed).toMatch(/^BROKEN {2}daily-spend +\d+ checked, \d+ breaches/m);
    expect(broken.printed).toContain('checks are broken: ');
  });

  it('answers admins over the API, and nobody else', async () => {
    const app = await startTestApp();
    try {
      const { status, body } = await app.request('GET', '/v1/ops/audit');
      expect({ status, body }).toMatchObject({ status: 200, body: { isSound: true, asOf: expect.any(String) } });
      expect(body.checks.map((check: CheckResult) => check.name)).toEqual(figures.map(({ name }) => name));
      for (const role of ['chat', 'analyst']) {
        const { body: key } = await app.request('POST', '/v1/api-keys', { role, name: role });
        expect((await app.request('GET', '/v1/ops/audit', undefined, { key: key.key })).status).toBe(403);
      }
    } finally {
      await app.close();
    }
  });
});

async function runCommand(args: readonly string[]): Promise<{ code: number | null; printed: string }> {
  const child = spawnTypescript(COMMAND, args, process.env, ['ignore', 'pipe', 'ignore']);
  let printed = '';
  child.stdout?.on('data', (chunk: Buffer) => (printed += chunk.toString()));
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  return { code, printed };
}
