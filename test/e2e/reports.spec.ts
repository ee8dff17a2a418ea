import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { DataSource } from 'typeorm';
import { eventually, startTestApp, type TestApp, type TestResponse } from '../servers/test-app.js';
import {
  type AnswerRow,
  type NaiveRequest,
  naiveReport,
  parseCsv,
  type RowDimension,
  type StoredRow,
} from './report-oracle.js';

const QUARTER_MS = 15 * 60_000;
const DAY_MS = 86_400_000;
const DIMENSIONS: readonly RowDimension[] = ['advertiser', 'campaign', 'adGroup', 'creative', 'placement'];
const METRICS = ['impressions', 'clicks', 'hides', 'conversions', 'ctr', 'spendMicros', 'ecpmMicros'] as const;
const FILTER_NAMES = {
  advertiser: 'advertiserId',
  campaign: 'campaignId',
  adGroup: 'adGroupId',
  creative: 'creativeId',
  placement: 'placement',
} as const;

/** Instants of 2026 at which clocks are moved; Lord Howe's by half an hour. */
const ZONES = {
  'Asia/Seoul': ['2026-05-01T15:00Z'],
  'Asia/Kolkata': ['2026-05-01T18:30Z'],
  'America/New_York': ['2026-03-08T07:00Z', '2026-11-01T06:00Z'],
  'Europe/Berlin': ['2026-03-29T01:00Z', '2026-10-25T01:00Z'],
  'Australia/Lord_Howe': ['2026-04-04T15:00Z', '2026-10-03T15:30Z'],
  UTC: ['2026-06-30T00:00Z'],
} as const;
const CHANGES = Object.values(ZONES).flatMap((times) => times.map((time) => Date.parse(time)));

async function insertRows(dataSource: DataSource, rows: readonly object[]): Promise<void> {
  await dataSource.query(
    `INSERT INTO report_rows (bucket_at, advertiser_id, campaign_id, ad_group_id, creative_id, placement,
                              impressions, clicks, hides, conversions, spend_micros)
     SELECT to_timestamp("bucketAt" / 1000.0), advertiser, campaign, "adGroup", creative, placement,
            coalesce(impressions, 0), coalesce(clicks, 0), coalesce(hides, 0), coalesce(conversions, 0), coalesce(spend, 0)
     FROM jsonb_to_recordset($1::jsonb) AS row ("bucketAt" bigint, advertiser text, campaign text, "adGroup" text,
       creative text, placement text, impressions bigint, clicks bigint, hides bigint, conversions bigint, spend bigint)`,
    [JSON.stringify(rows)],
  );
}

async function createAdvertiser(app: TestApp, currency: string): Promise<{ id: string; key: string }> {
  const advertiser = await app.request('POST', '/v1/advertisers', { name: '광고주', currency, timeZone: 'Asia/Seoul' });
  const { id } = advertiser.body as { id: string };
  return { id, key: await issueKey(app, { role: 'advertiser', advertiserId: id }) };
}

async function issueKey(app: TestApp, of: object): Promise<string> {
  return ((await app.request('POST', '/v1/api-keys', { name: 'test', ...of })).body as { key: string }).key;
}

function report(
  app: TestApp,
  query: Readonly<Record<string, string>>,
  options: { key?: string | null; headers?: Record<string, string> } = {},
): Promise<TestResponse> {
  return app.request('GET', `/v1/reports?${new URLSearchParams(query).toString()}`, undefined, options);
}

function rowsOf(response: TestResponse): readonly AnswerRow[] {
  expect({ status: response.status, text: response.status === 200 ? '' : response.text }).toEqual({
    status: 200,
    text: '',
  });
  return (response.body as { rows: readonly AnswerRow[] }).rows;
}

describe('reports', () => {
  let app: TestApp;
  let advertisers: readonly { id: string; key: string; currency: string }[];
  let stored: readonly StoredRow[];
  let analystKey: string;

  beforeAll(async () => {
    // No worker: nothing settles the batches that tests put in.
    app = await startTestApp({ env: { CLOCK: 'simulated', ROLE: 'api' } });
    analystKey = await issueKey(app, { role: 'analyst' });
    const currencies = ['KRW', 'KRW', 'USD'];
    advertisers = await Promise.all(
      currencies.map(async (currency) => ({ currency, ...(await createAdvertiser(app, currency)) })),
    );
    stored = fc.sample(storedRows(advertisers.map(({ id }) => id)), { numRuns: 1, seed: 20260325 })[0] ?? [];
    await insertRows(app.dataSource, stored);
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
          const expected = naiveReport(stored, request, currencyOf);
          // As text, so that the order of rows and fields counts too.
          expect(JSON.stringify(rowsOf(await report(app, toQuery(request))))).toBe(JSON.stringify(expected));
          seen.rows += expected.length;
          seen.nonEmpty += Number(expected.length > 0);
        }),
        { numRuns: 150 },
      );
      expect(seen.rows).toBeGreaterThan(1_000);
      expect(seen.nonEmpty).toBeGreaterThan(75);
    });

    it('are the same in CSV, with a header line', async () => {
      await fc.assert(
        fc.asyncProperty(requests(stored), async (request) => {
          const csv = await report(app, toQuery(request), { headers: { accept: 'text/csv' } });
          expect(csv.headers.get('content-type')).toBe('text/csv; charset=utf-8; header=present');
          const [header = [], ...lines] = parseCsv(csv.text);
          const expected = naiveReport(stored, request, currencyOf);
          expect(lines).toEqual(expected.map((row) => header.map((name) => harmless(row[name] ?? ''))));
          expect(header).toEqual(expected[0] === undefined ? header : Object.keys(expected[0]));
        }),
        { numRuns: 50 },
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

  describe('who may see what', () => {
    const year = { from: '2026-01-01', to: '2027-01-01', dimensions: 'advertiser', metrics: 'impressions' };
    const seenBy = async (key: string, filters: Record<string, string> = {}): Promise<readonly unknown[]> =>
      rowsOf(await report(app, { ...year, ...filters }, { key })).map(({ advertiser }) => advertiser);

    it('is all for admin and analyst, and its own rows for an advertiser', async () => {
      const all = advertisers.map(({ id }) => id).sort();
      expect(await seenBy(app.adminKey)).toEqual(all);
      expect(await seenBy(analystKey)).toEqual(all);
      for (const { id, key } of advertisers) expect(await seenBy(key)).toEqual([id]);
    });

    it('shows an advertiser the same of the ids of others as of unknown ones: nothing', async () => {
      const [own, other] = advertisers;
      const foreign = stored.find(({ advertiser }) => advertiser === other?.id && true);
      const key = own?.key ?? '';
      expect(await seenBy(key, { advertiserId: other?.id ?? '' })).toEqual([]);
      expect(await seenBy(key, { advertiserId: 'adv_unknown' })).toEqual([]);
      expect(await seenBy(key, { advertiserId: `${own?.id},${other?.id}` })).toEqual([own?.id]);
      expect(await seenBy(key, { creativeId: foreign?.creative ?? '' })).toEqual([]);
      expect(await seenBy(analystKey, { creativeId: foreign?.creative ?? '' })).toEqual([other?.id]);
    });

    it('is nothing for a chat key and for no key', async () => {
      const chat = await report(app, year, { key: await issueKey(app, { role: 'chat' }) });
      expect([chat.status, (await report(app, year, { key: null })).status]).toEqual([403, 401]);
    });
  });

  describe('how complete it is', () => {
    const at = (time: string) => ({ headers: { 'x-simulated-time': time } });
    const completeness = async (query: Record<string, string>, time: string): Promise<unknown> => {
      const { body, headers } = await report(app, { from: '2027-01-01', ...query }, at(time));
      const { asOf, isFinal } = body as { asOf: string; isFinal: boolean };
      expect([headers.get('x-as-of'), headers.get('x-is-final')]).toEqual([asOf, String(isFinal)]);
      return { asOf, isFinal };
    };

    it('is as of the request where all is settled, and of the oldest batch that is not', async () => {
      const query = { to: '2027-01-02' };
      const now = '2027-03-01T00:00:00.000Z';
      expect(await completeness(query, now)).toEqual({ asOf: now, isFinal: true });
      const receivedAt = ['2027-01-01T12:00:00.250Z', '2027-01-01T12:00:00.000Z', '2027-04-01T00:00:00.000Z'];
      for (const [index, received] of receivedAt.entries()) {
        await app.dataSource.query('INSERT INTO event_batches (id, received_at, event_count) VALUES ($1, $2, 1)', [
          `bat_${index}`,
          received,
        ]);
      }
      expect(await completeness(query, now)).toEqual({ asOf: receivedAt[1], isFinal: false });
      await app.dataSource.query(`UPDATE event_batches SET settled_at = now() WHERE id = 'bat_1'`);
      expect(await completeness(query, now)).toEqual({ asOf: receivedAt[0], isFinal: false });
      await app.dataSource.query(`UPDATE event_batches SET settled_at = now() WHERE id = 'bat_0'`);
      // What is received after the request can't make it more recent than it is.
      expect(await completeness(query, now)).toEqual({ asOf: now, isFinal: true });
      await app.dataSource.query('DELETE FROM event_batches');
    });

    it('is final once holds and commits are over; with conversions, 30 days later', async () => {
      // 600 s is the hold of chat_list, 10 s what a commit may take.
      const query = { to: '2027-01-02' };
      expect(await completeness(query, '2027-01-02T00:10:09.999Z')).toMatchObject({ isFinal: false });
      expect(await completeness(query, '2027-01-02T00:10:10.000Z')).toMatchObject({ isFinal: true });
      const withConversions = { ...query, metrics: 'conversions' };
      expect(await completeness(withConversions, '2027-02-01T00:00:09.999Z')).toMatchObject({ isFinal: false });
      expect(await completeness(withConversions, '2027-02-01T00:00:10.000Z')).toMatchObject({ isFinal: true });
    });

    it('allows for the longest hold, and for what it was before a change', async () => {
      const rules = { maxMessages: 1, firstPosition: 0, spacing: 0, refreshAfterSeconds: 60, holdSeconds: 1_800 };
      const put = (holdSeconds: number, time: string): Promise<TestResponse> =>
        app.request('PUT', '/v1/placements/settings_list', { ...rules, holdSeconds }, at(time));
      expect((await put(1_800, '2027-01-01T00:00:00Z')).status).toBe(200);
      expect(await completeness({ to: '2027-01-02' }, '2027-01-02T00:30:09.999Z')).toMatchObject({ isFinal: false });
      expect(await completeness({ to: '2027-01-02' }, '2027-01-02T00:30:10.000Z')).toMatchObject({ isFinal: true });
      expect((await put(60, '2027-01-01T23:59:59Z')).status).toBe(200);
      expect(await completeness({ to: '2027-01-02' }, '2027-01-03T00:00:09.999Z')).toMatchObject({ isFinal: false });
      expect(await completeness({ to: '2027-01-02' }, '2027-01-03T00:00:10.000Z')).toMatchObject({ isFinal: true });
      expect(await completeness({ to: '2027-01-04' }, '2027-01-04T00:10:10.000Z')).toMatchObject({ isFinal: true });
    });

    it('is read in the same snapshot as the rows', async () => {
      const query = { from: '2028-01-01', to: '2028-01-02', metrics: 'impressions' };
      await app.dataSource.query(
        `INSERT INTO event_batches (id, received_at, event_count) VALUES ('bat_s', '2028-01-01', 1)`,
      );
      const settling = app.dataSource.createQueryRunner();
      await settling.startTransaction();
      await settling.query('LOCK TABLE report_rows IN ACCESS EXCLUSIVE MODE');
      const asked = report(app, query, at('2028-02-01T00:00:00Z'));
      // The report has its time and waits for the rows.
      await eventually(async () => {
        const waiting = await app.dataSource.query<unknown[]>(
          `SELECT FROM pg_locks WHERE NOT granted AND relation = 'report_rows'::regclass`,
        );
        return waiting.length > 0;
      });
      const row = { ...storedRow(Date.parse('2028-01-01T00:00Z'), advertisers[0]?.id ?? ''), impressions: 1 };
      await settling.query(`INSERT INTO report_rows SELECT '2028-01-01', $1, $2, $3, $4, $5, 1`, [
        row.advertiser,
        row.campaign,
        row.adGroup,
        row.creative,
        row.placement,
      ]);
      await settling.query(`UPDATE event_batches SET settled_at = now() WHERE id = 'bat_s'`);
      await settling.commitTransaction();
      await settling.release();
      expect((await asked).body).toEqual({ rows: [], asOf: '2028-01-01T00:00:00.000Z', isFinal: false });
      expect(rowsOf(await report(app, query))).toEqual([{ impressions: 1 }]);
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

  describe('bad input', () => {
    const good = { from: '2026-01-01', to: '2026-01-02' };

    it.each<[string, Record<string, string>, string]>([
      ['no from', { to: '2026-01-02' }, 'from'],
      ['no to', { from: '2026-01-02' }, 'to'],
      ['an unknown parameter', { ...good, dimension: 'campaign' }, 'dimension'],
      ['a parameter in brackets', { ...good, 'metrics[]': 'clicks' }, 'metrics[]'],
      ['a parameter named __proto__', { ...good, ['__proto__']: 'x' }, '__proto__'],
      ['a parameter named constructor', { ...good, constructor: 'x' }, 'constructor'],
      ['a dimension that does not exist', { ...good, dimensions: 'campaign,toString' }, 'dimensions'],
      ...['position', 'os', 'region', 'country', 'ageBand', 'gender', 'segment'].map(
        (name): [string, Record<string, string>, string] => [
          `the dimension ${name}`,
          { ...good, dimensions: name },
          'dimensions',
        ],
      ),
      ...['requests', 'reach', 'frequency', 'spend', '__proto__'].map(
        (name): [string, Record<string, string>, string] => [
          `the metric ${name}`,
          { ...good, metrics: name },
          'metrics',
        ],
      ),
      ['no dimension', { ...good, dimensions: '' }, 'dimensions'],
      ['an empty dimension', { ...good, dimensions: 'campaign,' }, 'dimensions'],
      ['a dimension twice', { ...good, dimensions: 'campaign,campaign' }, 'dimensions'],
      ['a dimension in another case', { ...good, dimensions: 'Campaign' }, 'dimensions'],
      ['no metric', { ...good, metrics: '' }, 'metrics'],
      ['another granularity', { ...good, granularity: 'week' }, 'granularity'],
      ['an offset for a time zone', { ...good, timeZone: '+09:00' }, 'timeZone'],
      ['an unknown time zone', { ...good, timeZone: 'Asia/Busan' }, 'timeZone'],
      ['a NUL in the time zone', { ...good, timeZone: 'UTC\0' }, 'timeZone'],
      ['a long time zone', { ...good, timeZone: `Asia/${'x'.repeat(8_000)}` }, 'timeZone'],
      ['a reversed interval', { from: '2026-01-02', to: '2026-01-01' }, 'to'],
      ['an empty interval', { from: '2026-01-01', to: '2026-01-01T00:00:00Z' }, 'to'],
      ['the year 0', { ...good, from: '0000-01-01' }, 'from'],
      ['the year 2200', { ...good, to: '2200-01-01T00:00:00Z' }, 'to'],
      ['30 February', { ...good, from: '2026-02-30' }, 'from'],
      ['a time without a zone', { ...good, from: '2026-01-01T00:00:00' }, 'from'],
      ['a number for a time', { ...good, from: '1767225600' }, 'from'],
      ['a NUL in a time', { ...good, from: '2026-01-01\0' }, 'from'],
      ['a time in a quarter of an hour', { ...good, to: '2026-01-01T12:01:00Z' }, 'to'],
      ['a millisecond too many', { ...good, to: '2026-01-01T12:00:00.001Z' }, 'to'],
      ['94 days by hour', { from: '2026-01-01', to: '2026-04-05', granularity: 'hour' }, 'to'],
      ['six years by day', { from: '2026-01-01', to: '2032-01-01', granularity: 'day' }, 'to'],
      ['eleven years', { from: '2026-01-01', to: '2037-01-01' }, 'to'],
      ['an empty filter', { ...good, campaignId: '' }, 'campaignId'],
      ['an empty id', { ...good, creativeId: 'a,,b' }, 'creativeId'],
      ['a long id', { ...good, adGroupId: 'x'.repeat(65) }, 'adGroupId'],
      ['a NUL in an id', { ...good, advertiserId: 'adv\0' }, 'advertiserId'],
      ['101 ids', { ...good, placement: Array.from({ length: 101 }, (_, n) => `p${n}`).join(',') }, 'placement'],
      ['SQL for a placement', { ...good, placement: "x') OR true; --" }, 'placement'],
    ])('refuses %s and names the parameter', async (_what, query, path) => {
      const { status, body } = await report(app, query);
      expect(status).toBe(422);
      expect((body as { errors: { path: string }[] }).errors.map((error) => error.path)).toEqual([path]);
    });

    it('names every fault at once, and what there is to choose from', async () => {
      const { body } = await report(app, { from: 'x', dimensions: 'os', metrics: 'reach', limit: '1' });
      const { errors } = body as { errors: { path: string; message: string }[] };
      expect(errors.map(({ path }) => path).sort()).toEqual(['dimensions', 'from', 'limit', 'metrics', 'to']);
      const message = errors.find(({ path }) => path === 'dimensions')?.message;
      expect(message).toBe("'os' is not supported; supported are advertiser, campaign, adGroup, creative, placement");
    });

    it('refuses a parameter that is given twice', async () => {
      const { status, body } = await app.request('GET', '/v1/reports?from=2026-01-01&to=2026-01-02&to=2026-01-03');
      expect(status).toBe(422);
      expect(body).toMatchObject({ errors: [{ path: 'to', message: 'must be given once' }] });
    });

    it('explains a plus that became a space', async () => {
      const { body } = await app.request('GET', '/v1/reports?from=2026-01-01T00:00:00+09:00&to=2026-01-02');
      expect(body).toMatchObject({ errors: [{ path: 'from', message: expect.stringContaining('%2B') }] });
    });

    it('answers 4xx, never 5xx, for whatever is in the query', async () => {
      const names = ['from', 'to', 'timeZone', 'granularity', 'dimensions', 'metrics', 'campaignId', 'placement'];
      const anyText = fc.oneof(
        fc.string({ unit: 'binary' }),
        fc.constantFrom(
          '%00',
          '%',
          '2026-01-01',
          'UTC',
          'day',
          'campaign,',
          "'",
          '1e9',
          '٢٠٢٦-01-01',
          '2026-01-01T24:00:00Z',
        ),
      );
      await fc.assert(
        fc.asyncProperty(fc.dictionary(fc.oneof(fc.constantFrom(...names), fc.string()), anyText), async (query) => {
          const raw = Object.entries(query).map(([name, value]) => `${escapeLoosely(name)}=${escapeLoosely(value)}`);
          const { status } = await app.request('GET', `/v1/reports?${raw.join('&')}`);
          expect([200, 422]).toContain(status);
        }),
        { numRuns: 150 },
      );
    });
  });
});

/** What can't stand in a URL is escaped, a percent sign is not: broken escapes must come through. */
function escapeLoosely(text: string): string {
  return encodeURIComponent(text.toWellFormed()).replaceAll('%25', '%');
}

/** As the CSV has it: what would be a formula starts with an apostrophe. */
function harmless(value: string | number): string {
  const text = String(value);
  return typeof value === 'string' && /^[=+\-@\t\r\n＝＋－＠]/.test(text) ? `'${text}` : text;
}

function bare(cell: string): Buffer {
  return Buffer.from(cell.replace(/^'/, ''));
}

function storedRow(bucketAt: number, advertiser: string): StoredRow {
  const ids = { campaign: 'cmp_x', adGroup: 'adg_x', creative: 'crv_x', placement: 'chat_list' };
  return { bucketAt, advertiser, ...ids, impressions: 0, clicks: 0, hides: 0, conversions: 0, spend: 0 };
}

/** Quarters around the changes of clocks, and some anywhere in the year. */
const anyBucket = fc.oneof(
  { weight: 4, arbitrary: fc.tuple(fc.constantFrom(...CHANGES), fc.integer({ min: -144, max: 144 })) },
  { weight: 1, arbitrary: fc.tuple(fc.constant(Date.UTC(2026)), fc.integer({ min: 0, max: 364 * 96 })) },
);

/** Rows of 2026: each advertiser has two campaigns, each of them two ad groups with a creative. */
function storedRows(advertisers: readonly string[]): fc.Arbitrary<StoredRow[]> {
  const anyRow = fc
    .record({
      bucket: anyBucket,
      creative: fc.tuple(fc.nat({ max: advertisers.length - 1 }), fc.nat({ max: 1 }), fc.nat({ max: 1 })),
      placement: fc.constantFrom('chat_list', 'settings_list'),
      impressions: fc.oneof(fc.constant(0), fc.nat({ max: 5_000 })),
      clicks: fc.nat({ max: 200 }),
      hides: fc.nat({ max: 20 }),
      conversions: fc.nat({ max: 5 }),
      spend: fc.nat({ max: 1_000_000_000 }),
    })
    .map(({ bucket: [near, quarters], creative: [a, c, g], ...rest }) => ({
      ...rest,
      bucketAt: near + quarters * QUARTER_MS,
      ...{
        advertiser: advertisers[a] ?? '',
        campaign: `cmp_${a}${c}`,
        adGroup: `adg_${a}${c}${g}`,
        creative: `crv_${a}${c}${g}`,
      },
    }));
  return fc.uniqueArray(anyRow, {
    minLength: 4_000,
    maxLength: 4_000,
    selector: ({ bucketAt, creative, placement }) => `${bucketAt} ${creative} ${placement}`,
  });
}

function requests(stored: readonly StoredRow[]): fc.Arbitrary<NaiveRequest> {
  const values = (name: RowDimension): readonly string[] => [...new Set(stored.map((row) => row[name])), 'unknown'];
  const filter = (name: RowDimension) =>
    fc.uniqueArray(fc.constantFrom(...values(name)), { minLength: 1, maxLength: 4 });
  const zoned = fc
    .constantFrom(...(Object.keys(ZONES) as (keyof typeof ZONES)[]))
    .chain((timeZone) => fc.record({ timeZone: fc.constant(timeZone), near: fc.constantFrom(...ZONES[timeZone]) }));
  return fc
    .record({
      zoned,
      start: fc.integer({ min: -200, max: 100 }),
      length: fc.oneof(fc.integer({ min: 1, max: 400 }), fc.constant(90 * 96)),
      granularity: fc.constantFrom('hour' as const, 'day' as const, 'total' as const),
      dimensions: fc.shuffledSubarray([...DIMENSIONS], { maxLength: 3 }),
      metrics: fc.shuffledSubarray([...METRICS], { minLength: 1 }),
      filters: fc.record(
        Object.fromEntries(DIMENSIONS.map((name) => [name, filter(name)])) as Record<
          RowDimension,
          fc.Arbitrary<string[]>
        >,
        { requiredKeys: [] },
      ),
      isFiltered: fc.boolean(),
    })
    .map(({ zoned: { timeZone, near }, start, length, filters, isFiltered, ...rest }) => {
      const from = Date.parse(near) + start * QUARTER_MS;
      return {
        ...rest,
        timeZone,
        from,
        to: from + Math.min(length * QUARTER_MS, 93 * DAY_MS),
        filters: isFiltered ? filters : {},
      };
    });
}
