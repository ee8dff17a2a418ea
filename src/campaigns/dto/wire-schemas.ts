import type { ApiPropertyOptions } from '@nestjs/swagger';
import { DAY_PARTS_CLOCKS, MAX_DAY_PART_WINDOWS } from '../../core/calendar/day-parts.js';
import { WEEKDAYS } from '../../core/calendar/local-day.js';
import { WINDOW_UNITS } from '../../core/capping/frequency-cap.js';
import { MAX_CAP_LIMIT, MAX_FREQUENCY_CAPS, MAX_WINDOW_DAYS } from '../../core/capping/parse-frequency-caps.js';

/** How the API's documentation describes what the parsers of core read; the parsers are the ones that decide. */
const LIMIT = {
  type: 'integer',
  minimum: 1,
  maximum: MAX_CAP_LIMIT,
  description: 'Most impressions to one member in the window',
  example: 3,
} as const;

export const FREQUENCY_CAPS_SCHEMA: ApiPropertyOptions = {
  type: 'array',
  maxItems: MAX_FREQUENCY_CAPS,
  items: {
    oneOf: [
      {
        type: 'object',
        required: ['limit', 'window'],
        properties: {
          limit: LIMIT,
          window: {
            type: 'object',
            description: 'The time in which `limit` impressions are allowed',
            required: ['length', 'unit', 'kind'],
            properties: {
              length: {
                type: 'integer',
                minimum: 1,
                description: `How many units; ${MAX_WINDOW_DAYS} days at most`,
                example: 1,
              },
              unit: { type: 'string', enum: [...WINDOW_UNITS], description: 'Unit of the length', example: 'day' },
              kind: {
                type: 'string',
                enum: ['rolling', 'calendar'],
                description: "`rolling` ends now; `calendar` starts at a midnight of the advertiser's zone",
                example: 'rolling',
              },
            },
          },
        },
      },
      {
        type: 'object',
        required: ['limit', 'window'],
        properties: {
          limit: LIMIT,
          window: {
            type: 'string',
            enum: ['lifetime'],
            description: 'The cap never renews',
            example: 'lifetime',
          },
        },
      },
    ],
  },
};

export const DAY_PARTS_SCHEMA: ApiPropertyOptions = {
  type: 'object',
  required: ['clock', 'windows'],
  properties: {
    clock: {
      type: 'string',
      enum: [...DAY_PARTS_CLOCKS],
      description: "Whose clock counts: the advertiser's zone, or the zone of the member",
      example: 'member',
    },
    windows: {
      type: 'array',
      minItems: 1,
      maxItems: MAX_DAY_PART_WINDOWS,
      description: 'The ad group serves inside any of these',
      items: {
        type: 'object',
        required: ['days', 'from', 'to'],
        properties: {
          days: {
            type: 'array',
            items: { type: 'string', enum: [...WEEKDAYS] },
            description: 'Days of the week',
            example: ['mon', 'tue'],
          },
          from: { type: 'string', description: 'First minute, HH:MM', example: '09:00' },
          to: { type: 'string', description: 'The minute at which it ends, HH:MM, 24:00 at most', example: '18:00' },
        },
      },
    },
  },
};

export const TARGETING_SCHEMA: ApiPropertyOptions = { type: 'object', additionalProperties: true };
