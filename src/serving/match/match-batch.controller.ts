import { Body, Controller, Header, HttpCode, Post } from '@nestjs/common';
import { RouteSchema } from '@nestjs/platform-fastify';
import { ApiBody, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Roles } from '../../access/access.api.js';
import { AppError } from '../../platform/app-error.js';
import { addRouteConfig } from '../../platform/http/add-route-config.js';
import { Now } from '../../platform/http/now.js';
import { JSON_TYPE } from '../../platform/http/utf8-text.js';
import { writeDecision, writeResults } from './decision-json.js';
import { MATCH_ANSWER } from './match-answer.js';
import { MATCH_BODY, type MatchInput, MOST_MATCH_BYTES, MOST_MATCH_ENTRIES } from './match-input.js';
import { MatchService } from './match.service.js';

const MOST_REQUESTS = 200;
/** So many are decided in one turn, each turn with a deadline of its own, so that others' matches come in between: some 10 ms. */
const REQUESTS_A_TURN = 25;

/** Items are any objects here: each is checked on its own, so that a bad one does not fail the others. */
const BATCH_BODY = {
  type: 'object',
  additionalProperties: false,
  required: ['requests'],
  properties: { requests: { type: 'array', minItems: 1, maxItems: MOST_REQUESTS, items: {} } },
};

const ITEM_RULES = { field: 'requests', maxItems: MOST_REQUESTS, maxBytes: MOST_MATCH_BYTES, schema: MATCH_BODY };

/** What the documentation shows. */
const BATCH_DOCUMENTED = {
  ...BATCH_BODY,
  properties: {
    requests: { ...BATCH_BODY.properties.requests, description: 'Each as for POST /v1/match', items: MATCH_BODY },
  },
};

const BATCH_ANSWER = {
  type: 'object',
  properties: {
    results: {
      type: 'array',
      description: 'In the order of the requests: a decision, or what was wrong with the request',
      items: {
        type: 'object',
        properties: {
          ...MATCH_ANSWER.properties,
          error: {
            type: 'object',
            description: 'Only for a request that could not be taken; then nothing else is there',
            properties: {
              status: { type: 'integer', description: 'What the single route would answer', example: 422 },
              code: { type: 'string', description: 'Stable code of the error', example: 'invalid_request' },
              detail: {
                type: 'string',
                description: 'What to do',
                example: 'The request has invalid fields; see errors.',
              },
              errors: {
                type: 'array',
                description: 'The first wrong place',
                items: {
                  type: 'object',
                  properties: {
                    path: { type: 'string', description: 'Within the request', example: 'chatCount' },
                    message: { type: 'string', description: 'What would be right', example: 'must be >= 0' },
                  },
                },
              },
            },
          },
        },
      },
    },
  },
};

@ApiTags('Match')
@Controller('v1/match/batch')
export class MatchBatchController {
  constructor(private readonly matching: MatchService) {}

  @Post()
  @HttpCode(200)
  @Roles('chat', 'admin')
  @addRouteConfig({ itemRules: ITEM_RULES, maxEntriesInAll: MOST_MATCH_ENTRIES })
  @Header('content-type', JSON_TYPE)
  @RouteSchema({ body: BATCH_BODY })
  @ApiOperation({
    summary: `Answers up to ${MOST_REQUESTS} match requests at once; a bad one does not fail the others`,
  })
  @ApiBody({ schema: BATCH_DOCUMENTED })
  @ApiOkResponse({ schema: BATCH_ANSWER })
  async match(
    @Body() { requests }: { readonly requests: readonly (MatchInput | AppError)[] },
    @Now() now: number,
  ): Promise<Buffer> {
    const results: Buffer[] = [];
    for (let from = 0; from < requests.length; from += REQUESTS_A_TURN) {
      const turn = requests.slice(from, from + REQUESTS_A_TURN);
      results.push(...(await Promise.all(turn.map((input) => this.matchOne(input, now)))));
    }
    return writeResults(results);
  }

  private async matchOne(input: MatchInput | AppError, now: number): Promise<Buffer> {
    try {
      if (input instanceof AppError) throw input;
      return writeDecision(await this.matching.match(input, now));
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      const { status, code, detail, errors } = error;
      return Buffer.from(JSON.stringify({ error: { status, code, detail, errors } }));
    }
  }
}
