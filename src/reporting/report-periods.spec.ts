import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { DateTime } from 'luxon';
import { type Period, periodsOf } from './report-periods.js';
import { BUCKET_MS, type Granularity, type ReportRequest } from './report-request.js';

const DAY_MS = 86_400_000;

function request(granularity: Granularity, timeZone: string, from: number, to: number): ReportRequest {
  return { from, to, timeZone, granularity, dimensions: [], metrics: ['impressions'], filters: new Map() };
}

/** What a clock on the wall shows, as far as it tells periods apart. */
function shown(at: number, { timeZone, granularity }: ReportRequest): string {
  return DateTime.fromMillis(at, { zone: timeZone }).toFormat(
    granularity === 'day' ? 'yyyy-MM-dd' : 'yyyy-MM-dd HH ZZ',
  );
}

/** Quarter by quarter: a new period wherever the clock shows another one. */
function naivePeriods(asked: ReportRequest): readonly Period[] {
  let first = asked.from;
  while (shown(first - BUCKET_MS, asked) === shown(asked.from, asked)) first -= BUCKET_MS;
  const periods: Period[] = [];
  for (let start = first; start < asked.to; start += BUCKET_MS) {
    if (start > first && shown(start, asked) === shown(start - BUCKET_MS, asked)) continue;
    const local = DateTime.fromMillis(start, { zone: asked.timeZone });
    const iso = local.toISO({ suppressMilliseconds: true }) ?? '';
    periods.push({ start, time: local.offset === 0 ? iso.replace('+00:00', 'Z') : iso });
  }
  return periods;
}

// From 2012 on, no clock was set back over midnight; see core/calendar/zone-days.ts for what is a day where one was.
const anyQuarter = fc
  .integer({ min: Date.UTC(2012) / BUCKET_MS, max: Date.UTC(2036) / BUCKET_MS })
  .map((quarter) => quarter * BUCKET_MS);
const anyZone = fc.constantFrom(...Intl.supportedValuesOf('timeZone'));
const anyLength = fc.integer({ min: 1, max: 4 * 96 }).map((quarters) => quarters * BUCKET_MS);
const byTime = fc.constantFrom<Granularity[]>('hour', 'day');

/** Instants around which clocks are moved, by half an hour and at midnight too. */
const CHANGES = [
  ['Europe/Berlin', '2026-03-29T01:00Z'],
  ['Europe/Berlin', '2026-10-25T01:00Z'],
  ['America/New_York', '2026-03-08T07:00Z'],
  ['America/New_York', '2026-11-01T06:00Z'],
  ['Australia/Lord_Howe', '2026-04-04T15:00Z'],
  ['Australia/Lord_Howe', '2026-10-03T15:30Z'],
  ['America/Sao_Paulo', '2018-11-04T03:00Z'],
  ['America/Havana', '2026-11-01T05:00Z'],
  ['Asia/Beirut', '2026-10-24T21:00Z'],
  ['Africa/Casablanca', '2026-02-15T02:00Z'],
  ['Antarctica/Troll', '2026-03-29T01:00Z'],
  ['Asia/Pyongyang', '2018-05-04T15:00Z'],
] as const;
const aroundChange = fc
  .tuple(fc.constantFrom(...CHANGES), fc.integer({ min: -200, max: 200 }))
  .map(([[zone, at], quarters]) => ({ zone, from: Date.parse(at) + quarters * BUCKET_MS }));

describe('periodsOf', () => {
  it('names the periods that a clock on the wall shows, in any zone', () => {
    return fc.assert(
      fc.asyncProperty(byTime, anyZone, anyQuarter, anyLength, async (granularity, zone, from, length) => {
        const asked = request(granularity, zone, from, from + length);
        expect(await periodsOf(asked)).toEqual(naivePeriods(asked));
      }),
    );
  });

  it('names them around a change of the clock', () => {
    return fc.assert(
      fc.asyncProperty(byTime, aroundChange, anyLength, async (granularity, { zone, from }, length) => {
        const asked = request(granularity, zone, from, from + length);
        expect(await periodsOf(asked)).toEqual(naivePeriods(asked));
      }),
    );
  });

  it('has two periods for an hour that comes twice, and none for one that does not come', async () => {
    const times = async (from: string, hours: number): Promise<readonly string[]> => {
      const start = Date.parse(from);
      const periods = await periodsOf(request('hour', 'Europe/Berlin', start, start + hours * 3_600_000));
      return periods.map(({ time }) => time);
    };
    expect(await times('2026-10-25T00:00Z', 2)).toEqual(['2026-10-25T02:00:00+02:00', '2026-10-25T02:00:00+01:00']);
    expect(await times('2026-03-29T00:00Z', 2)).toEqual(['2026-03-29T01:00:00+01:00', '2026-03-29T03:00:00+02:00']);
  });

  it('starts an hour of which half an hour comes again where the clock was set back', async () => {
    const start = Date.parse('2026-04-04T14:00Z');
    expect(await periodsOf(request('hour', 'Australia/Lord_Howe', start, start + 2 * 3_600_000))).toEqual([
      { start, time: '2026-04-05T01:00:00+11:00' },
      { start: start + 3_600_000, time: '2026-04-05T01:30:00+10:30' },
      { start: start + 5_400_000, time: '2026-04-05T02:00:00+10:30' },
    ]);
  });

  it('has no period for a day that a zone left out', async () => {
    const start = Date.parse('2011-12-29T10:00Z');
    const days = await periodsOf(request('day', 'Pacific/Apia', start, start + 2 * DAY_MS));
    expect(days.map(({ time }) => time)).toEqual(['2011-12-29T00:00:00-10:00', '2011-12-31T00:00:00+14:00']);
  });

  it('has none in total', async () => {
    expect(await periodsOf(request('total', 'UTC', 0, DAY_MS))).toEqual([]);
  });
});
