import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { RouteSchema } from '@nestjs/platform-fastify';
import { ApiBody, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Roles } from '../../access/access.api.js';
import { EXCLUSION_REASONS } from '../../core/index/match-request.js';
import { Now } from '../../platform/http/now.js';
import { MATCH_PROPERTIES, MATCH_REQUIRED } from '../match/match-input.js';
import { type ExplainInput, type Explanation, ExplainService, MAX_EXPLAINED } from './explain.service.js';

const EXPLAIN_BODY = {
  type: 'object',
  additionalProperties: false,
  required: MATCH_REQUIRED,
  properties: {
    ...MATCH_PROPERTIES,
    adGroupIds: {
      type: 'array',
      maxItems: MAX_EXPLAINED,
      items: { type: 'string', maxLength: 64 },
      description: 'Only these ad groups',
      example: ['adg_01KANQ8Y3V5T6W7X8Y9Z0A1B2C'],
    },
    limit: {
      type: 'integer',
      minimum: 1,
      maximum: MAX_EXPLAINED,
      description: 'Most candidates to answer; 100 if absent',
      example: 100,
    },
  },
};

const EXPLAIN_ANSWER = {
  type: 'object',
  properties: {
    candidates: {
      type: 'array',
      description: 'Placed first, then by score, then the excluded',
      items: {
        type: 'object',
        properties: {
          adGroupId: { type: 'string', description: 'Id of the ad group', example: 'adg_01KANQ8Y3V5T6W7X8Y9Z0A1B2C' },
          outcome: {
            type: 'string',
            enum: ['placed', 'outranked', 'excluded'],
            description: 'What a match would do with it',
            example: 'placed',
          },
          reason: {
            type: 'string',
            enum: [...EXCLUSION_REASONS],
            description: 'The first check that failed',
            example: 'schedule',
          },
          score: {
            type: 'number',
            description: 'Micros of the base currency for 1,000 impressions',
            example: 4_500_000_000,
          },
          price: {
            type: 'integer',
            description: "What it would be charged, micros of the advertiser's currency",
            example: 4_200_000,
          },
        },
      },
    },
    counts: {
      type: 'object',
      description: 'Over all candidates asked about, beyond `limit` too',
      properties: {
        placed: { type: 'integer', description: 'How many would be placed', example: 3 },
        outranked: { type: 'integer', description: 'How many had no place left', example: 12 },
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

@ApiTags('Match')
@Controller('v1/match/explain')
export class ExplainController {
  constructor(private readonly explaining: ExplainService) {}

  @Post()
  @HttpCode(200)
  @Roles('chat', 'admin')
  @RouteSchema({ body: EXPLAIN_BODY, response: { 200: EXPLAIN_ANSWER } })
  @ApiOperation({ summary: 'Tells of every ad group why a match would place it or not; holds nothing' })
  @ApiBody({ schema: EXPLAIN_BODY })
  @ApiOkResponse({ schema: EXPLAIN_ANSWER })
  explain(@Body() input: ExplainInput, @Now() now: number): Promise<Explanation> {
    return this.explaining.explain(input, now);
  }
}
