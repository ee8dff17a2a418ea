import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { RouteSchema } from '@nestjs/platform-fastify';
import { ApiBody, ApiOperation, ApiResponse, ApiTags } from '@nestjs/swagger';
import { Roles } from '../access/access.api.js';
import { Now } from '../platform/http/now.js';
import { Metrics } from '../platform/metrics/metrics.js';
import { DecisionTokens } from './decision-token.js';
import { EventIntake, type IntakeVerdict } from './event-intake.js';
import { EVENTS_ANSWER, EVENTS_BODY } from './event-schema.js';
import { type RejectionCode, type ReportedEvent, verifyEvent } from './verified-event.js';

interface EventResult {
  readonly status: IntakeVerdict | 'rejected';
  readonly code?: RejectionCode;
}

@ApiTags('Events')
@Controller('v1/events')
export class EventsController {
  private readonly verdicts;

  constructor(
    private readonly tokens: DecisionTokens,
    private readonly intake: EventIntake,
    metrics: Metrics,
  ) {
    this.verdicts = metrics.counter('matchum_events_total', 'Reported events by verdict', ['verdict']);
  }

  @Post()
  @HttpCode(202)
  @Roles('chat', 'admin')
  @RouteSchema({ body: EVENTS_BODY, response: { 202: EVENTS_ANSWER } })
  @ApiOperation({ summary: 'Reports impressions, clicks, hides and conversions; 202 means that they are durable' })
  @ApiBody({ schema: EVENTS_BODY })
  @ApiResponse({ status: 202, schema: EVENTS_ANSWER, description: 'One verdict an event' })
  async report(@Body() body: { events: ReportedEvent[] }, @Now() now: number): Promise<{ results: EventResult[] }> {
    const verified = body.events.map((event) => verifyEvent(event, this.tokens, now));
    const verdicts = (await this.intake.submit(verified.filter((event) => typeof event !== 'string'))).values();
    const results = verified.map((event): EventResult => {
      if (typeof event === 'string') return { status: 'rejected', code: event };
      return { status: verdicts.next().value ?? 'duplicate' };
    });
    for (const { status, code } of results) this.verdicts.inc({ verdict: code ?? status });
    return { results };
  }
}
