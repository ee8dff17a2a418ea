import { Body, Controller, Get, Param, Put, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Roles } from '../../access/access.api.js';
import { invalid } from '../../platform/app-error.js';
import { ApiIfMatch } from '../../platform/http/api-headers.js';
import { IfMatch } from '../../platform/http/if-match.js';
import { Now } from '../../platform/http/now.js';
import { type Page, PageQuery } from '../../platform/http/page.js';
import { PlacementDto, PlacementPageDto, PlacementRulesDto, toPlacementDto } from './placement.dto.js';
import { PlacementsService } from './placements.service.js';

const PLACEMENT_ID = /^[a-z][a-z0-9_]{0,63}$/;

@ApiTags('Placements')
@Controller('v1/placements')
export class PlacementsController {
  constructor(private readonly placements: PlacementsService) {}

  @Get()
  @Roles('admin', 'chat', 'advertiser', 'analyst')
  @ApiOperation({ summary: 'List the placements', description: 'By id.' })
  @ApiOkResponse({ type: PlacementPageDto, description: 'One page of placements.' })
  list(@Query() query: PageQuery): Promise<Page<PlacementDto>> {
    return this.placements.list(query);
  }

  @Get(':id')
  @Roles('admin', 'chat', 'advertiser', 'analyst')
  @ApiOperation({ summary: 'The rules of a placement' })
  @ApiOkResponse({ type: PlacementDto, description: 'The placement.' })
  async read(@Param('id') id: string): Promise<PlacementDto> {
    return toPlacementDto(await this.placements.read(placementId(id)));
  }

  @Put(':id')
  @Roles('admin')
  @ApiOperation({ summary: 'Creates a placement, or replaces its rules' })
  @ApiIfMatch()
  @ApiOkResponse({ type: PlacementDto, description: 'The placement.' })
  async put(
    @Param('id') id: string,
    @Body() rules: PlacementRulesDto,
    @IfMatch() seenVersion: number | null,
    @Now() now: number,
  ): Promise<PlacementDto> {
    return toPlacementDto(await this.placements.put(placementId(id), rules, seenVersion, now));
  }
}

function placementId(id: string): string {
  if (PLACEMENT_ID.test(id)) return id;
  throw invalid([{ path: 'id', message: 'must be 1 to 64 lower-case letters, digits or "_", a letter first' }]);
}
