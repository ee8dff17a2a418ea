import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import type { Actor } from '../access/access.api.js';
import { CLOCK_MARGIN_MS, readCommitLocks } from '../delivery/delivery.api.js';
import { AppError } from '../platform/app-error.js';
import { Clock } from '../platform/clock.js';
import { isStatementTimeout } from '../platform/database/database-errors.js';
import { WorkSlots } from '../platform/work-slots.js';
import { columnsOf, type SqlRow } from './report-columns.js';
import { periodsOf } from './report-periods.js';
import { isFinal, readProgress } from './report-progress.js';
import { MAX_ROWS, type ReportRequest } from './report-request.js';
import { reportQuery } from './report-sql.js';
import { type Report, type ReportForm, writeReport } from './write-report.js';

/** Two at once are below the pool's size: however many ask for heavy reports, matches and events keep their connections. */
const SLOTS = {
  atOnce: 2,
  waiting: 50,
  refusal: 'Too many reports are being made just now; ask again in a moment.',
};

/** A report as it is sent, in pieces. */
export interface WrittenReport {
  readonly asOf: number;
  readonly isFinal: boolean;
  readonly body: readonly Buffer[];
}

/** Reads reports from the report rows and writes them. */
@Injectable()
export class ReportsService {
  private readonly slots = new WorkSlots(SLOTS);

  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly clock: Clock,
  ) {}

  /** `now`: the request's time, epoch ms. */
  async write(request: ReportRequest, form: ReportForm, actor: Actor, now: number): Promise<WrittenReport> {
    return this.slots.run(async () => {
      const report = await this.read(request, actor, now);
      return { asOf: report.asOf, isFinal: report.isFinal, body: await writeReport(report, form) };
    });
  }

  /** An advertiser's key sees its own rows, whatever it filters by: another's id gives no rows, as an unknown one does. */
  private async read(request: ReportRequest, actor: Actor, now: number): Promise<Report> {
    const periods = await periodsOf(request);
    const query = reportQuery(request, periods, onlyAdvertiser(actor));
    const committedUntil = await this.committedUntil(now);
    const { rows, progress } = await this.dataSource
      .transaction('REPEATABLE READ', async (tx) => {
        await tx.query('SET TRANSACTION READ ONLY');
        const progress = await readProgress(tx, committedUntil);
        return { progress, rows: await tx.query<SqlRow[]>(query.text, [...query.parameters]) };
      })
      .catch((error: unknown) => {
        throw isStatementTimeout(error) ? tooLarge('would take too long to add up') : error;
      });
    if (rows.length > MAX_ROWS) throw tooLarge(`has more than ${MAX_ROWS} rows`);
    return {
      columns: columnsOf(request, periods),
      rows,
      asOf: progress.asOf,
      isFinal: isFinal(progress, request.to, request.metrics.includes('conversions')),
    };
  }

  /**
   * Before any snapshot that is taken later: a batch that has no lock by now is in it, or begins so late that `isFinal` still
   * allows for it. A process whose clock is behind dates what it accepts after the snapshot before `now`.
   */
  private async committedUntil(now: number): Promise<number> {
    const { receivedFrom } = await readCommitLocks(this.dataSource);
    return Math.min(this.clock.simulated ? now : now - CLOCK_MARGIN_MS, receivedFrom);
  }
}

/** Null for those who see all. An actor that is neither they nor bound to an advertiser sees nothing. */
function onlyAdvertiser({ role, advertiserId }: Actor): string | null {
  return role === 'admin' || role === 'analyst' ? null : (advertiserId ?? '');
}

function tooLarge(what: string): AppError {
  const detail = `The report ${what}: ask for a shorter interval, a coarser granularity, fewer dimensions or more filters.`;
  return new AppError(422, 'report_too_large', detail);
}
