import { Controller, Get, Header } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import { AppError } from '../app-error.js';
import { Public } from '../http/route-access.js';
import { Metrics } from '../metrics/metrics.js';
import { Readiness } from './readiness.js';

const READINESS_TIMEOUT_MS = 1_000;

@ApiExcludeController()
@Controller()
@Public()
export class HealthController {
  constructor(
    private readonly readiness: Readiness,
    private readonly metrics: Metrics,
  ) {}

  @Get('health/live')
  live(): { status: string } {
    return { status: 'ok' };
  }

  @Get('health/ready')
  async ready(): Promise<{ status: string; checks: Readonly<Record<string, boolean>> }> {
    const checks = await this.readiness.examine(READINESS_TIMEOUT_MS);
    const failing = Object.keys(checks).filter((name) => checks[name] === false);
    if (failing.length > 0) throw new AppError(503, 'not_ready', `Not ready: ${failing.join(', ')}.`);
    return { status: 'ok', checks };
  }

  @Get('metrics')
  @Header('content-type', 'text/plain; version=0.0.4; charset=utf-8')
  read(): Promise<string> {
    return this.metrics.registry.metrics();
  }
}
