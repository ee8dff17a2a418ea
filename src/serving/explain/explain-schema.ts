import { EXCLUSION_REASONS } from '../../core/index/match-request.js';
import { MATCH_PROPERTIES, MATCH_REQUIRED } from '../match/match-input.js';

export const DEFAULT_EXPLAINED = 100;
export const MAX_EXPLAINED = 10_000;

export const EXPLAIN_BODY = {
  type: 'object',
  additionalProperties: false,
  required: MATCH_REQUIRED,
  properties: {
    ...MATCH_PROPERTIES,
    adGroupIds: {
      type: 'array',
      maxItems: MAX_EXPLAINED,
      items: { type: 'string', maxLength: 64 },
      description: 'Only these ad groups; each must be one of a campaign that is neither archived nor over',
      example: ['adg_01KANQ8Y3V5T6W7X8Y9Z0A1B2C'],
    },
    limit: {
      type: 'integer',
      minimum: 1,
      maximum: MAX_EXPLAINED,
      description: `Most candidates to answer; if absent ${DEFAULT_EXPLAINED}, or all of \`adGroupIds\``,
      example: 100,
    },
  },
};

const FACTORS = {
  type: 'object',
  description: 'What `score` is made of: `ecpmMicros` × `relevance` × `pacing`. Not of excluded ones',
  properties: {
    ecpmMicros: {
      type: 'number',
      description:
        'Expected revenue of 1,000 impressions, micros of the base currency: a cpm bid, or a cpc bid × `predictedCtr` × 1,000',
      example: 5_000_000_000,
    },
    predictedCtr: {
      type: 'number',
      description:
        'Clicks expected for one impression, 0 to 1, from those of the last 30 days; a cpm bid is not ranked by it',
      example: 0.012,
    },
    relevance: {
      type: 'number',
      description: "0.5 to 1: grows with the member's strongest interest among the segments that the targeting names",
      example: 0.9,
    },
    pacing: {
      type: 'number',
      description: "0.5 to 1: below 1 where an evenly paced campaign's spend comes near its plan for now",
      example: 1,
    },
  },
};

const CANDIDATE = {
  type: 'object',
  properties: {
    adGroupId: { type: 'string', description: 'Id of the ad group', example: 'adg_01KANQ8Y3V5T6W7X8Y9Z0A1B2C' },
    outcome: {
      type: 'string',
      enum: ['placed', 'outranked', 'excluded'],
      description:
        'What a match would do with it. `outranked`: no place was left, or one that ranks higher is of the same advertiser or shares a category, or so many rank higher that it would not be looked at',
      example: 'placed',
    },
    reason: {
      type: 'string',
      enum: [...EXCLUSION_REASONS],
      description:
        "The first check that failed, of excluded ones. `frequency_cap`: a cap of its own, its campaign's or its advertiser's, of all its creatives that suit, or the placement's caps, most a day or least gap; also where the member has 256 messages open, or 64 decisions that may be asked for again",
      example: 'schedule',
    },
    score: {
      type: 'number',
      description: 'What it is ranked by: micros of the base currency for 1,000 impressions. Not of excluded ones',
      example: 4_500_000_000,
    },
    price: {
      type: 'integer',
      description:
        "What it would be charged for an impression (cpm) or a click (cpc), micros of the advertiser's currency. Of placed ones only",
      example: 4_200_000,
    },
    factors: FACTORS,
  },
};

export const EXPLAIN_ANSWER = {
  type: 'object',
  properties: {
    candidates: { type: 'array', description: 'Placed first, then by score, then the excluded', items: CANDIDATE },
    counts: {
      type: 'object',
      description: 'Over all candidates asked about, beyond `limit` too',
      properties: {
        placed: { type: 'integer', description: 'How many would be placed', example: 3 },
        outranked: { type: 'integer', description: 'How many lost to others', example: 12 },
        excluded: {
          type: 'object',
          additionalProperties: { type: 'integer' },
          description: 'How many by reason',
          example: { targeting: 280, frequency_cap: 2 },
        },
      },
    },
  },
};
