import { Body, Controller, HttpCode, Post, Req } from '@nestjs/common';
import { RouteSchema } from '@nestjs/platform-fastify';
import { ApiBody, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { Roles } from '../../access/access.api.js';
import { AppError, type FieldError, invalid } from '../../platform/app-error.js';
import { addRouteConfig } from '../../platform/http/add-route-config.js';
import { requireStorable } from '../../platform/http/json-body.js';
import { Now } from '../../platform/http/now.js';
import { schemaErrors } from '../../platform/http/schema-errors.js';
import { MATCH_ANSWER } from './match-answer.js';
import { MATCH_BODY, type MatchInput } from './match-input.js';
import { type Decision, MatchService } from './match.service.js';

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
                description: 'Every wrong place',
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

interface RefusedRequest {
  readonly error: {
    readonly status: number;
    readonly code: string;
    readonly detail: string;
    readonly errors: readonly FieldError[];
  };
}

@ApiTags('Match')
@Controller('v1/match/batch')
export class MatchBatchController {
  constructor(private readonly matching: MatchService) {}

  @Post()
  @HttpCode(200)
  @Roles('chat', 'admin')
  @addRouteConfig({ looksForFaults: true })
  @RouteSchema({ body: BATCH_BODY, response: { 200: BATCH_ANSWER } })
  @ApiOperation({
    summary: `Answers up to ${MOST_REQUESTS} match requests at once; a bad one does not fail the others`,
  })
  @ApiBody({ schema: BATCH_DOCUMENTED })
  @ApiOkResponse({ schema: BATCH_ANSWER })
  async match(
    @Body() { requests }: { readonly requests: readonly unknown[] },
    @Now() now: number,
    @Req() http: FastifyRequest,
  ): Promise<{ results: readonly (Decision | RefusedRequest)[] }> {
    const results: (Decision | RefusedRequest)[] = [];
    for (let from = 0; from < requests.length; from += REQUESTS_A_TURN) {
      const turn = requests.slice(from, from + REQUESTS_A_TURN);
      results.push(...(await Promise.all(turn.map((input) => this.matchOne(input, now, http)))));
    }
    return { results };
  }

  private async matchOne(input: unknown, now: number, http: FastifyRequest): Promise<Decision | RefusedRequest> {
    try {
      const isValid = http.getValidationFunction(MATCH_BODY) ?? http.compileValidationSchema(MATCH_BODY);
      requireStorable(input);
      if (!isValid(input)) throw invalid(schemaErrors(isValid.errors ?? []));
      return await this.matching.match(input as MatchInput, now);
    } catch (error) {
      if (!(error instanceof AppError)) throw error;
      const { status, code, detail, errors } = error;
      return { error: { status, code, detail, errors } };
    }
  }
}
