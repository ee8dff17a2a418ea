import { expect } from '@jest/globals';
import type { DataSource } from 'typeorm';
import type { TestApp, TestResponse } from '../servers/test-app.js';
import { createAdvertiser } from './fixtures.js';
import type { AnswerRow, StoredRow } from './report-oracle.js';

/** What the tests of reports share: rows as settlement leaves them, and the asking. */
export const QUARTER_MS = 15 * 60_000;

export function storedRow(bucketAt: number, advertiser: string): StoredRow {
  const ids = { campaign: 'cmp_x', adGroup: 'adg_x', creative: 'crv_x', placement: 'chat_list' };
  const counts = { impressions: 0, clicks: 0, hides: 0, conversions: 0, overBudgetImpressions: 0, overBudgetClicks: 0 };
  return { bucketAt, advertiser, ...ids, ...counts, spend: 0 };
}

export async function insertRows(dataSource: DataSource, rows: readonly object[]): Promise<void> {
  await dataSource.query(
    `INSERT INTO report_rows (bucket_at, advertiser_id, campaign_id, ad_group_id, creative_id, placement,
                              impressions, clicks, hides, conversions, spend_micros,
                              over_budget_impressions, over_budget_clicks)
     SELECT to_timestamp("bucketAt" / 1000.0), advertiser, campaign, "adGroup", creative, placement,
            coalesce(impressions, 0), coalesce(clicks, 0), coalesce(hides, 0), coalesce(conversions, 0), coalesce(spend, 0),
            coalesce("overBudgetImpressions", 0), coalesce("overBudgetClicks", 0)
     FROM jsonb_to_recordset($1::jsonb) AS row ("bucketAt" bigint, advertiser text, campaign text, "adGroup" text,
       creative text, placement text, impressions bigint, clicks bigint, hides bigint, conversions bigint, spend bigint,
       "overBudgetImpressions" bigint, "overBudgetClicks" bigint)`,
    [JSON.stringify(rows)],
  );
}

export async function insertInvalidRows(dataSource: DataSource, rows: readonly StoredRow[]): Promise<void> {
  await dataSource.query(
    `INSERT INTO invalid_traffic_rows (bucket_at, advertiser_id, campaign_id, ad_group_id, creative_id, placement, reason,
                                       impressions, clicks, hides, conversions)
     SELECT to_timestamp("bucketAt" / 1000.0), advertiser, campaign, "adGroup", creative, placement, "invalidReason",
            impressions, clicks, hides, conversions
     FROM jsonb_to_recordset($1::jsonb) AS row ("bucketAt" bigint, advertiser text, campaign text, "adGroup" text,
       creative text, placement text, "invalidReason" text, impressions bigint, clicks bigint, hides bigint,
       conversions bigint)`,
    [JSON.stringify(rows)],
  );
}

export async function issueKey(app: TestApp, of: object): Promise<string> {
  return ((await app.request('POST', '/v1/api-keys', { name: 'test', ...of })).body as { key: string }).key;
}

export interface ReportedAdvertiser {
  readonly id: string;
  readonly key: string;
  readonly currency: string;
}

/** Two of one currency and one of another, each with a key of its own. */
export function createReportedAdvertisers(app: TestApp): Promise<readonly ReportedAdvertiser[]> {
  return Promise.all(
    ['KRW', 'KRW', 'USD'].map(async (currency) => {
      const id = await createAdvertiser(app, { currency }, 0);
      return { id, currency, key: await issueKey(app, { role: 'advertiser', advertiserId: id }) };
    }),
  );
}

export function report(
  app: TestApp,
  query: Readonly<Record<string, string>>,
  options: { key?: string | null; headers?: Record<string, string> } = {},
): Promise<TestResponse> {
  return app.request('GET', `/v1/reports?${new URLSearchParams(query).toString()}`, undefined, options);
}

export function rowsOf(response: TestResponse): readonly AnswerRow[] {
  expect({ status: response.status, text: response.status === 200 ? '' : response.text }).toEqual({
    status: 200,
    text: '',
  });
  return (response.body as { rows: readonly AnswerRow[] }).rows;
}
