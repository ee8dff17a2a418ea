import { Controller, HttpCode, Post } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { Roles } from '../../access/access.api.js';
import { Now } from '../../platform/http/now.js';
import { PacingRunDto } from './pacing-run.dto.js';
import { PacingStep } from './pacing-step.js';

@ApiTags('Operations')
@Controller('v1/ops/pacing')
@Roles('admin')
export class PacingController {
  constructor(private readonly step: PacingStep) {}

  @Post('run')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Make one step of pacing now',
    description:
      'Workers make one every few seconds; with a simulated clock this is the only way. Answers when the decisions are ' +
      'committed; every API process follows them within half a second. For admin keys.',
  })
  @ApiOkResponse({ type: PacingRunDto, description: 'What the step did.' })
  async run(@Now() now: number): Promise<PacingRunDto> {
    const run = await this.step.runAgain(now);
    return { runAt: new Date(now).toISOString(), made: run !== null, ...(run ?? { campaigns: 0, changed: 0 }) };
  }
}
