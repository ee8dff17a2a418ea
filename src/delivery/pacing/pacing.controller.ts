import { Body, Controller, Get, HttpCode, Post, Query } from '@nestjs/common';
import { ApiOkResponse, ApiOperation, ApiTags } from '@nestjs/swagger';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { Roles } from '../../access/access.api.js';
import { requireNoFields } from '../../platform/http/action-body.js';
import { Now } from '../../platform/http/now.js';
import { type Page, PageQuery, PageCursors } from '../../platform/http/page.js';
import { PacingBook } from './pacing-book.js';
import { PacingRunDto } from './pacing-run.dto.js';
import { PacingStep } from './pacing-step.js';
import { ThrottleDto, ThrottlePageDto } from './throttle.dto.js';

const CURSORS = new PageCursors('throttles');

interface ThrottleRow {
  readonly id: string;
  readonly pass_share: number;
  readonly rank_factor: number;
  readonly plan_budget_micros: number;
  readonly planned_micros: number;
  readonly spent_micros: number;
  readonly plan_starts_at: Date;
  readonly plan_ends_at: Date;
  readonly decided_at: Date;
}

@ApiTags('Operations')
@Controller('v1/ops/pacing')
@Roles('admin')
export class PacingController {
  constructor(
    private readonly step: PacingStep,
    private readonly book: PacingBook,
    @InjectDataSource() private readonly dataSource: DataSource,
  ) {}

  @Post('run')
  @HttpCode(200)
  @ApiOperation({
    summary: 'Make one step of pacing now',
    description:
      'Workers make one every few seconds; with a simulated clock this is the only way. When it answers, the decisions are ' +
      'committed and the process that answers follows them; the others do within half a second. For admin keys.',
  })
  @ApiOkResponse({ type: PacingRunDto, description: 'What the step did.' })
  async run(@Body() body: unknown, @Now() now: number): Promise<PacingRunDto> {
    requireNoFields(body);
    const run = await this.step.runAgain(now);
    await this.book.refresh();
    return { runAt: new Date(now).toISOString(), made: run !== null, ...(run ?? { campaigns: 0, changed: 0 }) };
  }

  @Get()
  @ApiOperation({ summary: 'List how evenly paced campaigns are throttled, and how far they are from their plan' })
  @ApiOkResponse({ type: ThrottlePageDto, description: 'One page of the decisions that stand.' })
  async list(@Query() { limit, cursor }: PageQuery): Promise<Page<ThrottleDto>> {
    const rows = await this.dataSource.query<ThrottleRow[]>(
      `SELECT campaign_id AS id, pass_share, rank_factor, plan_budget_micros, planned_micros, spent_micros,
              plan_starts_at, plan_ends_at, decided_at
       FROM pacing_throttles WHERE campaign_id > $1 ORDER BY campaign_id LIMIT $2`,
      [CURSORS.after(cursor), limit + 1],
    );
    return CURSORS.page(rows, limit, toDto);
  }
}

function toDto(row: ThrottleRow): ThrottleDto {
  return {
    campaignId: row.id,
    passShare: row.pass_share,
    rankFactor: row.rank_factor,
    budgetMicros: row.plan_budget_micros,
    plannedMicros: row.planned_micros,
    spentMicros: row.spent_micros,
    periodStartsAt: row.plan_starts_at.toISOString(),
    periodEndsAt: row.plan_ends_at.toISOString(),
    decidedAt: row.decided_at.toISOString(),
  };
}
