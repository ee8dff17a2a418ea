import { Instant, NestedList, OneOf, Text } from '../platform/http/fields.js';
import { MAX_PAGE_SIZE } from '../platform/http/page.js';
import { type Role, ROLES } from './access.api.js';

const ROLE = {
  description:
    'What the key may do: `admin` everything, `advertiser` the campaigns and reports of one advertiser, ' +
    '`chat` matches, events and profiles, `analyst` all reports',
};
const NAME = { description: 'Tells people what the key is for', example: 'Chat backend, Seoul', max: 200 };
const ADVERTISER_ID = {
  description: 'The advertiser that the key is bound to; only with the role `advertiser`, and always with it',
  example: 'adv_01KAN2Z5T8Q0V4W6X8Y0Z2B4D6',
  max: 64,
};

export class CreateApiKeyDto {
  @OneOf(ROLES, { ...ROLE, example: 'chat' })
  role!: Role;

  @Text(NAME)
  name!: string;

  @Text({ ...ADVERTISER_ID, optional: true })
  advertiserId?: string;
}

export class ApiKeyDto {
  @Text({ description: 'Id of the key; no secret', example: 'key_01KAN2Z5T8Q0V4W6X8Y0Z2B4D6', max: 64 })
  id!: string;

  @OneOf(ROLES, { ...ROLE, example: 'chat' })
  role!: Role;

  @Text(NAME)
  name!: string;

  @Text({ ...ADVERTISER_ID, nullable: true })
  advertiserId!: string | null;

  @Instant({ description: 'When the key was issued, ISO 8601 UTC', example: '2026-11-22T09:00:00.000Z' })
  createdAt!: string;
}

export class IssuedApiKeyDto extends ApiKeyDto {
  @Text({
    description:
      'The key itself, shown this once: the answer to a repeat with the same `Idempotency-Key` is without it',
    example: 'mk_chat_V5p3vX1m8b2yq0dYk7sTg4Jc9uHw6ZrNfLaEoQiBxDk',
    max: 100,
    optional: true,
  })
  key?: string;
}

export class ApiKeyPageDto {
  @NestedList(() => ApiKeyDto, {
    description: 'The keys in the order of their creation, without revoked ones',
    max: MAX_PAGE_SIZE,
  })
  data!: readonly ApiKeyDto[];

  @Text({
    description: '`cursor` of the next page; null on the last one',
    example: null,
    max: 200,
    nullable: true,
  })
  nextCursor!: string | null;
}
