import { Body, Controller, Delete, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiCreatedResponse, ApiNoContentResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { RequestIdentity } from '../platform/database/once.js';
import { ApiIdempotencyKey } from '../platform/http/api-headers.js';
import { Now } from '../platform/http/now.js';
import { type Page, PageQuery } from '../platform/http/page.js';
import { Identity, Roles } from './access.api.js';
import { ApiKeyDto, ApiKeyPageDto, CreateApiKeyDto, IssuedApiKeyDto } from './api-key.dto.js';
import { ApiKeysService } from './api-keys.service.js';

@ApiTags('API keys')
@Controller('v1/api-keys')
@Roles('admin')
export class ApiKeysController {
  constructor(private readonly apiKeys: ApiKeysService) {}

  @Post()
  @ApiOperation({
    summary: 'Issue a key',
    description: 'The key is shown in this answer only; we keep no more than its hash.',
  })
  @ApiIdempotencyKey()
  @ApiCreatedResponse({ type: IssuedApiKeyDto, description: 'The key was issued.' })
  issue(@Body() dto: CreateApiKeyDto, @Identity() identity: RequestIdentity): Promise<IssuedApiKeyDto> {
    return this.apiKeys.issue(dto, identity);
  }

  @Get()
  @ApiOperation({ summary: 'List the keys', description: 'Without the keys themselves and without revoked ones.' })
  @ApiOkResponse({ type: ApiKeyPageDto, description: 'One page of keys.' })
  list(@Query() query: PageQuery): Promise<Page<ApiKeyDto>> {
    return this.apiKeys.list(query);
  }

  @Delete(':id')
  @HttpCode(204)
  @ApiOperation({
    summary: 'Revoke a key',
    description: 'It stops working at once on the server that answers, and within 5 seconds on every other one.',
  })
  @ApiNoContentResponse({ description: 'The key was revoked.' })
  revoke(@Param('id') id: string, @Now() now: number): Promise<void> {
    return this.apiKeys.revoke(id, now);
  }
}
