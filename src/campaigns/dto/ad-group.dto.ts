import type { DayPartsWire } from '../../core/calendar/day-parts.js';
import type { FrequencyCap } from '../../core/capping/frequency-cap.js';
import { Micros, Nested, NestedList, OneOf, RawJson, Text } from '../../platform/http/fields.js';
import { MAX_PAGE_SIZE } from '../../platform/http/page.js';
import { CreateCreativeDto, CreativeDto } from './creative.dto.js';
import { AD_GROUP_ID, CAMPAIGN_ID, EntityDto, NEXT_CURSOR } from './entity.dto.js';
import { DAY_PARTS_SCHEMA, FREQUENCY_CAPS_SCHEMA, TARGETING_SCHEMA } from './wire-schemas.js';

/** More creatives than anyone reviews for one ad group; it bounds what one index record holds. */
export const MAX_CREATIVES = 50;

const BID_MODELS = ['cpm', 'cpc'] as const;

const NAME = { description: 'Name of the ad group', example: '30대 전기차 관심', max: 200 };
const TARGETING = {
  description: 'Targeting expression over profile and request context; without it, or empty, every member is matched',
  example: { all: [{ segment: 'auto.ev', minWeight: 0.3 }, { age: { min: 30, max: 39 } }] },
};
const BID = { description: 'What the ad group offers for one message' };
const FREQUENCY_CAPS = {
  description: "Caps of this ad group, beside its campaign's",
  example: [{ limit: 3, window: { length: 1, unit: 'day', kind: 'rolling' } }],
};
const DAILY_BUDGET = {
  description: "Most that the ad group spends on one day of the advertiser, in micros of the advertiser's currency",
  example: 50_000_000_000,
};
const DAY_PARTS = {
  description: 'The hours of the week in which the ad group serves; without it, all',
  example: { clock: 'member', windows: [{ days: ['mon', 'tue'], from: '09:00', to: '18:00' }] },
};

export class BidDto {
  @OneOf(BID_MODELS, { description: '`cpm` pays for impressions, `cpc` for clicks', example: 'cpm' })
  model!: (typeof BID_MODELS)[number];

  @Micros({
    description:
      "Micros of the advertiser's currency: of a `cpm` bid for 1,000 impressions, 1,000 at least, of a `cpc` bid for a click",
    example: 5_000_000_000,
  })
  amountMicros!: number;
}

export class CreateAdGroupDto {
  @Text(NAME)
  name!: string;

  @RawJson(TARGETING, TARGETING_SCHEMA)
  targeting?: unknown;

  @Nested(() => BidDto, BID)
  bid!: BidDto;

  @RawJson(FREQUENCY_CAPS, FREQUENCY_CAPS_SCHEMA)
  frequencyCaps?: unknown;

  @Micros({ ...DAILY_BUDGET, optional: true })
  dailyBudgetMicros?: number;

  @RawJson(DAY_PARTS, DAY_PARTS_SCHEMA)
  dayParts?: unknown;

  @NestedList(() => CreateCreativeDto, {
    description: 'Creatives to create with it',
    max: MAX_CREATIVES,
    optional: true,
  })
  creatives?: CreateCreativeDto[];
}

export class UpdateAdGroupDto {
  @Text({ ...NAME, optional: true })
  name?: string;

  @RawJson(TARGETING, TARGETING_SCHEMA)
  targeting?: unknown;

  @Nested(() => BidDto, { ...BID, optional: true })
  bid?: BidDto;

  @RawJson(FREQUENCY_CAPS, FREQUENCY_CAPS_SCHEMA)
  frequencyCaps?: unknown;

  @Micros({ ...DAILY_BUDGET, optional: true, nullable: true })
  dailyBudgetMicros?: number | null;

  @RawJson({ ...DAY_PARTS, nullable: true }, DAY_PARTS_SCHEMA)
  dayParts?: unknown;
}

export class AdGroupDto extends EntityDto {
  @Text(AD_GROUP_ID)
  id!: string;

  @Text(CAMPAIGN_ID)
  campaignId!: string;

  @Text(NAME)
  name!: string;

  @RawJson({ ...TARGETING, optional: false }, TARGETING_SCHEMA)
  targeting!: unknown;

  @Nested(() => BidDto, BID)
  bid!: BidDto;

  @RawJson({ ...FREQUENCY_CAPS, optional: false }, FREQUENCY_CAPS_SCHEMA)
  frequencyCaps!: readonly FrequencyCap[];

  @Micros({ ...DAILY_BUDGET, optional: true })
  dailyBudgetMicros?: number;

  @RawJson(DAY_PARTS, DAY_PARTS_SCHEMA)
  dayParts?: DayPartsWire;

  @NestedList(() => CreativeDto, {
    description: 'The creatives that were created with it, in that answer only',
    max: MAX_CREATIVES,
    optional: true,
  })
  creatives?: readonly CreativeDto[];
}

export class AdGroupPageDto {
  @NestedList(() => AdGroupDto, { description: 'The ad groups in the order of their creation', max: MAX_PAGE_SIZE })
  data!: readonly AdGroupDto[];

  @Text(NEXT_CURSOR)
  nextCursor!: string | null;
}
