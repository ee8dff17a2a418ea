import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { RouteSchema } from '@nestjs/platform-fastify';
import { ApiBody, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Roles } from '../../access/access.api.js';
import { addRouteConfig } from '../../platform/http/add-route-config.js';
import { Now } from '../../platform/http/now.js';
import { MATCH_ANSWER } from './match-answer.js';
import { MATCH_BODY, type MatchInput } from './match-input.js';
import { type Decision, MatchService } from './match.service.js';

/** Several times the longest request that the schema takes: a larger one is not even parsed, since others wait meanwhile. */
const MOST_BODY_BYTES = 64 * 1024;

@ApiTags('Match')
@Controller('v1/match')
export class MatchController {
  constructor(private readonly matching: MatchService) {}

  @Post()
  @HttpCode(200)
  @Roles('chat', 'admin')
  @addRouteConfig({ maxBodyBytes: MOST_BODY_BYTES })
  @RouteSchema({ body: MATCH_BODY, response: { 200: MATCH_ANSWER } })
  @ApiOperation({ summary: 'Places sponsored messages in a member’s chat list' })
  @ApiBody({ schema: MATCH_BODY })
  @ApiOkResponse({ schema: MATCH_ANSWER })
  match(@Body() input: MatchInput, @Now() now: number): Promise<Decision> {
    return this.matching.match(input, now);
  }
}
