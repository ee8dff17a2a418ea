import { Body, Controller, Get, Param, Patch, Post, Query } from '@nestjs/common';
import { ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { type Actor, CurrentActor, Identity, Roles } from '../access/access.api.js';
import type { RequestIdentity } from '../platform/database/once.js';
import { ApiIdempotencyKey, ApiIfMatch } from '../platform/http/api-headers.js';
import { IfMatch } from '../platform/http/if-match.js';
import { Now } from '../platform/http/now.js';
import { type Page, PageQuery } from '../platform/http/page.js';
import { AdGroupsService } from './ad-groups.service.js';
import { AdGroupDto, AdGroupPageDto, CreateAdGroupDto, UpdateAdGroupDto } from './dto/ad-group.dto.js';

@ApiTags('Ad groups')
@Controller('v1')
@Roles('admin', 'advertiser')
export class AdGroupsController {
  constructor(private readonly adGroups: AdGroupsService) {}

  @Post('campaigns/:id/ad-groups')
  @ApiOperation({
    summary: 'Create an ad group',
    description: 'With its creatives if you like: all of it, or nothing.',
  })
  @ApiIdempotencyKey()
  @ApiCreatedResponse({ type: AdGroupDto, description: 'The ad group was created.' })
  create(
    @CurrentActor() actor: Actor,
    @Param('id') campaignId: string,
    @Body() dto: CreateAdGroupDto,
    @Identity() identity: RequestIdentity,
  ): Promise<AdGroupDto> {
    return this.adGroups.create(actor, campaignId, dto, identity);
  }

  @Get('campaigns/:id/ad-groups')
  @ApiOperation({ summary: 'List the ad groups of a campaign' })
  @ApiOkResponse({ type: AdGroupPageDto, description: 'One page of ad groups.' })
  list(
    @CurrentActor() actor: Actor,
    @Param('id') campaignId: string,
    @Query() query: PageQuery,
  ): Promise<Page<AdGroupDto>> {
    return this.adGroups.list(actor, campaignId, query);
  }

  @Get('ad-groups/:id')
  @ApiOperation({ summary: 'Read an ad group' })
  @ApiOkResponse({ type: AdGroupDto, description: 'The ad group.' })
  get(@CurrentActor() actor: Actor, @Param('id') id: string): Promise<AdGroupDto> {
    return this.adGroups.get(actor, id);
  }

  @Patch('ad-groups/:id')
  @ApiOperation({
    summary: 'Change an ad group',
    description: 'What is left out stays; null takes `dailyBudgetMicros` or `dayParts` away.',
  })
  @ApiIfMatch()
  @ApiOkResponse({ type: AdGroupDto, description: 'The ad group as it is now.' })
  update(
    @CurrentActor() actor: Actor,
    @Param('id') id: string,
    @Body() dto: UpdateAdGroupDto,
    @IfMatch() seen: number | null,
    @Now() now: number,
  ): Promise<AdGroupDto> {
    return this.adGroups.update(actor, id, dto, seen, now);
  }
}
