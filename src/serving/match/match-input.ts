import { CATEGORY_RULE } from '../../core/auction/category.js';
import { isTimeZone } from '../../core/calendar/local-day.js';
import {
  CARRIER_PATTERN,
  COUNTRY_PATTERN,
  DEVICE_TYPES,
  LANGUAGE_PATTERN,
  OS_PATTERN,
  REGION_PATTERN,
  VERSION_PATTERN,
} from '../../core/targeting/vocabulary.js';
import { invalid } from '../../platform/app-error.js';
import { idPattern } from '../../platform/ids.js';
import { USER_ID_PATTERN } from '../../profiles/profiles.api.js';

/** A match request as it arrives; `MATCH_PROPERTIES` is its schema. */
export interface MatchInput {
  readonly userId: string;
  readonly placement: string;
  readonly chatCount: number;
  readonly maxMessages?: number;
  readonly context?: MatchContext;
  readonly requestId?: string;
  readonly blockedAdvertisers?: readonly string[];
  readonly blockedCategories?: readonly string[];
}

export interface MatchContext {
  readonly os?: string;
  readonly osVersion?: string;
  readonly appVersion?: string;
  readonly carrier?: string;
  readonly deviceType?: string;
  readonly language?: string;
  readonly country?: string;
  readonly region?: string;
  readonly timeZone?: string;
}

const text = (pattern: RegExp, description: string, example: string) => ({
  type: 'string',
  pattern: pattern.source,
  maxLength: 128,
  description,
  example,
});

/** As many as fit into a list that somebody keeps by hand; they are looked up in a set. */
const MOST_BLOCKED = 100;

const blocked = (pattern: RegExp, description: string, example: string) => ({
  type: 'array',
  maxItems: MOST_BLOCKED,
  uniqueItems: true,
  items: { type: 'string', pattern: pattern.source, maxLength: 64 },
  description,
  example: [example],
});

/** Compiled once by Fastify: on this path a schema costs a fraction of validation by classes. */
export const MATCH_PROPERTIES = {
  userId: text(USER_ID_PATTERN, "The chat backend's id of the member", 'member-1042'),
  placement: text(/^[a-z][a-z0-9_]{0,63}$/, 'Where messages are placed', 'chat_list'),
  chatCount: {
    type: 'integer',
    minimum: 0,
    maximum: 100_000,
    description: 'Chats in the list, without sponsored messages',
    example: 42,
  },
  maxMessages: {
    type: 'integer',
    minimum: 0,
    maximum: 20,
    description: "Most messages to place, if fewer than the placement's",
    example: 3,
  },
  context: {
    type: 'object',
    additionalProperties: false,
    description: "The request's device and place; where a field is also in the profile, this one counts",
    properties: {
      os: text(OS_PATTERN, 'Operating system, lower case', 'android'),
      osVersion: text(VERSION_PATTERN, 'Its version', '14.0'),
      appVersion: text(VERSION_PATTERN, "The messenger's version", '3.2'),
      carrier: text(CARRIER_PATTERN, 'Mobile carrier', 'SKT'),
      deviceType: { type: 'string', enum: [...DEVICE_TYPES], description: 'Kind of device', example: 'phone' },
      language: text(LANGUAGE_PATTERN, 'Language of the app, BCP 47', 'ko'),
      country: text(COUNTRY_PATTERN, 'ISO 3166-1', 'KR'),
      region: text(REGION_PATTERN, 'ISO 3166-2', 'KR-11'),
      timeZone: { type: 'string', maxLength: 64, description: 'IANA time zone', example: 'Asia/Seoul' },
    },
  },
  requestId: text(/^[\x21-\x7e]{1,128}$/, 'Repeating it gets the same answer while its holds live', '5f0c2b1e-6d'),
  blockedAdvertisers: blocked(
    idPattern('advertiser'),
    'Ids of advertisers whose messages are not placed for this request',
    'adv_01KANQ8Y3V5T6W7X8Y9Z0A1B2C',
  ),
  blockedCategories: blocked(
    CATEGORY_RULE.pattern,
    'Category labels of campaigns whose messages are not placed for this request',
    'gambling',
  ),
};

export const MATCH_REQUIRED = ['userId', 'placement', 'chatCount'];

export const MATCH_BODY = {
  type: 'object',
  additionalProperties: false,
  required: MATCH_REQUIRED,
  properties: MATCH_PROPERTIES,
};

/** Several times the longest request that the schema takes: a larger one is not even parsed, since others wait meanwhile. */
export const MOST_MATCH_BYTES = 64 * 1024;

/** Of a request and its context; 17 that the schema knows. */
export const MOST_MATCH_ENTRIES = 100;

/** What a schema can't tell. */
export function checkMatchInput(input: MatchInput): void {
  const zone = input.context?.timeZone;
  if (zone !== undefined && !isTimeZone(zone)) {
    throw invalid([{ path: 'context.timeZone', message: 'must be an IANA time zone, such as Asia/Seoul' }]);
  }
}
