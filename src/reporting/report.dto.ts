import { ApiProperty, type ApiPropertyOptions } from '@nestjs/swagger';
import { Flag, Instant } from '../platform/http/fields.js';

/** The answer as the documentation shows it; it is written by hand, since sums may pass what a JavaScript number holds. */
function Dimension(description: string, example: string): PropertyDecorator {
  return ApiProperty({ type: String, required: false, description, example });
}

/** Sums are whole numbers of any size: readers that make floats of them lose digits above 2^53. */
function Sum(description: string, example: number, more: ApiPropertyOptions = {}): PropertyDecorator {
  return ApiProperty({
    ...{ type: 'integer', format: 'int64', minimum: 0, required: false, description, example },
    ...more,
  } as ApiPropertyOptions);
}

export class ReportRowDto {
  @ApiProperty({
    type: String,
    format: 'date-time',
    required: false,
    description:
      "Start of the hour or day, ISO 8601 with the zone's offset; absent with the granularity `total`. An hour that the " +
      'clock repeats is two rows of different offset. Periods and groups without events have no row',
    example: '2026-11-22T09:00:00+09:00',
  })
  time?: string;

  @Dimension('Id of the advertiser', 'adv_01KAN2Z5T8Q0V4W6X8Y0Z2B4D6')
  advertiser?: string;

  @Dimension('Id of the campaign', 'cmp_01KAN2Z5T8Q0V4W6X8Y0Z2B4D6')
  campaign?: string;

  @Dimension('Id of the ad group', 'adg_01KAN2Z5T8Q0V4W6X8Y0Z2B4D6')
  adGroup?: string;

  @Dimension('Id of the creative', 'crv_01KAN2Z5T8Q0V4W6X8Y0Z2B4D6')
  creative?: string;

  @Dimension('Id of the placement', 'chat_list')
  placement?: string;

  @Dimension(
    'Why events are invalid traffic. Not taken when they were reported: `invalid_token` (forged; shown to admins and analysts ' +
      'only, without ids), `expired`, `invalid_time`, `duplicate`, `bot` and `prefetch` (on tracking links). Found when they ' +
      'were settled: `click_before_impression`, `click_too_soon`, `click_rate`. Only with the `invalid…` metrics',
    'click_rate',
  )
  invalidReason?: string;

  @Dimension(
    'ISO 4217 code of the currency of the money in this row: there wherever `spendMicros` or `ecpmMicros` is, and rows are ' +
      'grouped by it, so that amounts of different currencies are never added up. Empty in ' +
      'rows of invalid traffic that no advertiser is known of',
    'KRW',
  )
  currency?: string;

  @Sum('Messages that members saw, once each', 1200)
  impressions?: number;

  @Sum('Messages that members tapped, once each, at the time of the tap', 18)
  clicks?: number;

  @Sum('Messages that members hid, once each, at the time when they did', 2)
  hides?: number;

  @Sum('Conversions, at the time when they happened', 1)
  conversions?: number;

  @Sum(
    'Over-delivery: impressions that would have cost something, but whose budget or balance was gone. Among `impressions`, ' +
      'never billed',
    3,
  )
  overBudgetImpressions?: number;

  @Sum(
    'Over-delivery: clicks that would have cost something, but whose budget or balance was gone. Among `clicks`, never billed',
    1,
  )
  overBudgetClicks?: number;

  @Sum('Impressions that are invalid traffic: at the time of a report that was not taken. Never billed', 31)
  invalidImpressions?: number;

  @Sum(
    'Clicks that are invalid traffic: at the time of a report that was not taken, or of the click where it was found when it ' +
      'was settled. Never billed, and not among `clicks`',
    7,
  )
  invalidClicks?: number;

  @Sum('Hides that were not taken, at the time of their report', 0)
  invalidHides?: number;

  @Sum('Conversions that were not taken, at the time of their report', 1)
  invalidConversions?: number;

  @ApiProperty({
    type: Number,
    required: false,
    nullable: true,
    minimum: 0,
    description: 'Clicks divided by impressions of this row, rounded to 6 decimals; null without impressions',
    example: 0.015,
  })
  ctr?: number | null;

  @Sum('What was charged, in micros of `currency`', 3_600_000_000)
  spendMicros?: number;

  @Sum(
    'Spend for 1,000 impressions, in micros of `currency`, half a micro up; null without impressions',
    3_000_000_000,
    {
      nullable: true,
    },
  )
  ecpmMicros?: number | null;
}

export class ReportDto {
  @ApiProperty({
    type: [ReportRowDto],
    description: 'By time, then by the dimensions in the order in which they were asked for, then by currency',
  })
  rows!: readonly ReportRowDto[];

  @Instant({
    description: 'Every event that was accepted before this time is in the rows; later ones may be too',
    example: '2026-11-23T00:00:00.000Z',
  })
  asOf!: string;

  @Flag({
    description:
      'Nothing that may still arrive changes the rows. Messages take their events until their hold is over, and conversions ' +
      'for 30 days, which only counts where the report shows conversions',
    example: false,
  })
  isFinal!: boolean;
}
