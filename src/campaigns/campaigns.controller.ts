import { Body, Controller, Get, HttpCode, Param, Patch, Post, Query } from '@nestjs/common';
import { ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { type Actor, CurrentActor, Identity, Roles } from '../access/access.api.js';
import type { RequestIdentity } from '../platform/database/once.js';
import { ApiIdempotencyKey, ApiIfMatch } from '../platform/http/api-headers.js';
import { IfMatch } from '../platform/http/if-match.js';
import { Now } from '../platform/http/now.js';
import type { Page } from '../platform/http/page.js';
import { requireNoFields } from '../platform/http/action-body.js';
import { CampaignCreation } from './campaign-creation.service.js';
import { CampaignsService } from './campaigns.service.js';
import {
  CampaignDto,
  CampaignPageDto,
  CampaignQuery,
  CreateCampaignDto,
  UpdateCampaignDto,
} from './dto/campaign.dto.js';

@ApiTags('Campaigns')
@Controller('v1/campaigns')
@Roles('admin', 'advertiser')
export class CampaignsController {
  constructor(
    private readonly creation: CampaignCreation,
    private readonly campaigns: CampaignsService,
  ) {}

  @Post()
  @ApiOperation({
    summary: 'Create a campaign',
    description: 'A draft, with its ad groups and their creatives if you like: all of it is created, or nothing.',
  })
  @ApiIdempotencyKey()
  @ApiCreatedResponse({ type: CampaignDto, description: 'The campaign was created.' })
  create(
    @CurrentActor() actor: Actor,
    @Body() dto: CreateCampaignDto,
    @Identity() identity: RequestIdentity,
  ): Promise<CampaignDto> {
    return this.creation.create(actor, dto, identity);
  }

  @Get()
  @ApiOperation({ summary: 'List the campaigns', description: 'Those that your key may see, without their ad groups.' })
  @ApiOkResponse({ type: CampaignPageDto, description: 'One page of campaigns.' })
  list(@CurrentActor() actor: Actor, @Query() query: CampaignQuery, @Now() now: number): Promise<Page<CampaignDto>> {
    return this.campaigns.list(actor, query, now);
  }

  @Get(':id')
  @ApiOperation({ summary: 'Read a campaign' })
  @ApiOkResponse({ type: CampaignDto, description: 'The campaign.' })
  get(@CurrentActor() actor: Actor, @Param('id') id: string, @Now() now: number): Promise<CampaignDto> {
    return this.campaigns.get(actor, id, now);
  }

  @Patch(':id')
  @ApiOperation({
    summary: 'Change a campaign',
    description: 'What is left out stays; null takes `endsAt`, `budget.totalMicros` or `budget.dailyMicros` away.',
  })
  @ApiIfMatch()
  @ApiOkResponse({ type: CampaignDto, description: 'The campaign as it is now.' })
  update(
    @CurrentActor() actor: Actor,
    @Param('id') id: string,
    @Body() dto: UpdateCampaignDto,
    @IfMatch() seen: number | null,
    @Now() now: number,
  ): Promise<CampaignDto> {
    return this.campaigns.update(actor, id, dto, seen, now);
  }

  @Post(':id/activate')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Activate a campaign',
    description:
      'A draft or paused one, before its end. It serves as soon as it has an approved creative and a balance.',
  })
  @ApiIfMatch()
  @ApiOkResponse({ type: CampaignDto, description: 'The campaign as it is now.' })
  activate(
    @CurrentActor() actor: Actor,
    @Param('id') id: string,
    @Body() body: unknown,
    @IfMatch() seen: number | null,
    @Now() now: number,
  ): Promise<CampaignDto> {
    requireNoFields(body);
    return this.campaigns.transition(actor, id, 'activate', seen, now);
  }

  @Post(':id/pause')
  @HttpCode(200)
  @ApiOperation({ summary: 'Pause an active campaign' })
  @ApiIfMatch()
  @ApiOkResponse({ type: CampaignDto, description: 'The campaign as it is now.' })
  pause(
    @CurrentActor() actor: Actor,
    @Param('id') id: string,
    @Body() body: unknown,
    @IfMatch() seen: number | null,
    @Now() now: number,
  ): Promise<CampaignDto> {
    requireNoFields(body);
    return this.campaigns.transition(actor, id, 'pause', seen, now);
  }

  @Post(':id/archive')
  @HttpCode(200)
  @ApiOperation({ summary: 'Archive a campaign', description: 'For good: nothing of it serves or changes any more.' })
  @ApiIfMatch()
  @ApiOkResponse({ type: CampaignDto, description: 'The campaign as it is now.' })
  archive(
    @CurrentActor() actor: Actor,
    @Param('id') id: string,
    @Body() body: unknown,
    @IfMatch() seen: number | null,
    @Now() now: number,
  ): Promise<CampaignDto> {
    requireNoFields(body);
    return this.campaigns.transition(actor, id, 'archive', seen, now);
  }
}
