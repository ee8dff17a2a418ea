import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { RouteSchema } from '@nestjs/platform-fastify';
import { ApiBody, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Roles } from '../../access/access.api.js';
import { addRouteConfig } from '../../platform/http/add-route-config.js';
import { Now } from '../../platform/http/now.js';
import { MOST_MATCH_ENTRIES } from '../match/match-input.js';
import { EXPLAIN_ANSWER, EXPLAIN_BODY } from './explain-schema.js';
import { type ExplainInput, ExplainService } from './explain.service.js';
import type { Explanation } from './explanation.js';

@ApiTags('Match')
@Controller('v1/match/explain')
export class ExplainController {
  constructor(private readonly explaining: ExplainService) {}

  @Post()
  @HttpCode(200)
  @Roles('chat', 'admin')
  @addRouteConfig({ maxEntriesInAll: MOST_MATCH_ENTRIES })
  @RouteSchema({ body: EXPLAIN_BODY, response: { 200: EXPLAIN_ANSWER } })
  @ApiOperation({
    summary:
      'Tells of every ad group why a match would place it or not; holds nothing. Equals are drawn by `requestId`, and one that is decided already is judged anew',
  })
  @ApiBody({ schema: EXPLAIN_BODY })
  @ApiOkResponse({ schema: EXPLAIN_ANSWER })
  explain(@Body() input: ExplainInput, @Now() now: number): Promise<Explanation> {
    return this.explaining.explain(input, now);
  }
}
