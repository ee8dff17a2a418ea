import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { startTestApp, type TestApp } from '../servers/test-app.js';
import { insertInvalidRows, insertRows, issueKey, QUARTER_MS, report, rowsOf, storedRow } from './report-fixtures.js';
import {
  INVALID_METRICS,
  type NaiveRequest,
  naiveReport,
  parseCsv,
  type RowDimension,
  type StoredRow,
} from './report-oracle.js';

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

async function createAdvertiser(app: TestApp, currency: string): Promise<{ id: string; key: string }> {
  const advertiser = await app.request('POST', '/v1/advertisers', { name: '광고주', currency, timeZone: 'Asia/Seoul' });
  const { id } = advertiser.body as { id: string };
  return { id, key: await issueKey(app, { role: 'advertiser', advertiserId: id }) };
}

describe('reports', () => {
  let app: TestApp;
  let advertisers: readonly { id: string; key: string; currency: string }[];
  let stored: readonly StoredRow[];
  /** With those of invalid traffic. */
  let all: readonly StoredRow[];
  let analystKey: string;

  beforeAll(async () => {
    app = await startTestApp();
    analystKey = await issueKey(app, { role: 'analyst' });
    const currencies = ['KRW', 'KRW', 'USD'];
    advertisers = await Promise.all(
      currencies.map(async (currency) => ({ currency, ...(await createAdvertiser(app, currency)) })),
    );
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
      const foreign = stored.find(({ advertiser }) => advertiser === other?.id);
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

  describe('invalid traffic', () => {
    const query = { from: '2017-01-01', to: '2017-01-02', metrics: 'invalidClicks', dimensions: 'invalidReason' };
    const at = Date.parse('2017-01-01T00:00Z');

    beforeAll(async () => {
      const [own, other] = advertisers;
      const forged = { advertiser: '', campaign: '', adGroup: '', creative: '', placement: '' };
      const rows = [
        { ...storedRow(at, own?.id ?? ''), creative: 'crv_own', invalidReason: 'click_rate', clicks: 3 },
        { ...storedRow(at, other?.id ?? ''), creative: 'crv_other', invalidReason: 'bot', clicks: 5 },
        { ...storedRow(at, ''), ...forged, invalidReason: 'invalid_token', clicks: 7 },
      ];
      await insertInvalidRows(app.dataSource, rows);
      await insertRows(app.dataSource, [{ ...storedRow(at, own?.id ?? ''), creative: 'crv_own', clicks: 11 }]);
    });

    it('is apart from what is valid, by reason', async () => {
      expect(rowsOf(await report(app, query))).toEqual([
        { invalidReason: 'bot', invalidClicks: 5 },
        { invalidReason: 'click_rate', invalidClicks: 3 },
        { invalidReason: 'invalid_token', invalidClicks: 7 },
      ]);
      const beside = { from: query.from, to: query.to, metrics: 'clicks,invalidClicks' };
      expect(rowsOf(await report(app, beside))).toEqual([{ clicks: 11, invalidClicks: 15 }]);
      expect(rowsOf(await report(app, { ...beside, metrics: 'clicks' }))).toEqual([{ clicks: 11 }]);
    });

    it('of others, and forged tokens, are not shown to an advertiser', async () => {
      const key = advertisers[0]?.key ?? '';
      expect(rowsOf(await report(app, query, { key }))).toEqual([{ invalidReason: 'click_rate', invalidClicks: 3 }]);
      const all = { ...query, dimensions: 'advertiser', metrics: 'clicks,invalidClicks' };
      expect(rowsOf(await report(app, all, { key }))).toEqual([
        { advertiser: advertisers[0]?.id, clicks: 11, invalidClicks: 3 },
      ]);
    });

    it('shows forged tokens beside money without a currency', async () => {
      const money = { from: query.from, to: query.to, metrics: 'spendMicros,invalidClicks' };
      expect(rowsOf(await report(app, money))[0]).toEqual({ currency: '', spendMicros: 0, invalidClicks: 7 });
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
    minLength: 2_000,
    maxLength: 2_000,
    selector: ({ bucketAt, creative, placement }) => `${bucketAt} ${creative} ${placement}`,
  });
}

const REASONS = ['duplicate', 'expired', 'click_rate', 'invalid_token'];

/** In the places of `storedRows`, and at no place. */
function invalidRows(advertisers: readonly string[]): fc.Arbitrary<StoredRow[]> {
  const nowhere = { advertiser: '', campaign: '', adGroup: '', creative: '', placement: '' };
  const withReason = fc
    .record({
      rows: storedRows(advertisers),
      reasons: fc.array(fc.constantFrom(...REASONS), { minLength: 1, maxLength: 9 }),
    })
    .map(({ rows, reasons }) =>
      rows.slice(0, 1_000).map((row, i): StoredRow => {
        const invalidReason = reasons[i % reasons.length] ?? '';
        return { ...row, ...(i % 10 === 0 ? nowhere : {}), spend: 0, invalidReason };
      }),
    );
  return withReason.map((rows) => [
    ...new Map(
      rows.map((row) => [`${row.bucketAt} ${row.creative} ${row.placement} ${row.invalidReason}`, row]),
    ).values(),
  ]);
}

/** Valid metrics, invalid ones, or both; reasons with invalid ones alone. */
const shown = fc.oneof(
  fc.record({
    metrics: fc.shuffledSubarray([...METRICS], { minLength: 1 }),
    dimensions: fc.shuffledSubarray([...DIMENSIONS], { maxLength: 3 }),
  }),
  fc.record({
    metrics: fc.shuffledSubarray(INVALID_METRICS, { minLength: 1 }),
    dimensions: fc.shuffledSubarray([...DIMENSIONS, 'invalidReason' as const], { maxLength: 3 }),
  }),
  fc.record({
    metrics: fc.shuffledSubarray([...METRICS, ...INVALID_METRICS], { minLength: 1 }),
    dimensions: fc.shuffledSubarray([...DIMENSIONS], { maxLength: 3 }),
  }),
);

function requests(stored: readonly StoredRow[]): fc.Arbitrary<NaiveRequest> {
  const values = (name: RowDimension): readonly string[] => [...new Set(stored.map((row) => row[name])), 'unknown'];
  const filter = (name: RowDimension) =>
    fc.uniqueArray(fc.constantFrom(...values(name)), { minLength: 1, maxLength: 8 });
  const zoned = fc
    .constantFrom(...(Object.keys(ZONES) as (keyof typeof ZONES)[]))
    .chain((timeZone) => fc.record({ timeZone: fc.constant(timeZone), near: fc.constantFrom(...ZONES[timeZone]) }));
  return fc
    .record({
      zoned,
      start: fc.integer({ min: -200, max: 100 }),
      length: fc.oneof(fc.integer({ min: 1, max: 400 }), fc.constant(90 * 96)),
      granularity: fc.constantFrom('hour' as const, 'day' as const, 'total' as const),
      shown,
      filters: fc.record(
        Object.fromEntries(DIMENSIONS.map((name) => [name, filter(name)])) as Record<
          RowDimension,
          fc.Arbitrary<string[]>
        >,
        { requiredKeys: [] },
      ),
      isFiltered: fc.boolean(),
    })
    .map(({ zoned: { timeZone, near }, shown, start, length, filters, isFiltered, ...rest }) => {
      const from = Date.parse(near) + start * QUARTER_MS;
      return {
        ...rest,
        ...shown,
        timeZone,
        from,
        to: from + Math.min(length * QUARTER_MS, 93 * DAY_MS),
        filters: isFiltered ? filters : {},
      };
    });
}
