import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { startTestApp, type TestApp } from '../servers/test-app.js';
import { invalidRows, requests, storedRows } from './report-arbitraries.js';
import {
  createReportedAdvertisers,
  insertInvalidRows,
  insertRows,
  QUARTER_MS,
  report,
  type ReportedAdvertiser,
  rowsOf,
  storedRow,
} from './report-fixtures.js';
import { type NaiveRequest, naiveReport, parseCsv, type RowDimension, type StoredRow } from './report-oracle.js';

const FILTER_NAMES = {
  advertiser: 'advertiserId',
  campaign: 'campaignId',
  adGroup: 'adGroupId',
  creative: 'creativeId',
  placement: 'placement',
} as const;

describe('reports', () => {
  let app: TestApp;
  let advertisers: readonly ReportedAdvertiser[];
  let stored: readonly StoredRow[];
  /** With those of invalid traffic. */
  let all: readonly StoredRow[];

  beforeAll(async () => {
    app = await startTestApp();
    advertisers = await createReportedAdvertisers(app);
    stored = fc.sample(storedRows(advertisers.map(({ id }) => id)), { numRuns: 1 })[0] ?? [];
    await insertRows(app.dataSource, stored);
    const invalid = fc.sample(invalidRows(advertisers.map(({ id }) => id)), { numRuns: 1 })[0] ?? [];
    await insertInvalidRows(app.dataSource, invalid);
    all = [...stored, ...invalid];
  });

  afterAll(() => app.close());

  const currencyOf = (id: string): string => advertisers.find((advertiser) => advertiser.id === id)?.currency ?? '';

  function toQuery(request: NaiveRequest): Record<string, string> {
    const { from, to, timeZone, granularity, dimensions, metrics, filters } = request;
    return {
      ...{ from: new Date(from).toISOString(), to: new Date(to).toISOString(), timeZone, granularity },
      ...(dimensions.length > 0 ? { dimensions: dimensions.join(',') } : {}),
      metrics: metrics.join(','),
      ...Object.fromEntries(
        Object.entries(filters).map(([name, ids]) => [FILTER_NAMES[name as RowDimension], ids.join(',')]),
      ),
    };
  }

  describe('numbers', () => {
    it('are those of a naive count, in any zone, over days on which the clock is moved', async () => {
      const seen = { rows: 0, nonEmpty: 0 };
      await fc.assert(
        fc.asyncProperty(requests(stored), async (request) => {
          const expected = naiveReport(all, request, currencyOf);
          // As text, so that the order of rows and fields counts too.
          expect(JSON.stringify(rowsOf(await report(app, toQuery(request))))).toBe(JSON.stringify(expected));
          seen.rows += expected.length;
          seen.nonEmpty += Number(expected.length > 0);
        }),
        { numRuns: 100 },
      );
      expect(seen.rows).toBeGreaterThan(300);
      expect(seen.nonEmpty).toBeGreaterThan(20);
    });

    it('are the same in CSV, with a header line', async () => {
      await fc.assert(
        fc.asyncProperty(requests(stored), async (request) => {
          const csv = await report(app, toQuery(request), { headers: { accept: 'text/csv' } });
          expect(csv.headers.get('content-type')).toBe('text/csv; charset=utf-8; header=present');
          const [header = [], ...lines] = parseCsv(csv.text);
          const expected = naiveReport(all, request, currencyOf);
          expect(lines).toEqual(expected.map((row) => header.map((name) => harmless(row[name] ?? ''))));
          expect(header).toEqual(expected[0] === undefined ? header : Object.keys(expected[0]));
        }),
        { numRuns: 30 },
      );
    });

    it('of hours add up to those of days, and those to the total', async () => {
      const interval = {
        from: '2026-10-01',
        to: '2026-12-01',
        timeZone: 'America/New_York',
        metrics: 'clicks,impressions',
      };
      const total = async (granularity: string): Promise<readonly (number | null)[]> => {
        const rows = rowsOf(await report(app, { ...interval, granularity }));
        return ['clicks', 'impressions'].map((name) => rows.reduce((sum, row) => sum + Number(row[name]), 0));
      };
      const expected = await total('total');
      expect(expected[0]).toBeGreaterThan(0);
      expect([await total('hour'), await total('day')]).toEqual([expected, expected]);
    });

    it('of a local date are those of its first to its last instant', async () => {
      const dates = rowsOf(await report(app, { from: '2026-10-25', to: '2026-10-26', timeZone: 'Europe/Berlin' }));
      const instants = rowsOf(await report(app, { from: '2026-10-24T22:00:00Z', to: '2026-10-26T00:00:00+01:00' }));
      expect(dates.length).toBeGreaterThan(0);
      expect(dates).toEqual(instants);
    });

    it('shows impressions, clicks, ctr and spend in total where nothing else is asked for', async () => {
      const [row = {}] = rowsOf(await report(app, { from: '2026-01-01', to: '2027-01-01' }));
      expect(Object.keys(row)).toEqual(['currency', 'impressions', 'clicks', 'ctr', 'spendMicros']);
    });

    it('never adds up money of two currencies', async () => {
      const rows = rowsOf(await report(app, { from: '2026-01-01', to: '2027-01-01', metrics: 'spendMicros' }));
      const spent = (currency: string): number =>
        stored.reduce((sum, row) => sum + (currencyOf(row.advertiser) === currency ? row.spend : 0), 0);
      expect(rows).toEqual(['KRW', 'USD'].map((currency) => ({ currency, spendMicros: spent(currency) })));
    });

    it('answers no rows where there are no events', async () => {
      for (const metrics of ['impressions', 'spendMicros']) {
        expect(rowsOf(await report(app, { from: '2031-01-01', to: '2031-02-01', metrics }))).toEqual([]);
      }
      const csv = await report(app, { from: '2031-01-01', to: '2031-02-01' }, { headers: { accept: 'text/csv' } });
      expect(csv.text).toBe('currency,impressions,clicks,ctr,spendMicros\r\n');
    });

    it('are exact above 2^53', async () => {
      const most = 2n ** 63n - 1n;
      const parts = [0, 1, 2].map((quarter) => ({
        ...storedRow(Date.parse('2020-01-01T00:00Z') + quarter * QUARTER_MS, advertisers[0]?.id ?? ''),
        ...{ impressions: quarter === 0 ? 3 : 0, clicks: quarter === 2 ? 2 : 0 },
      }));
      await insertRows(app.dataSource, parts);
      await app.dataSource.query(`UPDATE report_rows SET spend_micros = $1 WHERE bucket_at < '2021-01-01'`, [
        String(most),
      ]);
      const query = { from: '2020-01-01', to: '2020-01-02', metrics: 'spendMicros,ecpmMicros,ctr' };
      const digits = `"spendMicros":${3n * most},"ecpmMicros":${1_000n * most},"ctr":0.666667`;
      expect((await report(app, query)).text).toContain(`"rows":[{"currency":"KRW",${digits}}]`);
      const csv = await report(app, query, { headers: { accept: 'text/csv' } });
      expect(csv.text).toBe(`currency,spendMicros,ecpmMicros,ctr\r\nKRW,${3n * most},${1_000n * most},0.666667\r\n`);
    });
  });

  describe('rows', () => {
    const manyRows = { from: '2019-01-01', to: '2019-01-02', metrics: 'impressions', dimensions: 'creative' };

    it('are 100,000 at most, and a refusal beyond says what to do', async () => {
      await app.dataSource.query(
        `INSERT INTO report_rows (bucket_at, advertiser_id, campaign_id, ad_group_id, creative_id, placement, impressions)
         SELECT '2019-01-01T00:00Z', 'adv_x', 'cmp_x', 'adg_x', 'crv_' || lpad(n::text, 6, '0'), 'chat_list', n
         FROM generate_series(1, 100000) n`,
      );
      const rows = rowsOf(await report(app, manyRows));
      expect(rows).toHaveLength(100_000);
      expect(rows[99_998]).toEqual({ creative: 'crv_099999', impressions: 99_999 });
      await insertRows(app.dataSource, [
        { ...storedRow(Date.parse('2019-01-01T12:00Z'), 'adv_x'), creative: 'crv_one_more' },
      ]);
      const refused = await report(app, manyRows);
      expect(refused.status).toBe(422);
      expect(refused.body).toMatchObject({
        code: 'report_too_large',
        detail: expect.stringContaining('shorter interval'),
      });
    });
  });

  describe('forms', () => {
    const query = { from: '2018-01-01', to: '2018-01-02', dimensions: 'campaign,adGroup', metrics: 'impressions,ctr' };

    it('keeps a spreadsheet from taking a cell for a formula, and quotes what CSV needs quoted', async () => {
      const nasty = ['=1+1', '+1', '-1', '@x', '\tx', '\rx', '＝1', 'a,b', 'say "hi"', 'two\r\nlines', '맞춤', '1=1'];
      const rows = nasty.map((campaign, index) => ({
        ...storedRow(Date.parse('2018-01-01T00:00Z') + index * QUARTER_MS, advertisers[0]?.id ?? ''),
        ...{ campaign, impressions: index },
      }));
      await insertRows(app.dataSource, rows);
      const { text, headers } = await report(app, query, { headers: { accept: 'text/csv' } });
      expect(headers.get('content-disposition')).toBe('attachment; filename="report.csv"');
      const [header, ...lines] = parseCsv(text);
      expect(header).toEqual(['campaign', 'adGroup', 'impressions', 'ctr']);
      const expected = nasty.map((campaign, index) => [
        harmless(campaign),
        'adg_x',
        String(index),
        index === 0 ? '' : '0',
      ]);
      expect(lines).toEqual([...expected].sort(([a = ''], [b = '']) => Buffer.compare(bare(a), bare(b))));
      expect(lines.filter(([campaign = '']) => campaign.startsWith("'"))).toHaveLength(7);
      const json = rowsOf(await report(app, query));
      expect(json.map(({ campaign }) => campaign).sort()).toEqual([...nasty].sort());
    });

    it('answers JSON unless CSV is preferred, and refuses what it can not write', async () => {
      const type = async (accept: string): Promise<unknown> => {
        const { status, headers } = await report(app, query, { headers: { accept } });
        return [status, headers.get('content-type')];
      };
      expect(await type('*/*')).toEqual([200, 'application/json; charset=utf-8']);
      expect(await type('text/csv;q=0.5, application/json')).toEqual([200, 'application/json; charset=utf-8']);
      expect(await type('application/pdf')).toEqual([406, 'application/problem+json; charset=utf-8']);
    });
  });
});

/** As the CSV has it: what would be a formula starts with an apostrophe. */
function harmless(value: string | number): string {
  const text = String(value);
  return typeof value === 'string' && /^[=+\-@\t\r\n＝＋－＠]/.test(text) ? `'${text}` : text;
}

function bare(cell: string): Buffer {
  return Buffer.from(cell.replace(/^'/, ''));
}
