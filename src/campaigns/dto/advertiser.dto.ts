import type { FrequencyCap } from '../../core/capping/frequency-cap.js';
import { NestedList, RawJson, Text } from '../../platform/http/fields.js';
import { MAX_PAGE_SIZE } from '../../platform/http/page.js';
import { ADVERTISER_ID, EntityDto, NEXT_CURSOR } from './entity.dto.js';
import { FREQUENCY_CAPS_SCHEMA } from './wire-schemas.js';

const NAME = { description: 'Name of the advertiser', example: '한빛전자', max: 200 };
const CURRENCY = {
  description:
    'ISO 4217 code of the currency of all its money; one of those that the server has an exchange rate for. Never changes',
  example: 'KRW',
  max: 16,
};
const TIME_ZONE = {
  description: 'IANA time zone: its budget days, calendar caps and reports follow it',
  example: 'Asia/Seoul',
  max: 64,
};

const FREQUENCY_CAPS = {
  description: 'How often one member sees messages of any campaign of the advertiser; an empty list does not limit',
  example: [{ limit: 6, window: { length: 1, unit: 'day', kind: 'rolling' } }],
};

export class CreateAdvertiserDto {
  @Text(NAME)
  name!: string;

  @Text(CURRENCY)
  currency!: string;

  @Text(TIME_ZONE)
  timeZone!: string;

  @RawJson(FREQUENCY_CAPS, FREQUENCY_CAPS_SCHEMA)
  frequencyCaps?: unknown;
}

export class UpdateAdvertiserDto {
  @Text({ ...NAME, optional: true })
  name?: string;

  @Text({ ...CURRENCY, optional: true })
  currency?: string;

  @Text({ ...TIME_ZONE, optional: true })
  timeZone?: string;

  @RawJson(FREQUENCY_CAPS, FREQUENCY_CAPS_SCHEMA)
  frequencyCaps?: unknown;
}

export class AdvertiserDto extends EntityDto {
  @Text(ADVERTISER_ID)
  id!: string;

  @Text(NAME)
  name!: string;

  @Text(CURRENCY)
  currency!: string;

  @Text(TIME_ZONE)
  timeZone!: string;

  @RawJson({ ...FREQUENCY_CAPS, optional: false }, FREQUENCY_CAPS_SCHEMA)
  frequencyCaps!: readonly FrequencyCap[];
}

export class AdvertiserPageDto {
  @NestedList(() => AdvertiserDto, {
    description: 'The advertisers in the order of their creation',
    max: MAX_PAGE_SIZE,
  })
  data!: readonly AdvertiserDto[];

  @Text(NEXT_CURSOR)
  nextCursor!: string | null;
}
