import { afterAll, beforeAll, describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import type { Problem } from '../../src/platform/http/problem.filter.js';
import { startTestApp, type TestApp, type TestResponse } from '../servers/test-app.js';
import { report } from './report-fixtures.js';

describe('bad requests for reports', () => {
  let app: TestApp;

  beforeAll(async () => {
    app = await startTestApp();
  });

  afterAll(() => app.close());

  /** The paths of a refusal's errors. */
  function pathsOf({ status, body }: TestResponse): readonly string[] {
    expect(status).toBe(422);
    return (body as Problem).errors.map(({ path }) => path);
  }

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
      (name): [string, Record<string, string>, string] => [`the metric ${name}`, { ...good, metrics: name }, 'metrics'],
    ),
    ['no dimension', { ...good, dimensions: '' }, 'dimensions'],
    ['an empty dimension', { ...good, dimensions: 'campaign,' }, 'dimensions'],
    ['a dimension twice', { ...good, dimensions: 'campaign,campaign' }, 'dimensions'],
    ['a dimension in another case', { ...good, dimensions: 'Campaign' }, 'dimensions'],
    [
      'reasons of valid events',
      { ...good, dimensions: 'invalidReason', metrics: 'invalidClicks,clicks' },
      'dimensions',
    ],
    ['reasons of what is shown by default', { ...good, dimensions: 'invalidReason' }, 'dimensions'],
    ['a filter by reason', { ...good, invalidReason: 'bot' }, 'invalidReason'],
    ['no metric', { ...good, metrics: '' }, 'metrics'],
    ['another granularity', { ...good, granularity: 'week' }, 'granularity'],
    ['an offset for a time zone', { ...good, timeZone: '+09:00' }, 'timeZone'],
    ['an unknown time zone', { ...good, timeZone: 'Asia/Busan' }, 'timeZone'],
    ['a long time zone', { ...good, timeZone: `Asia/${'x'.repeat(8_000)}` }, 'timeZone'],
    ['a reversed interval', { from: '2026-01-02', to: '2026-01-01' }, 'to'],
    ['an empty interval', { from: '2026-01-01', to: '2026-01-01T00:00:00Z' }, 'to'],
    ['the year 0', { ...good, from: '0000-01-01' }, 'from'],
    ['the year 2200', { ...good, to: '2200-01-01T00:00:00Z' }, 'to'],
    ['30 February', { ...good, from: '2026-02-30' }, 'from'],
    ['a time without a zone', { ...good, from: '2026-01-01T00:00:00' }, 'from'],
    ['a number for a time', { ...good, from: '1767225600' }, 'from'],
    ['a time in a quarter of an hour', { ...good, to: '2026-01-01T12:01:00Z' }, 'to'],
    ['a millisecond too many', { ...good, to: '2026-01-01T12:00:00.001Z' }, 'to'],
    ['94 days by hour', { from: '2026-01-01', to: '2026-04-05', granularity: 'hour' }, 'to'],
    ['six years by day', { from: '2026-01-01', to: '2032-01-01', granularity: 'day' }, 'to'],
    ['eleven years', { from: '2026-01-01', to: '2037-01-01' }, 'to'],
    ['an empty filter', { ...good, campaignId: '' }, 'campaignId'],
    ['an empty id', { ...good, creativeId: 'a,,b' }, 'creativeId'],
    ['a long id', { ...good, adGroupId: 'x'.repeat(65) }, 'adGroupId'],
    ['101 ids', { ...good, placement: Array.from({ length: 101 }, (_, n) => `p${n}`).join(',') }, 'placement'],
    ['SQL for a placement', { ...good, placement: "x') OR true; --" }, 'placement'],
  ])('refuses %s and names the parameter', async (_what, query, path) => {
    expect(pathsOf(await report(app, query))).toEqual([path]);
  });

  it('names every fault at once, and what there is to choose from', async () => {
    const refused = await report(app, { from: 'x', dimensions: 'os', metrics: 'reach', limit: '1' });
    expect([...pathsOf(refused)].sort()).toEqual(['dimensions', 'from', 'limit', 'metrics', 'to']);
    const message = (refused.body as Problem).errors.find(({ path }) => path === 'dimensions')?.message;
    expect(message).toBe(
      "'os' is not supported; supported are advertiser, campaign, adGroup, creative, placement, invalidReason",
    );
  });

  it('refuses a parameter that is given twice', async () => {
    const refused = await app.request('GET', '/v1/reports?from=2026-01-01&to=2026-01-02&to=2026-01-03');
    expect(pathsOf(refused)).toEqual(['to']);
  });

  it('explains a plus that became a space', async () => {
    const refused = await app.request('GET', '/v1/reports?from=2026-01-01T00:00:00+09:00&to=2026-01-02');
    expect((refused.body as Problem).errors).toEqual([
      { path: 'from', message: expect.stringContaining('%2B') as unknown },
    ]);
  });

  it('refuses a NUL anywhere', async () => {
    for (const name of ['timeZone', 'from', 'advertiserId', 'dimensions']) {
      expect((await report(app, { ...good, [name]: 'x\0' })).status).toBe(400);
    }
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
        expect([200, 400, 422]).toContain(status);
      }),
      { numRuns: 150 },
    );
  });
});

/** What can't stand in a URL is escaped, a percent sign is not: broken escapes must come through. */
function escapeLoosely(text: string): string {
  return encodeURIComponent(text.toWellFormed()).replaceAll('%25', '%');
}
