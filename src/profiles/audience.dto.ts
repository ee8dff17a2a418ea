import { Instant, NestedList, Text, TextList, Whole } from '../platform/http/fields.js';
import { MAX_PAGE_SIZE, PageQuery } from '../platform/http/page.js';
import { USER_ID_FORM, USER_ID_PATTERN } from './profiles.api.js';

/** Longer lists come as NDJSON. */
const MAX_IDS_IN_JSON = 10_000;

const ID = {
  description: 'Id of the audience, by which expressions name it',
  example: 'aud_01KAN2Z5T8Q0V4W6X8Y0Z2B4D6',
  max: 64,
};
const ADVERTISER_ID = {
  description: 'The advertiser whose list it is',
  example: 'adv_01KAN2Z5T8Q0V4W6X8Y0Z2B4D6',
  max: 64,
};
const NAME = { description: 'Name of the audience', example: '지난달 구매 고객', max: 200 };

export class CreateAudienceDto {
  @Text(ADVERTISER_ID)
  advertiserId!: string;

  @Text(NAME)
  name!: string;
}

export class AudienceQuery extends PageQuery {
  @Text({ description: 'Only the audiences of this advertiser', max: 64, optional: true })
  advertiserId?: string;
}

export class AudienceMembersDto {
  @TextList({
    description: `Ids of members as the chat backend knows them, each ${USER_ID_FORM}`,
    example: ['u-1029384756', 'u-5647382910'],
    max: MAX_IDS_IN_JSON,
    pattern: USER_ID_PATTERN,
    form: USER_ID_FORM,
  })
  userIds!: readonly string[];
}

export class AudienceDto {
  @Text(ID)
  id!: string;

  @Text(ADVERTISER_ID)
  advertiserId!: string;

  @Text(NAME)
  name!: string;

  @Whole({
    description: 'Counts the changes, of the list too, from 1; send it back as `If-Match` with an update',
    example: 1,
    min: 1,
    max: 2 ** 31 - 1,
  })
  version!: number;

  @Instant({ description: 'When it was created, ISO 8601 UTC', example: '2026-11-22T09:00:00.000Z' })
  createdAt!: string;

  @Instant({ description: 'When it or its list was changed last, ISO 8601 UTC', example: '2026-11-22T09:00:00.000Z' })
  updatedAt!: string;
}

export class CountedAudienceDto extends AudienceDto {
  @Whole({ description: 'How many members the list has', example: 12_345, min: 0, max: Number.MAX_SAFE_INTEGER })
  memberCount!: number;
}

export class AudiencePageDto {
  @NestedList(() => AudienceDto, { description: 'The audiences in the order of their creation', max: MAX_PAGE_SIZE })
  data!: readonly AudienceDto[];

  @Text({ description: '`cursor` of the next page; null on the last one', example: null, max: 200, nullable: true })
  nextCursor!: string | null;
}
