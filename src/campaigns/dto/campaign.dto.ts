import { CATEGORY_RULE, MAX_CATEGORIES } from '../../core/auction/category.js';
import type { FrequencyCap } from '../../core/capping/frequency-cap.js';
import { Instant, Micros, Nested, NestedList, OneOf, RawJson, Text, TextList } from '../../platform/http/fields.js';
import { MAX_PAGE_SIZE, PageQuery } from '../../platform/http/page.js';
import { CAMPAIGN_STATUSES, type CampaignStatus } from '../campaign-status.js';
import { AdGroupDto, CreateAdGroupDto } from './ad-group.dto.js';
import { ADVERTISER_ID, CAMPAIGN_ID, EntityDto, NEXT_CURSOR } from './entity.dto.js';
import { FREQUENCY_CAPS_SCHEMA } from './wire-schemas.js';

/** Of one call: a larger campaign takes its further ad groups one by one. */
export const MAX_NESTED_AD_GROUPS = 200;

export const PACINGS = ['even', 'asap'] as const;
export type Pacing = (typeof PACINGS)[number];

const NAME = { description: 'Name of the campaign', example: '겨울 시승 행사', max: 200 };
const STARTS_AT = { description: 'When it begins, ISO 8601 with a zone', example: '2026-12-01T00:00:00+09:00' };
const ENDS_AT = {
  description: 'The first instant at which it serves no more, ISO 8601 with a zone; without it, it has no end',
  example: '2027-01-01T00:00:00+09:00',
};
const BUDGET = { description: 'Most that it spends; an amount that is left out does not limit' };
const TOTAL = {
  description: "Over its whole time, in micros of the advertiser's currency",
  example: 1_000_000_000_000,
};
const DAILY = { description: 'On one day of the advertiser, in micros; not above the total', example: 50_000_000_000 };
const PACING = {
  description: '`even` spreads a day’s budget over the day, `asap` spends it as it can',
  example: 'even',
};
const FREQUENCY_CAPS = {
  description: 'How often one member sees messages of the campaign; an empty list does not limit',
  example: [{ limit: 3, window: { length: 1, unit: 'day', kind: 'rolling' } }],
};
const CATEGORIES = {
  description:
    'Labels of what is advertised: two messages of one list never share one, and a match request may block some',
  example: ['auto', 'auto.ev'],
  max: MAX_CATEGORIES,
  pattern: CATEGORY_RULE.pattern,
  form: CATEGORY_RULE.expects,
  distinct: true,
};

export class BudgetDto {
  @Micros({ ...TOTAL, optional: true })
  totalMicros?: number;

  @Micros({ ...DAILY, optional: true })
  dailyMicros?: number;
}

export class UpdateBudgetDto {
  @Micros({ ...TOTAL, optional: true, nullable: true })
  totalMicros?: number | null;

  @Micros({ ...DAILY, optional: true, nullable: true })
  dailyMicros?: number | null;
}

export class CreateCampaignDto {
  @Text(ADVERTISER_ID)
  advertiserId!: string;

  @Text(NAME)
  name!: string;

  @Instant(STARTS_AT)
  startsAt!: string;

  @Instant({ ...ENDS_AT, optional: true })
  endsAt?: string;

  @Nested(() => BudgetDto, BUDGET)
  budget!: BudgetDto;

  @OneOf(PACINGS, PACING)
  pacing!: Pacing;

  @RawJson({ ...FREQUENCY_CAPS, optional: false }, FREQUENCY_CAPS_SCHEMA)
  frequencyCaps!: unknown;

  @TextList({ ...CATEGORIES, optional: true })
  categories?: readonly string[];

  @NestedList(() => CreateAdGroupDto, {
    description: 'Ad groups to create with it, each with its creatives; all of it is created, or nothing',
    max: MAX_NESTED_AD_GROUPS,
    optional: true,
  })
  adGroups?: CreateAdGroupDto[];
}

export class UpdateCampaignDto {
  @Text({ ...NAME, optional: true })
  name?: string;

  @Instant({ ...STARTS_AT, optional: true })
  startsAt?: string;

  @Instant({ ...ENDS_AT, optional: true, nullable: true })
  endsAt?: string | null;

  @Nested(() => UpdateBudgetDto, { ...BUDGET, optional: true })
  budget?: UpdateBudgetDto;

  @OneOf(PACINGS, { ...PACING, optional: true })
  pacing?: Pacing;

  @RawJson(FREQUENCY_CAPS, FREQUENCY_CAPS_SCHEMA)
  frequencyCaps?: unknown;

  @TextList({ ...CATEGORIES, optional: true })
  categories?: readonly string[];
}

export class CampaignDto extends EntityDto {
  @Text(CAMPAIGN_ID)
  id!: string;

  @Text(ADVERTISER_ID)
  advertiserId!: string;

  @Text(NAME)
  name!: string;

  @OneOf(CAMPAIGN_STATUSES, {
    description: '`ended`: it was active or paused when its end came. Changed by activate, pause and archive only',
    example: 'draft',
  })
  status!: CampaignStatus;

  @Instant(STARTS_AT)
  startsAt!: string;

  @Instant({ ...ENDS_AT, optional: true })
  endsAt?: string;

  @Nested(() => BudgetDto, BUDGET)
  budget!: BudgetDto;

  @OneOf(PACINGS, PACING)
  pacing!: Pacing;

  @RawJson({ ...FREQUENCY_CAPS, optional: false }, FREQUENCY_CAPS_SCHEMA)
  frequencyCaps!: readonly FrequencyCap[];

  @TextList(CATEGORIES)
  categories!: readonly string[];

  @NestedList(() => AdGroupDto, {
    description: 'The ad groups that were created with it, in that answer only',
    max: MAX_NESTED_AD_GROUPS,
    optional: true,
  })
  adGroups?: readonly AdGroupDto[];
}

export class CampaignQuery extends PageQuery {
  @Text({ ...ADVERTISER_ID, description: 'Only campaigns of this advertiser', optional: true })
  advertiserId?: string;

  @OneOf(CAMPAIGN_STATUSES, { description: 'Only campaigns with this status now', example: 'active', optional: true })
  status?: CampaignStatus;
}

export class CampaignPageDto {
  @NestedList(() => CampaignDto, { description: 'The campaigns in the order of their creation', max: MAX_PAGE_SIZE })
  data!: readonly CampaignDto[];

  @Text(NEXT_CURSOR)
  nextCursor!: string | null;
}
