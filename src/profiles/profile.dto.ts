import { type ApiPropertyOptions, OmitType, PartialType } from '@nestjs/swagger';
import { FIELD_RULES, GENDERS } from '../core/targeting/vocabulary.js';
import { Flag, Instant, Nested, OneOf, RawJson, Text, TextList, Whole } from '../platform/http/fields.js';
import { idPattern } from '../platform/ids.js';
import type { StoredProfile } from './interest-profile.js';
import { EARLIEST_BIRTH_YEAR, MAX_ATTRIBUTES, MAX_INTERESTS, MAX_MUTED_ADVERTISERS } from './profile-limits.js';
import { USER_ID_FORM, USER_ID_PATTERN } from './profiles.api.js';

/**
 * The shapes of profiles on the wire. Bodies are described here and read by `parseProfile`, which single requests share
 * with uploads.
 */
const INTERESTS_SCHEMA = interestsSchema({});
const ATTRIBUTES_SCHEMA = attributesSchema({});

function interestsSchema(more: { nullable?: true }): ApiPropertyOptions {
  return {
    type: 'object',
    additionalProperties: { type: 'number', minimum: 0, maximum: 1, ...more },
    maxProperties: MAX_INTERESTS,
  };
}

function attributesSchema(more: { nullable?: true }): ApiPropertyOptions {
  const value = { oneOf: [{ type: 'string', maxLength: 128 }, { type: 'number' }, { type: 'boolean' }], ...more };
  return { type: 'object', additionalProperties: value, maxProperties: MAX_ATTRIBUTES };
}

const INTERESTS = {
  description: `Weight of each interest by segment id, above 0 to 1 (0: no interest, not kept); ${MAX_INTERESTS} at most`,
  example: { 'auto.ev': 0.8, 'sports.baseball': 0.35 },
};
const ATTRIBUTES = {
  description: `Further facts by name: texts of at most 128 characters, finite numbers, true or false; ${MAX_ATTRIBUTES} at most`,
  example: { occupation: 'engineer', score: 0.42, subscriber: true },
};
const BIRTH_DATE = {
  description: `Date of birth, from ${EARLIEST_BIRTH_YEAR}-01-01; not beside birthYear`,
  example: '1994-05-17',
  max: 10,
  pattern: /^\d{4}-\d\d-\d\d$/,
  form: 'a date such as "1994-05-17"',
  nullable: true,
};
const BIRTH_YEAR = {
  description:
    'Year of birth, up to the present one, where the date is not known; not beside birthDate. Ages are counted from its 31 December',
  example: null,
  min: EARLIEST_BIRTH_YEAR,
  max: 2199,
  nullable: true,
};
const GENDER = { description: 'Gender', example: 'female', nullable: true };
const COUNTRY = {
  description: 'ISO 3166-1 code of the country',
  example: 'KR',
  max: 2,
  pattern: FIELD_RULES.country.pattern,
  nullable: true,
};
const REGION = {
  description: 'ISO 3166-2 code of the region',
  example: 'KR-11',
  max: 6,
  pattern: FIELD_RULES.region.pattern,
  nullable: true,
};
const LANGUAGE = {
  description: 'BCP 47 tag of the language',
  example: 'ko',
  max: 128,
  pattern: FIELD_RULES.language.pattern,
  nullable: true,
};
const TIME_ZONE = { description: 'IANA time zone', example: 'Asia/Seoul', max: 64, nullable: true };
const CONSENT = { description: 'What the member has agreed to' };
const MUTED = {
  description: 'Ids of advertisers whose messages the member does not want',
  example: ['adv_01KAN2Z5T8Q0V4W6X8Y0Z2B4D6'],
  max: MAX_MUTED_ADVERTISERS,
  pattern: idPattern('advertiser'),
  form: 'the id of an advertiser',
};
const USER_ID = {
  description: `Your own id of the member: ${USER_ID_FORM}`,
  example: 'u-1029384756',
  max: 128,
  pattern: USER_ID_PATTERN,
};

export class ConsentDto {
  @Flag({ description: 'Messages may be chosen by what is known of the member', example: true })
  personalized!: boolean;

  @Flag({ description: 'Messages may come at night', example: false })
  nightTime!: boolean;
}

export class PutProfileDto {
  @RawJson({ ...INTERESTS, optional: true }, INTERESTS_SCHEMA)
  interests?: Readonly<Record<string, number>>;

  @Text({ ...BIRTH_DATE, optional: true })
  birthDate?: string | null;

  @Whole({ ...BIRTH_YEAR, optional: true })
  birthYear?: number | null;

  @OneOf(GENDERS, { ...GENDER, optional: true })
  gender?: string | null;

  @Text({ ...COUNTRY, optional: true })
  country?: string | null;

  @Text({ ...REGION, optional: true })
  region?: string | null;

  @Text({ ...LANGUAGE, optional: true })
  language?: string | null;

  @Text({ ...TIME_ZONE, optional: true })
  timeZone?: string | null;

  @RawJson({ ...ATTRIBUTES, optional: true }, ATTRIBUTES_SCHEMA)
  attributes?: Readonly<Record<string, string | number | boolean>>;

  @Nested(() => ConsentDto, CONSENT)
  consent!: ConsentDto;

  @TextList({ ...MUTED, optional: true, nullable: true })
  mutedAdvertisers?: readonly string[] | null;
}

export class PatchProfileDto extends PartialType(OmitType(PutProfileDto, ['interests', 'attributes'])) {
  @RawJson(
    {
      description: 'Interests to set; null or 0 takes one away',
      example: { 'auto.ev': 0.9, 'sports.baseball': null },
      optional: true,
    },
    interestsSchema({ nullable: true }),
  )
  interests?: Readonly<Record<string, number | null>>;

  @RawJson(
    {
      description: 'Facts to set; null takes one away',
      example: { occupation: 'designer', score: null },
      optional: true,
    },
    attributesSchema({ nullable: true }),
  )
  attributes?: Readonly<Record<string, string | number | boolean | null>>;
}

export class ProfileDto {
  @Text(USER_ID)
  userId!: string;

  @RawJson({ ...INTERESTS, optional: false }, INTERESTS_SCHEMA)
  interests!: Readonly<Record<string, number>>;

  @Text(BIRTH_DATE)
  birthDate!: string | null;

  @Whole(BIRTH_YEAR)
  birthYear!: number | null;

  @OneOf(GENDERS, GENDER)
  gender!: string | null;

  @Text(COUNTRY)
  country!: string | null;

  @Text(REGION)
  region!: string | null;

  @Text(LANGUAGE)
  language!: string | null;

  @Text(TIME_ZONE)
  timeZone!: string | null;

  @RawJson({ ...ATTRIBUTES, optional: false }, ATTRIBUTES_SCHEMA)
  attributes!: Readonly<Record<string, string | number | boolean>>;

  @Nested(() => ConsentDto, CONSENT)
  consent!: ConsentDto;

  @TextList(MUTED)
  mutedAdvertisers!: readonly string[];

  @Whole({
    description: 'Counts the changes, from 1; send it back as `If-Match` with an update',
    example: 1,
    min: 1,
    max: 2 ** 31 - 1,
  })
  version!: number;

  @Instant({ description: 'When the profile was created, ISO 8601 UTC', example: '2026-11-22T09:00:00.000Z' })
  createdAt!: string;

  @Instant({ description: 'When the profile was changed last, ISO 8601 UTC', example: '2026-11-22T09:00:00.000Z' })
  updatedAt!: string;
}

export function toProfileDto({ createdAt, updatedAt, ...profile }: StoredProfile): ProfileDto {
  return { ...profile, createdAt: new Date(createdAt).toISOString(), updatedAt: new Date(updatedAt).toISOString() };
}
