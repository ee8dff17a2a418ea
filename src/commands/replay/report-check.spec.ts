import { describe, expect, it } from '@jest/globals';
import { checkReports, type ReportRow, type Snapshot } from './report-check.js';

function snapshot(rows: Readonly<Record<string, ReportRow>>, charged: Readonly<Record<string, number>>): Snapshot {
  return {
    rows: new Map(Object.entries(rows)),
    charged: new Map(
      Object.entries(charged).map(([id, micros]) => [id, { currency: id.startsWith('won') ? 'KRW' : 'USD', micros }]),
    ),
    asOf: 0,
  };
}

const row = (advertiser: string, impressions: number, clicks: number, spendMicros: number): ReportRow => ({
  advertiser,
  impressions,
  clicks,
  spendMicros,
});

describe('checkReports', () => {
  const before = snapshot({ a: row('usd', 10, 1, 500) }, { usd: 500, won: 0 });
  const sent = new Map([
    ['a', { impressions: 5, clicks: 0 }],
    ['b', { impressions: 3, clicks: 2 }],
  ]);

  it('finds nothing where more was reported by as much as was sent, and charged by as much as reported', () => {
    const after = snapshot({ a: row('usd', 15, 1, 700), b: row('won', 3, 2, 40) }, { usd: 700, won: 40 });
    expect(checkReports(before, after, sent)).toEqual({
      differences: [],
      spend: new Map([
        ['USD', 200],
        ['KRW', 40],
      ]),
    });
  });

  it('finds an event that was lost, one that counted twice, and one that nobody sent', () => {
    const after = snapshot(
      { a: row('usd', 14, 1, 700), b: row('won', 3, 3, 40), c: row('won', 1, 0, 0) },
      { usd: 700, won: 40 },
    );
    expect(checkReports(before, after, sent).differences).toEqual([
      'ad group a: 5 impressions sent, 4 reported',
      'ad group b: 2 clicks sent, 3 reported',
      'ad group c: 0 impressions sent, 1 reported',
    ]);
  });

  it('finds an ad group that the report does not have at all', () => {
    const after = snapshot({ a: row('usd', 15, 1, 700) }, { usd: 700, won: 0 });
    expect(checkReports(before, after, sent).differences).toEqual([
      'ad group b: 3 impressions sent, 0 reported',
      'ad group b: 2 clicks sent, 0 reported',
    ]);
  });

  it('finds money that was charged but not reported, and the other way round', () => {
    const after = snapshot({ a: row('usd', 15, 1, 700), b: row('won', 3, 2, 40) }, { usd: 701, won: 39 });
    expect(checkReports(before, after, sent).differences).toEqual([
      'advertiser usd: 200 micros of spend reported, 201 charged',
      'advertiser won: 40 micros of spend reported, 39 charged',
    ]);
  });
});
