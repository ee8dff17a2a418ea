import fc from 'fast-check';
import { QUARTER_MS } from './report-fixtures.js';
import { INVALID_METRICS, type NaiveRequest, type RowDimension, type StoredRow } from './report-oracle.js';

/** Rows of a year in which clocks are moved, and requests for reports on them. */
const DAY_MS = 86_400_000;
const DIMENSIONS: readonly RowDimension[] = ['advertiser', 'campaign', 'adGroup', 'creative', 'placement'];
const METRICS = [
  ...(['impressions', 'clicks', 'hides', 'conversions', 'ctr', 'spendMicros', 'ecpmMicros'] as const),
  ...(['overBudgetImpressions', 'overBudgetClicks'] as const),
] as const;
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

/** Quarters around the changes of clocks, and some anywhere in the year. */
const anyBucket = fc.oneof(
  { weight: 4, arbitrary: fc.tuple(fc.constantFrom(...CHANGES), fc.integer({ min: -144, max: 144 })) },
  { weight: 1, arbitrary: fc.tuple(fc.constant(Date.UTC(2026)), fc.integer({ min: 0, max: 364 * 96 })) },
);

/** Rows of 2026: each advertiser has two campaigns, each of them two ad groups with a creative. */
export function storedRows(advertisers: readonly string[]): fc.Arbitrary<StoredRow[]> {
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
      overBudgetImpressions: fc.nat({ max: 9 }),
      overBudgetClicks: fc.nat({ max: 3 }),
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
export function invalidRows(advertisers: readonly string[]): fc.Arbitrary<StoredRow[]> {
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

export function requests(stored: readonly StoredRow[]): fc.Arbitrary<NaiveRequest> {
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
