import { Body, Controller, Get, HttpCode, Param, Patch, Post, Query } from '@nestjs/common';
import { ApiBody, ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { type Actor, CurrentActor, Identity, Roles } from '../access/access.api.js';
import type { RequestIdentity } from '../platform/database/once.js';
import { ApiIdempotencyKey, ApiIfMatch } from '../platform/http/api-headers.js';
import { IfMatch } from '../platform/http/if-match.js';
import { Now } from '../platform/http/now.js';
import { type Page, PageQuery } from '../platform/http/page.js';
import { readActionBody } from '../platform/http/action-body.js';
import { CreativesService } from './creatives.service.js';
import {
  ApproveCreativeDto,
  CreateCreativeDto,
  CreativeDto,
  CreativePageDto,
  RejectCreativeDto,
  UpdateCreativeDto,
} from './dto/creative.dto.js';

@ApiTags('Creatives')
@Controller('v1')
@Roles('admin', 'advertiser')
export class CreativesController {
  constructor(private readonly creatives: CreativesService) {}

  @Post('ad-groups/:id/creatives')
  @ApiOperation({ summary: 'Create a creative', description: 'It waits for its review before it is shown.' })
  @ApiIdempotencyKey()
  @ApiCreatedResponse({ type: CreativeDto, description: 'The creative was created.' })
  create(
    @CurrentActor() actor: Actor,
    @Param('id') adGroupId: string,
    @Body() dto: CreateCreativeDto,
    @Identity() identity: RequestIdentity,
  ): Promise<CreativeDto> {
    return this.creatives.create(actor, adGroupId, dto, identity);
  }

  @Get('ad-groups/:id/creatives')
  @ApiOperation({ summary: 'List the creatives of an ad group' })
  @ApiOkResponse({ type: CreativePageDto, description: 'One page of creatives.' })
  list(
    @CurrentActor() actor: Actor,
    @Param('id') adGroupId: string,
    @Query() query: PageQuery,
  ): Promise<Page<CreativeDto>> {
    return this.creatives.list(actor, adGroupId, query);
  }

  @Get('creatives/:id')
  @ApiOperation({ summary: 'Read a creative' })
  @ApiOkResponse({ type: CreativeDto, description: 'The creative.' })
  get(@CurrentActor() actor: Actor, @Param('id') id: string): Promise<CreativeDto> {
    return this.creatives.get(actor, id);
  }

  @Patch('creatives/:id')
  @ApiOperation({
    summary: 'Change a creative',
    description:
      'A change of anything but `language` and `frequencyCaps` sends it back to review. What is left out stays; null takes `imageUrl` or ' +
      '`language` away.',
  })
  @ApiIfMatch()
  @ApiOkResponse({ type: CreativeDto, description: 'The creative as it is now.' })
  update(
    @CurrentActor() actor: Actor,
    @Param('id') id: string,
    @Body() dto: UpdateCreativeDto,
    @IfMatch() seen: number | null,
    @Now() now: number,
  ): Promise<CreativeDto> {
    return this.creatives.update(actor, id, dto, seen, now);
  }

  @Post('creatives/:id/approve')
  @HttpCode(200)
  @Roles('admin')
  @ApiOperation({
    summary: 'Approve a creative',
    description:
      'For admin keys. Send the version that you reviewed as `If-Match`, so that no later one slips through.',
  })
  @ApiIfMatch()
  @ApiBody({ type: ApproveCreativeDto, required: false })
  @ApiOkResponse({ type: CreativeDto, description: 'The creative as it is now.' })
  async approve(
    @CurrentActor() actor: Actor,
    @Param('id') id: string,
    @Body() body: unknown,
    @IfMatch() seen: number | null,
    @Now() now: number,
  ): Promise<CreativeDto> {
    await readActionBody(body, ApproveCreativeDto);
    return this.creatives.review(actor, id, { status: 'approved' }, seen, now);
  }

  @Post('creatives/:id/reject')
  @HttpCode(200)
  @Roles('admin')
  @ApiOperation({ summary: 'Reject a creative', description: 'For admin keys. An approved one stops being shown.' })
  @ApiIfMatch()
  @ApiBody({ type: RejectCreativeDto, required: false })
  @ApiOkResponse({ type: CreativeDto, description: 'The creative as it is now.' })
  async reject(
    @CurrentActor() actor: Actor,
    @Param('id') id: string,
    @Body() body: unknown,
    @IfMatch() seen: number | null,
    @Now() now: number,
  ): Promise<CreativeDto> {
    const { reason = null } = await readActionBody(body, RejectCreativeDto);
    return this.creatives.review(actor, id, { status: 'rejected', reason }, seen, now);
  }
}
