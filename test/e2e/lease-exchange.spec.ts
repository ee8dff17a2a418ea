import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { DataSource } from 'typeorm';
import { LeaseExchange } from '../../src/delivery/leases/lease-exchange.js';
import { dataSourceOptions } from '../../src/platform/database/data-source.js';
import { startTestApp, type TestApp } from '../servers/test-app.js';
import { untilSettling, whileClaimsAreLocked } from './held-settlement.js';
import { NOON, sellCampaign, type SoldAdGroup } from './settlement-world.js';

const HOLDERS = 16;
const BUDGET = 1_000_000;

describe('processes that claim the same money at once', () => {
  let app: TestApp;
  let source: DataSource;
  let exchanges: LeaseExchange;

  beforeAll(async () => {
    app = await startTestApp({ env: { ROLE: 'api' } });
    source = await new DataSource(dataSourceOptions(app.databaseUrl, HOLDERS)).initialize();
    exchanges = new LeaseExchange(source);
  });

  afterAll(async () => {
    await source.destroy();
    await app.close();
  });

  async function register(): Promise<readonly number[]> {
    const rows = await source.query<{ id: number }[]>(
      `INSERT INTO lease_holders (alive_until) SELECT now() + interval '1 hour' FROM generate_series(1, $1) RETURNING id`,
      [HOLDERS],
    );
    return rows.map(({ id }) => id);
  }

  /** Asks for all of it, and is content with anything. */
  const ask = (holder: number, { adGroupId, campaignId, advertiserId }: SoldAdGroup) =>
    exchanges.exchange(
      holder,
      [
        {
          adGroupId,
          campaignId,
          advertiserId,
          claimedMicros: 0,
          wantedMicros: BUDGET,
          leastMicros: 1,
          shortage: null,
        },
      ],
      NOON,
    );

  it.each([
    ['a total budget', { campaign: { budget: { totalMicros: BUDGET } } }],
    ['a daily budget', { campaign: { budget: { dailyMicros: BUDGET } } }],
    ['the daily budget of an ad group', { adGroup: { dailyBudgetMicros: BUDGET } }],
    ['a balance', { creditMicros: BUDGET }],
  ])('never pass %s together', async (_what, terms) => {
    const sold = await sellCampaign(app, terms);
    const holders = await register();
    // All of them have begun before the first one writes what it claims.
    const asked = await whileClaimsAreLocked(app, async () => {
      const answers = holders.map((holder) => ask(holder, sold));
      await untilSettling(app, HOLDERS);
      return answers;
    });
    const granted = (await Promise.all(asked)).flat();
    expect(granted.every(({ grantedMicros }) => grantedMicros > 0)).toBe(true);
    const [row] = await source.query<{ claimed: number }[]>(
      'SELECT sum(claimed_micros)::bigint AS claimed FROM budget_leases WHERE advertiser_id = $1',
      [sold.advertiserId],
    );
    expect(row?.claimed).toBe(granted.reduce((sum, { grantedMicros }) => sum + grantedMicros, 0));
    expect(row?.claimed).toBeLessThanOrEqual(BUDGET);
  });
});
