import { Readable } from 'node:stream';
import { Controller, Get, Headers, Query, Res, StreamableFile } from '@nestjs/common';
import { ApiTags } from '@nestjs/swagger';
import type { FastifyReply } from 'fastify';
import { type Actor, CurrentActor, Roles } from '../access/access.api.js';
import { AppError } from '../platform/app-error.js';
import { Now } from '../platform/http/now.js';
import { ApiReport } from './api-report.js';
import { parseReportRequest } from './parse-report-request.js';
import { preferredForm } from './preferred-form.js';
import { ReportsService } from './reports.service.js';
import { MEDIA_TYPES } from './write-report.js';

@ApiTags('Reports')
@Controller('v1/reports')
export class ReportsController {
  constructor(private readonly reports: ReportsService) {}

  @Get()
  @Roles('admin', 'analyst', 'advertiser')
  @ApiReport()
  async read(
    @Query() query: Record<string, unknown>,
    @Headers('accept') accept: string | undefined,
    @CurrentActor() actor: Actor,
    @Now() now: number,
    @Res({ passthrough: true }) reply: FastifyReply,
  ): Promise<StreamableFile> {
    const form = preferredForm(accept);
    if (form === null) {
      throw new AppError(406, 'not_acceptable', 'A report comes as application/json or text/csv; ask for one of them.');
    }
    const { asOf, isFinal, body } = await this.reports.write(parseReportRequest(query), form, actor, now);
    reply.headers({ vary: 'accept', 'x-as-of': new Date(asOf).toISOString(), 'x-is-final': String(isFinal) });
    return new StreamableFile(Readable.from(body), {
      type: MEDIA_TYPES[form],
      length: body.reduce((length, piece) => length + piece.length, 0),
      ...(form === 'csv' ? { disposition: 'attachment; filename="report.csv"' } : {}),
    });
  }
}
