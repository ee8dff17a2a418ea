import { Controller, Get, Header } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiProduces, ApiTags } from '@nestjs/swagger';
import { AppError } from '../app-error.js';
import { Public } from '../http/route-access.js';
import { Metrics } from '../metrics/metrics.js';
import { LivenessDto, ReadinessDto } from './health.dto.js';
import { Readiness } from './readiness.js';

const READINESS_TIMEOUT_MS = 1_000;

@ApiTags('Operations')
@Controller()
@Public()
export class HealthController {
  constructor(
    private readonly readiness: Readiness,
    private readonly metrics: Metrics,
  ) {}

  @Get('health/live')
  @ApiOperation({ summary: 'Tells that the process lives', description: 'Restart it where nothing answers here.' })
  @ApiOkResponse({ type: LivenessDto, description: 'The process answers.' })
  live(): LivenessDto {
    return { status: 'ok' };
  }

  @Get('health/ready')
  @ApiOperation({
    summary: 'Tells whether requests should be sent here',
    description: '503 `not_ready` while something that is needed is away or still starts; `detail` names it.',
  })
  @ApiOkResponse({ type: ReadinessDto, description: 'All that is needed works.' })
  async ready(): Promise<ReadinessDto> {
    const checks = await this.readiness.examine(READINESS_TIMEOUT_MS);
    const failing = Object.keys(checks).filter((name) => checks[name] === false);
    if (failing.length > 0) throw new AppError(503, 'not_ready', `Not ready: ${failing.join(', ')}.`);
    return { status: 'ok', checks };
  }

  @Get('metrics')
  @ApiOperation({
    summary: 'Reads the metrics of this process',
    description: 'In the text format of Prometheus. Labels never carry ids.',
  })
  @ApiProduces('text/plain')
  @ApiOkResponse({ schema: { type: 'string' }, description: 'All metrics as they are now.' })
  @Header('content-type', 'text/plain; version=0.0.4; charset=utf-8')
  read(): Promise<string> {
    return this.metrics.registry.metrics();
  }
}
