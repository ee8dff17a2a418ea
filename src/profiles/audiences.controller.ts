import { Body, Controller, Get, HttpCode, Param, Post, Put, Query } from '@nestjs/common';
import { ApiBody, ApiConsumes, ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { type Actor, CurrentActor, Identity, Roles } from '../access/access.api.js';
import type { RequestIdentity } from '../platform/database/once.js';
import { addRouteConfig } from '../platform/http/add-route-config.js';
import { ApiIdempotencyKey, ApiIfMatch } from '../platform/http/api-headers.js';
import { IfMatch } from '../platform/http/if-match.js';
import { NDJSON } from '../platform/http/ndjson.js';
import { Now } from '../platform/http/now.js';
import type { Page } from '../platform/http/page.js';
import {
  AudienceDto,
  AudienceMembersDto,
  AudiencePageDto,
  AudienceQuery,
  CountedAudienceDto,
  CreateAudienceDto,
} from './audience.dto.js';
import { MAX_AUDIENCE_LINES, readAudienceMembers } from './audience-upload.js';
import { AudiencesService } from './audiences.service.js';
import { UploadResultDto } from './upload.dto.js';

const MEMBERS_BODY =
  `Either JSON with \`userIds\`, or NDJSON with \`{"userId":"…"}\` on each line, at most ${MAX_AUDIENCE_LINES} lines. Wrong lines ` +
  'are rejected one by one; with 1000 wrong ones nothing is changed. Members need not have a profile.';
@ApiTags('Audiences')
@Controller('v1/audiences')
@Roles('admin', 'advertiser')
export class AudiencesController {
  constructor(private readonly audiences: AudiencesService) {}

  @Post()
  @ApiOperation({ summary: 'Create an audience', description: 'It has no members yet.' })
  @ApiIdempotencyKey()
  @ApiCreatedResponse({ type: AudienceDto, description: 'The audience was created.' })
  create(
    @Body() body: CreateAudienceDto,
    @CurrentActor() actor: Actor,
    @Identity() identity: RequestIdentity,
  ): Promise<AudienceDto> {
    return this.audiences.create(body, actor, identity);
  }

  @Get()
  @ApiOperation({ summary: 'List the audiences' })
  @ApiOkResponse({ type: AudiencePageDto, description: 'One page of audiences.' })
  list(@Query() query: AudienceQuery, @CurrentActor() actor: Actor): Promise<Page<AudienceDto>> {
    return this.audiences.list(query, actor);
  }

  @Get(':id')
  @ApiOperation({ summary: 'Read an audience' })
  @ApiOkResponse({ type: CountedAudienceDto, description: 'The audience.' })
  read(@Param('id') id: string, @CurrentActor() actor: Actor): Promise<CountedAudienceDto> {
    return this.audiences.read(id, actor);
  }

  @Put(':id/members')
  @ApiOperation({ summary: 'Replace the list of members', description: `All at once. ${MEMBERS_BODY}` })
  @ApiIfMatch()
  @addRouteConfig({ takesNdjson: true })
  @ApiConsumes('application/json', NDJSON)
  @ApiBody({ type: AudienceMembersDto })
  @ApiOkResponse({ type: UploadResultDto, description: 'A verdict on the lines.' })
  async replaceMembers(
    @Param('id') id: string,
    @Body() body: unknown,
    @CurrentActor() actor: Actor,
    @IfMatch() seen: number | null,
    @Now() now: number,
  ): Promise<UploadResultDto> {
    const { userIds, result } = await readAudienceMembers(body);
    await this.audiences.replaceMembers({ actor, id, userIds, seen, now });
    return result;
  }

  @Post(':id/members')
  @HttpCode(200)
  @ApiOperation({ summary: 'Add members to the list', description: `All at once. ${MEMBERS_BODY}` })
  @ApiIfMatch()
  @addRouteConfig({ takesNdjson: true })
  @ApiConsumes('application/json', NDJSON)
  @ApiBody({ type: AudienceMembersDto })
  @ApiOkResponse({ type: UploadResultDto, description: 'A verdict on the lines.' })
  async addMembers(
    @Param('id') id: string,
    @Body() body: unknown,
    @CurrentActor() actor: Actor,
    @IfMatch() seen: number | null,
    @Now() now: number,
  ): Promise<UploadResultDto> {
    const { userIds, result } = await readAudienceMembers(body);
    await this.audiences.addMembers({ actor, id, userIds, seen, now });
    return result;
  }
}
