import { Body, Controller, HttpCode, Post } from '@nestjs/common';
import { RouteSchema } from '@nestjs/platform-fastify';
import { ApiBody, ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Roles } from '../access/access.api.js';
import { Now } from '../platform/http/now.js';
import { type Signal, SIGNALS_ANSWER, SIGNALS_BODY } from './signal-schema.js';
import { SIGNAL_GAIN, SignalsService, type SignalVerdict } from './signals.service.js';

@ApiTags('Signals')
@Controller('v1/signals')
export class SignalsController {
  constructor(private readonly signals: SignalsService) {}

  @Post()
  @HttpCode(200)
  @Roles('admin', 'chat')
  @RouteSchema({ body: SIGNALS_BODY, response: { 200: SIGNALS_ANSWER } })
  @ApiOperation({
    summary: 'Raise interests by what members did',
    description:
      `Each signal moves the weight of one interest nearer to 1: weight + (1 − weight) × strength × ${SIGNAL_GAIN}. Only for ` +
      'members who have a profile and agreed to personalised messages; other signals are rejected one by one.',
  })
  @ApiBody({ schema: SIGNALS_BODY })
  @ApiOkResponse({ schema: SIGNALS_ANSWER, description: 'One verdict a signal.' })
  async take(@Body() body: { signals: Signal[] }, @Now() now: number): Promise<{ results: readonly SignalVerdict[] }> {
    return { results: await this.signals.take(body.signals, now) };
  }
}
