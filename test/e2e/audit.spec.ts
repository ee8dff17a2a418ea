import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { Client } from 'pg';
import { runAudit } from '../../src/delivery/audit/run-audit.js';
import type { CheckResult } from '../../src/delivery/audit/audit-check.js';
import { ExposureWriter } from '../../src/delivery/exposure/exposure-writer.js';
import { Settlement } from '../../src/delivery/settlement/settlement.js';
import { SystemClock } from '../../src/platform/clock.js';
import type { VerifiedEvent } from '../../src/tracking/verified-event.js';
import { startTestApp, type TestApp } from '../servers/test-app.js';
import { createTestDatabase, type TestDatabase } from '../servers/test-database.js';
import { spawnTypescript } from '../servers/typescript-process.js';
import { acceptBatch, eventOf, LIMITS, NOON, sellCampaign } from './settlement-world.js';

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
  ['balances', 'a balance of one micro more', `UPDATE prepaid_accounts SET balance_micros = balance_micros + 1`],
  ['charges', 'a price of one micro more', `UPDATE events SET price_micros = price_micros + 1 WHERE price_micros > 0`],
  ['charges', 'a lost charge', `DELETE FROM ledger_transfers WHERE kind = 'charge'`],
  ['charges', 'a charge of another day', `UPDATE ledger_transfers SET day = day + 1 WHERE kind = 'charge'`],
  [
    'charges',
    'a charge made twice',
    `INSERT INTO ledger_transfers SELECT id || 'b', kind, advertiser_id, debit_account, credit_account, amount_micros,
       currency, reference || 'b', campaign_id, ad_group_id, day, created_at FROM ledger_transfers WHERE kind = 'charge'`,
  ],
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
  [
    'over-delivery',
    'two messages beyond a budget',
    `UPDATE events SET outcome = 'over_budget' WHERE price_micros = 1000`,
  ],
  ...['impressions', 'clicks', 'hides', 'conversions', 'spend_micros'].map(
    (column) => ['reports', `one too many ${column}`, `UPDATE report_rows SET ${column} = ${column} + 1`] as const,
  ),
  ['reports', 'a row of another bucket', `UPDATE report_rows SET bucket_at = bucket_at + interval '15 minutes'`],
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
  ['campaign-caps', 'one member who saw it all', `UPDATE events SET member_id = 'one'`],
  ['ad-group-caps', 'one member who saw it all', `UPDATE events SET member_id = 'one'`],
  ['campaign-daily-budgets', 'a lowered budget whose history is lost', `DELETE FROM limit_changes`],
  ['campaign-caps', 'a lowered cap whose history is lost', `DELETE FROM limit_changes`],
];

describe('the audit', () => {
  let world: TestDatabase;
  let figures: readonly CheckResult[];

  beforeAll(async () => {
    world = await createTestDatabase();
    await fillWorld(world.url);
    figures = await runAudit(world.url, { now: NOON + 86_400_000 });
  }, 120_000);

  afterAll(() => world.drop());

  async function corrupted<T>(sql: string, work: (url: string) => Promise<T>): Promise<T> {
    const copy = await createTestDatabase(new URL(world.url).pathname.slice(1));
    try {
      await corrupt(copy.url, sql);
      return await work(copy.url);
    } finally {
      await copy.drop();
    }
  }

  const figure = (name: string): CheckResult | undefined => figures.find((check) => check.name === name);

  it('finds nothing wrong where nothing is, and looks at something for each rule', () => {
    expect(figures.flatMap(({ examples }) => examples)).toEqual([]);
    const idle = figures.filter(({ checked }) => checked === 0).map(({ name }) => name);
    expect(idle).toEqual([]);
  });

  it('tells figures of what is no fault', () => {
    expect(figure('unsettled')).toMatchObject({ checked: 1, figure: { name: 'oldest, seconds', value: 86_400 } });
    expect(figure('lost-clicks')).toMatchObject({ checked: 1 });
    expect(figure('over-delivery')).toMatchObject({ checked: 1, figure: { value: 40 } });
  });

  it('has a test for each of its rules', () => {
    const tested = new Set(CORRUPTIONS.map(([check]) => check));
    const untested = figures.map(({ name }) => name).filter((name) => !tested.has(name));
    expect(untested).toEqual(['lost-clicks', 'unsettled']);
  });

  it.each(CORRUPTIONS)('names %s for %s', async (check, _how, sql) => {
    const found = await corrupted(sql, (url) => runAudit(url, { now: NOON + 86_400_000 }));
    expect(found.filter(({ breaches }) => breaches > 0).map(({ name }) => name)).toContain(check);
    for (const { breaches, examples } of found) expect(examples.length > 0).toBe(breaches > 0);
  });

  it('as a command prints a line for each rule, and exits with 1 when one is broken', async () => {
    const sound = await runCommand(['--database', world.url]);
    expect(sound).toMatchObject({ code: 0 });
    expect(sound.printed.trimEnd().split('\n')).toHaveLength(figures.length + 1);
    const broken = await corrupted('UPDATE daily_spend SET spent_micros = 1', (url) => runCommand(['--database', url]));
    expect(broken).toMatchObject({ code: 1 });
    expect(broken.printed).toMatch(/^BROKEN {2}daily-spend +\d+ checked, \d+ breaches/m);
    expect(broken.printed).toContain('checks are broken: ');
  }, 60_000);

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

async function corrupt(url: string, sql: string): Promise<void> {
  const client = new Client({ connectionString: url });
  await client.connect();
  try {
    await client.query(`SET session_replication_role = replica; ${sql}`);
  } finally {
    await client.end();
  }
}

async function runCommand(args: readonly string[]): Promise<{ code: number | null; printed: string }> {
  const child = spawnTypescript(COMMAND, args, process.env, ['ignore', 'pipe', 'ignore']);
  let printed = '';
  child.stdout?.on('data', (chunk: Buffer) => (printed += chunk.toString()));
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve));
  return { code, printed };
}

/** A bit of all that the rules are about. The last batch stays unsettled. */
async function fillWorld(databaseUrl: string): Promise<void> {
  const app = await startTestApp({ env: { ROLE: 'api' }, databaseUrl });
  const redis = new Redis(app.redisUrl);
  const settlement = new Settlement(app.dataSource, new ExposureWriter(redis), new SystemClock(), LIMITS);
  const settle = async (events: readonly VerifiedEvent[]): Promise<void> => {
    await settlement.settle(await acceptBatch(app, events));
  };
  try {
    await spendBudgets(app, settle);
    await clickAround(app, settle);
    await lowerLimits(app, settle);
    const last = await sellCampaign(app);
    await acceptBatch(app, [eventOf(last, { messageId: 'unsettled' })]);
  } finally {
    redis.disconnect();
    await app.close();
  }
}

type Settle = (events: readonly VerifiedEvent[]) => Promise<void>;

async function spendBudgets(app: TestApp, settle: Settle): Promise<void> {
  const two = (sold: Parameters<typeof eventOf>[0], name: string, count = 2) =>
    settle(Array.from({ length: count }, (_, i) => eventOf(sold, { messageId: `${name}-${i}` })));
  const daily = await sellCampaign(app, { campaign: { name: 'daily', budget: { dailyMicros: 2_500 } } });
  await two(daily, 'daily', 3);
  await two(await sellCampaign(app, { campaign: { name: 'total', budget: { totalMicros: 2_500 } } }), 'total');
  await two(await sellCampaign(app, { adGroup: { name: 'group', dailyBudgetMicros: 2_500 } }), 'group');
  const refund = { amountMicros: 700, reference: 'r', reason: 'late', campaignId: daily.campaignId };
  const { status } = await app.request('POST', `/v1/advertisers/${daily.advertiserId}/refunds`, refund);
  expect(status).toBe(201);
}

async function clickAround(app: TestApp, settle: Settle): Promise<void> {
  const hourly = [{ limit: 1, window: { length: 1, unit: 'hour', kind: 'rolling' } }];
  const capped = await sellCampaign(app, {
    campaign: { frequencyCaps: hourly },
    adGroup: { frequencyCaps: [{ limit: 1, window: { length: 1, unit: 'day', kind: 'calendar' } }] },
  });
  const of = (messageId: string, type: VerifiedEvent['type']) =>
    eventOf(capped, { messageId, type, chargedFor: 'click', priceMicros: 700 });
  await settle([of('early', 'click'), of('lost', 'click')]);
  await settle([of('clicked', 'impression'), of('clicked', 'click'), of('clicked', 'hide'), of('early', 'impression')]);
}

async function lowerLimits(app: TestApp, settle: Settle): Promise<void> {
  const lowered = await sellCampaign(app, {
    campaign: { budget: { dailyMicros: 10_000 }, frequencyCaps: [{ limit: 3, window: 'lifetime' }] },
  });
  const seen = ['l-0', 'l-1', 'l-2'].map((messageId) => {
    const event = eventOf(lowered, { messageId });
    return { ...event, placed: { ...event.placed, memberId: 'faithful' } };
  });
  await settle(seen);
  const limits = { budget: { dailyMicros: 1_000 }, frequencyCaps: [{ limit: 1, window: 'lifetime' }] };
  const { status } = await app.request('PATCH', `/v1/campaigns/${lowered.campaignId}`, limits);
  expect(status).toBe(200);
}
