import { Controller, Header, HttpCode, Post, Req } from '@nestjs/common';
import { RouteSchema } from '@nestjs/platform-fastify';
import { ApiBody, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyRequest } from 'fastify';
import { Roles } from '../../access/access.api.js';
import { addRouteConfig } from '../../platform/http/add-route-config.js';
import { JSON_TYPE } from '../../platform/http/utf8-text.js';
import { writeDecision } from './decision-json.js';
import { MATCH_ANSWER } from './match-answer.js';
import { MATCH_BODY, type MatchInput, MOST_MATCH_BYTES, MOST_MATCH_ENTRIES } from './match-input.js';
import { MatchService } from './match.service.js';

@ApiTags('Match')
@Controller('v1/match')
export class MatchController {
  constructor(private readonly matching: MatchService) {}

  @Post()
  @HttpCode(200)
  @Roles('chat', 'admin')
  @addRouteConfig({ maxBodyBytes: MOST_MATCH_BYTES, maxEntriesInAll: MOST_MATCH_ENTRIES })
  @Header('content-type', JSON_TYPE)
  @RouteSchema({ body: MATCH_BODY })
  @ApiOperation({ summary: 'Places sponsored messages in a member’s chat list' })
  @ApiBody({ schema: MATCH_BODY })
  @ApiOkResponse({ schema: MATCH_ANSWER })
  // The request itself, since Nest sends each other parameter through its pipes, though the schema has checked them.
  async match(@Req() { body, arrivedAt }: FastifyRequest<{ Body: MatchInput }>): Promise<Buffer> {
    return writeDecision(await this.matching.match(body, arrivedAt));
  }
}
