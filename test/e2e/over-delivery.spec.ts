import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import { Redis } from 'ioredis';
import { runAudit } from '../../src/delivery/audit/run-audit.js';
import { ExposureWriter } from '../../src/delivery/exposure/exposure-writer.js';
import { Settlement } from '../../src/delivery/settlement/settlement.js';
import { SystemClock } from '../../src/platform/clock.js';
import { startTestApp, type TestApp } from '../servers/test-app.js';
import { issueKey, report, rowsOf } from './report-fixtures.js';
import { acceptBatch, eventOf, LIMITS, NOON, sellCampaign, type SoldAdGroup } from './settlement-world.js';

const METRICS = 'impressions,clicks,spendMicros,overBudgetImpressions,overBudgetClicks';
const QUERY = { from: '2026-11-20', to: '2026-11-21', dimensions: 'campaign', metrics: METRICS };

/** Messages whose budgets pay for two impressions, or for one click. */
describe('over-delivery', () => {
  let app: TestApp;
  let redis: Redis;
  let perImpression: SoldAdGroup;
  let perClick: SoldAdGroup;

  beforeAll(async () => {
    app = await startTestApp({ env: { ROLE: 'api' } });
    redis = new Redis(app.redisUrl);
    const settlement = new Settlement(app.dataSource, new ExposureWriter(redis), new SystemClock(), LIMITS);
    perImpression = await sellCampaign(app, { campaign: { budget: { totalMicros: 2_500 } } });
    perClick = await sellCampaign(app, { campaign: { budget: { dailyMicros: 1_000 } } });
    const clicked = (messageId: string, type: 'impression' | 'click') =>
      eventOf(perClick, { messageId, type, chargedFor: 'click', priceMicros: 700 });
    const messages = ['a', 'b', 'c', 'd'].map((messageId) => eventOf(perImpression, { messageId }));
    await settlement.settle(await acceptBatch(app, messages.slice(0, 3)));
    await settlement.settle(
      await acceptBatch(app, [
        ...messages.slice(3),
        ...['e', 'f'].flatMap((messageId) => [clicked(messageId, 'impression'), clicked(messageId, 'click')]),
        // Costs nothing, and so lacks nothing.
        eventOf(perImpression, { messageId: 'a', type: 'click' }),
      ]),
    );
  });

  afterAll(async () => {
    redis.disconnect();
    await app.close();
  });

  it('is told by reports, among what was shown and tapped, and is not billed', async () => {
    const key = await issueKey(app, { role: 'advertiser', advertiserId: perImpression.advertiserId });
    const shown = {
      ...{ campaign: perImpression.campaignId, currency: 'KRW', impressions: 4, clicks: 1, spendMicros: 2_000 },
      ...{ overBudgetImpressions: 2, overBudgetClicks: 0 },
    };
    expect(rowsOf(await report(app, QUERY, { key }))).toEqual([shown]);
    const tapped = {
      ...{ campaign: perClick.campaignId, currency: 'KRW', impressions: 2, clicks: 2, spendMicros: 700 },
      ...{ overBudgetImpressions: 0, overBudgetClicks: 1 },
    };
    expect(rowsOf(await report(app, { ...QUERY, campaignId: perClick.campaignId }))).toEqual([tapped]);
    const balance = await app.request('GET', `/v1/advertisers/${perImpression.advertiserId}/balance`);
    expect(balance.body).toMatchObject({ spentMicros: 2_000 });
  });

  it('is told in CSV, and apart from money in one row of all currencies', async () => {
    const csv = await report(app, { ...QUERY, campaignId: perClick.campaignId }, { headers: { accept: 'text/csv' } });
    expect(csv.text).toBe(`campaign,currency,${METRICS}\r\n${perClick.campaignId},KRW,2,2,700,0,1\r\n`);
    const total = { from: QUERY.from, to: QUERY.to, metrics: 'overBudgetImpressions,overBudgetClicks' };
    expect(rowsOf(await report(app, total))).toEqual([{ overBudgetImpressions: 2, overBudgetClicks: 1 }]);
  });

  it('is what the audit counts from the events', async () => {
    const reports = async () => (await runAudit(app.databaseUrl, { now: NOON })).find(({ name }) => name === 'reports');
    expect(await reports()).toMatchObject({ breaches: 0 });
    const change = (sign: string) =>
      app.dataSource.query(`UPDATE report_rows SET over_budget_clicks = over_budget_clicks ${sign} 1`);
    await change('+');
    expect(await reports()).toMatchObject({ checked: 2, breaches: 2 });
    await change('-');
  });
});
