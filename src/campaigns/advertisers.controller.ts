import { Body, Controller, Get, Param, Patch, Post, Query } from '@nestjs/common';
import { ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { type Actor, CurrentActor, Identity, Roles } from '../access/access.api.js';
import type { RequestIdentity } from '../platform/database/once.js';
import { ApiIdempotencyKey, ApiIfMatch } from '../platform/http/api-headers.js';
import { IfMatch } from '../platform/http/if-match.js';
import { Now } from '../platform/http/now.js';
import { type Page, PageQuery } from '../platform/http/page.js';
import { AdvertisersService } from './advertisers.service.js';
import { AdvertiserDto, AdvertiserPageDto, CreateAdvertiserDto, UpdateAdvertiserDto } from './dto/advertiser.dto.js';

@ApiTags('Advertisers')
@Controller('v1/advertisers')
@Roles('admin', 'advertiser')
export class AdvertisersController {
  constructor(private readonly advertisers: AdvertisersService) {}

  @Post()
  @Roles('admin')
  @ApiOperation({ summary: 'Create an advertiser', description: 'With an empty prepaid account. For admin keys.' })
  @ApiIdempotencyKey()
  @ApiCreatedResponse({ type: AdvertiserDto, description: 'The advertiser was created.' })
  create(@Body() dto: CreateAdvertiserDto, @Identity() identity: RequestIdentity): Promise<AdvertiserDto> {
    return this.advertisers.create(dto, identity);
  }

  @Get()
  @Roles('admin')
  @ApiOperation({ summary: 'List the advertisers', description: 'For admin keys.' })
  @ApiOkResponse({ type: AdvertiserPageDto, description: 'One page of advertisers.' })
  list(@Query() query: PageQuery): Promise<Page<AdvertiserDto>> {
    return this.advertisers.list(query);
  }

  @Get(':id')
  @ApiOperation({ summary: 'Read an advertiser' })
  @ApiOkResponse({ type: AdvertiserDto, description: 'The advertiser.' })
  get(@CurrentActor() actor: Actor, @Param('id') id: string): Promise<AdvertiserDto> {
    return this.advertisers.get(actor, id);
  }

  @Patch(':id')
  @ApiOperation({
    summary: 'Change an advertiser',
    description:
      "The currency never changes. An advertiser's own key changes the name and the frequency caps; the time zone, by which " +
      'budget days and reports go, is for admin keys.',
  })
  @ApiIfMatch()
  @ApiOkResponse({ type: AdvertiserDto, description: 'The advertiser as it is now.' })
  update(
    @CurrentActor() actor: Actor,
    @Param('id') id: string,
    @Body() dto: UpdateAdvertiserDto,
    @IfMatch() seen: number | null,
    @Now() now: number,
  ): Promise<AdvertiserDto> {
    return this.advertisers.update(actor, id, dto, seen, now);
  }
}
