import { Body, Controller, Get, HttpCode, Param, Post, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Roles } from '../../access/access.api.js';
import { requireNoFields } from '../../platform/http/action-body.js';
import type { Page } from '../../platform/http/page.js';
import { BatchDto, BatchPageDto, BatchQuery } from './batch.dto.js';
import { BatchesService } from './batches.service.js';

@ApiTags('Operations')
@Controller('v1/ops/batches')
@Roles('admin')
export class BatchesController {
  constructor(private readonly batches: BatchesService) {}

  @Get()
  @ApiOperation({
    summary: 'List event batches',
    description:
      'Parked ones could not be settled: their events are neither charged nor reported until they are retried.',
  })
  @ApiOkResponse({ type: BatchPageDto, description: 'One page of batches.' })
  list(@Query() query: BatchQuery): Promise<Page<BatchDto>> {
    return this.batches.list(query);
  }

  @Get(':id')
  @ApiOperation({ summary: 'Read an event batch' })
  @ApiOkResponse({ type: BatchDto, description: 'The batch as it is now.' })
  read(@Param('id') id: string): Promise<BatchDto> {
    return this.batches.read(id);
  }

  @Post(':id/retry')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Retry a parked batch',
    description:
      'It waits for its settlement again, and is queued at once. One that waits already is left as it is; one that is ' +
      'settled gets 409 `batch_settled`.',
  })
  @ApiOkResponse({ type: BatchDto, description: 'The batch as it is now.' })
  retry(@Param('id') id: string, @Body() body: unknown): Promise<BatchDto> {
    requireNoFields(body);
    return this.batches.retry(id);
  }
}
