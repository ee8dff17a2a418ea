import { Readable } from 'node:stream';
import { Body, Controller, Get, HttpCode, Post, Query, Res } from '@nestjs/common';
import { ApiBody, ApiConsumes, ApiCreatedResponse, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { Roles } from '../access/access.api.js';
import { invalid } from '../platform/app-error.js';
import { addRouteConfig } from '../platform/http/add-route-config.js';
import { NDJSON, NdjsonBody } from '../platform/http/ndjson.js';
import { Now } from '../platform/http/now.js';
import { type Page, PageQuery } from '../platform/http/page.js';
import { PostSegmentDto, SegmentDto, SegmentPageDto } from './segment.dto.js';
import { MAX_SEGMENT_LINES, readSegments, requireName } from './segment-upload.js';
import { SegmentsService } from './segments.service.js';
import { UploadResultDto } from './upload.dto.js';
import { rejectLine } from './upload-verdicts.js';

@ApiTags('Segments')
@Controller('v1/segments')
export class SegmentsController {
  constructor(private readonly segments: SegmentsService) {}

  @Get()
  @Roles('admin', 'advertiser', 'chat', 'analyst')
  @ApiOperation({ summary: 'List the segments', description: 'By id.' })
  @ApiOkResponse({ type: SegmentPageDto, description: 'One page of segments.' })
  list(@Query() query: PageQuery): Promise<Page<SegmentDto>> {
    return this.segments.list(query);
  }

  @Post()
  @Roles('admin', 'chat')
  @ApiOperation({
    summary: 'Create or replace a segment',
    description: 'What the body leaves out is taken away. A parent must exist, and must not be below the segment.',
  })
  @ApiCreatedResponse({ type: SegmentDto, description: 'The segment was created.' })
  @ApiOkResponse({ type: SegmentDto, description: 'The segment was replaced.' })
  async upsert(
    @Body() body: PostSegmentDto,
    @Now() now: number,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<SegmentDto> {
    requireName(body);
    const { segment, created } = await this.segments.upsert(body, now);
    reply.status(created ? 201 : 200);
    return segment;
  }

  @Post('bulk')
  @HttpCode(200)
  @Roles('admin', 'chat')
  @ApiOperation({
    summary: 'Create or replace many segments',
    description:
      `NDJSON: one segment a line, each id once, at most ${MAX_SEGMENT_LINES}. A parent may stand on any line, also behind ` +
      'its children. The good lines are taken together, in one transaction; a line whose parent was rejected and does not ' +
      'exist yet is rejected, too.',
  })
  @addRouteConfig({ takesNdjson: true })
  @ApiConsumes(NDJSON)
  @ApiBody({ schema: { type: 'string' }, description: 'One segment a line' })
  @ApiOkResponse({ type: UploadResultDto, description: 'A verdict on the lines.' })
  async upload(@NdjsonBody() stream: Readable, @Now() now: number): Promise<UploadResultDto> {
    const { segments, rejected } = await readSegments(stream);
    const { faults } = await this.segments.upsertAll(
      [...segments.values()].map(({ segment }) => segment),
      now,
    );
    const misplaced = [...faults].map(([id, fault]) => rejectLine(segments.get(id)?.line ?? 0, invalid([fault])));
    const verdicts = [...rejected, ...misplaced].sort((one, other) => one.line - other.line);
    return { accepted: segments.size - faults.size, rejected: verdicts };
  }
}
