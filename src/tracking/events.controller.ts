import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { RouteSchema } from '@nestjs/platform-fastify';
import { ApiBody, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { Roles } from '../access/access.api.js';
import { ArrivedTick, Now } from '../platform/http/now.js';
import { EventReports, type EventResult } from './event-reports.js';
import { EVENTS_ANSWER, EVENTS_BODY } from './event-schema.js';
import type { ReportedEvent } from './verified-event.js';

@ApiTags('Events')
@Controller('v1/events')
export class EventsController {
  constructor(private readonly reports: EventReports) {}

  @Post()
  @HttpCode(202)
  @Roles('chat', 'admin')
  @RouteSchema({ body: EVENTS_BODY, response: { 202: EVENTS_ANSWER } })
  @ApiOperation({
    summary: 'Reports impressions, clicks, hides and conversions; 202 means that they are durable',
    description:
      '503 with `Retry-After`: none of them was taken for certain; send all of them again. `settlement_behind`: the ' +
      'settlement of earlier events has to catch up first.',
  })
  @ApiBody({ schema: EVENTS_BODY })
  @ApiResponse({ status: 202, schema: EVENTS_ANSWER, description: 'One verdict an event' })
  async report(
    @Body() body: { events: ReportedEvent[] },
    @Now() now: number,
    @ArrivedTick() tick: number,
  ): Promise<{ results: EventResult[] }> {
    return { results: await this.reports.take(body.events, { now, tick }) };
  }
}
