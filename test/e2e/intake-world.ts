import { performance } from 'node:perf_hooks';
import { jest } from '@jest/globals';
import { type DataSource, QueryFailedError, type QueryRunner } from 'typeorm';
import { SettlementProgress } from '../../src/delivery/delivery.api.js';
import { Clock } from '../../src/platform/clock.js';
import { Metrics } from '../../src/platform/metrics/metrics.js';
import type { RuntimeConfig } from '../../src/platform/platform.module.js';
import { EventIntake } from '../../src/tracking/event-intake.js';
import { IntakeMark } from '../../src/tracking/intake-mark.js';
import { eventOf, NOON } from './settlement-world.js';

const SOLD = { advertiserId: 'adv', campaignId: 'cmp', adGroupId: 'adg', creativeId: 'crv' };
const CONFIG = { maxSettlementLagSeconds: 300, maxUnsettledEvents: 1_000_000 } as RuntimeConfig;
/** From the begin of a statement until it is seen, at most: Postgres breaks off longer ones. */
const LONGEST_STATEMENT_MS = 39_000;

/** A statement on its way: it may come late, be long, or never be answered. */
interface Statement {
  readonly process: IntakeProcess;
  readonly sql: string;
  readonly parameters: unknown[];
  /** Else it tells how far its process is. */
  readonly isBatch: boolean;
  readonly receivedAt: number;
  readonly resolve: (result: unknown) => void;
  readonly reject: (error: Error) => void;
  isAnswered: boolean;
  /** What it wrote is not seen yet. */
  open: { readonly runner: QueryRunner; readonly begunAt: number } | null;
  result: unknown;
}

interface IntakeProcess {
  readonly clock: Clock;
  readonly mark: IntakeMark;
  readonly intake: EventIntake;
  readonly arrived: { readonly at: number; readonly tick: number }[];
  isTelling: boolean;
  /** It tells nothing by itself, or nothing of it gets through. */
  isSilent: boolean;
  isDead: boolean;
}

const TELL_PAUSE_MS = 500;

/**
 * Processes that take events in, before a Postgres that is real but for its time: it passes when the test says so, as do the
 * ways of each statement there and back. A process that gets no steps is one that is frozen.
 */
export class IntakeWorld {
  private readonly processes: IntakeProcess[] = [];
  private readonly statements: Statement[] = [];
  private now = NOON;
  /** The latest time up to which somebody took everything accepted for settled. */
  private settledUntil = -Infinity;
  private messages = 0;
  committed = 0;
  readonly faults: string[] = [];

  constructor(private readonly dataSource: DataSource) {
    jest.spyOn(performance, 'now').mockImplementation(() => this.now - NOON);
  }

  /** `aheadMs`: of its clock. */
  start(aheadMs: number): void {
    const clock = new ShiftedClock(() => this.now + aheadMs);
    const source = {
      query: (sql: string, parameters: unknown[]) =>
        new Promise((resolve, reject) => {
          const isBatch = sql.includes('INSERT INTO event_batches');
          const receivedAt = isBatch ? (parameters[1] as Date).getTime() : 0;
          const way = { isAnswered: false, open: null, result: undefined };
          this.statements.push({ process, sql, parameters, isBatch, receivedAt, resolve, reject, ...way });
        }),
    } as unknown as DataSource;
    const mark = new IntakeMark(source, clock);
    const queue = { add: () => Promise.resolve(), close: () => Promise.resolve() };
    const progress = { isFarBehind: false, restShare: 0 } as SettlementProgress;
    const intake = new EventIntake(source, queue as never, progress, mark, new Metrics());
    const process: IntakeProcess = {
      clock,
      mark,
      intake,
      arrived: [],
      isTelling: false,
      isSilent: false,
      isDead: false,
    };
    this.processes.push(process);
    this.tell(this.living().length - 1);
  }

  tell(which: number): void {
    const process = this.pick(which);
    if (process === undefined || process.isTelling) return;
    process.isTelling = true;
    void process.mark
      .tell()
      .catch(() => undefined)
      .finally(() => (process.isTelling = false));
  }

  /** The head of a request is there; its body may take time. */
  arrive(which: number): void {
    const process = this.pick(which);
    process?.arrived.push({ at: process.clock.now(), tick: performance.now() });
  }

  take(which: number): void {
    const process = this.pick(which);
    const request = process?.arrived.shift();
    if (process === undefined || request === undefined) return;
    const occurredAt = process.intake.receivedAt(request.at);
    const event = eventOf(SOLD, { messageId: `M${this.messages++}`, occurredAt });
    process.intake.submit([event], request.tick).catch(() => undefined);
  }

  kill(which: number): void {
    const process = this.pick(which);
    if (process !== undefined) process.isDead = true;
  }

  silence(which: number, isSilent: boolean): void {
    const process = this.pick(which);
    if (process !== undefined) process.isSilent = isSilent;
  }

  /** Time passes; meanwhile processes tell how far they are, but for silent ones, and at the end one looks. */
  async run(ms: number): Promise<void> {
    for (let left = ms; left > 0; left -= TELL_PAUSE_MS) {
      await this.pass(Math.min(left, TELL_PAUSE_MS));
      for (const [i, process] of this.living().entries()) {
        if (process.isSilent) continue;
        this.tell(i);
        await this.deliverTold(process);
      }
    }
    await this.poll(0);
  }

  /** What the process tells, and told long ago, gets through and is answered. */
  async deliverTold(process = this.living().at(-1)): Promise<void> {
    for (const statement of this.statements) {
      if (statement.process !== process || statement.isBatch || statement.isAnswered) continue;
      await this.send(statement);
      statement.isAnswered = true;
      statement.resolve(statement.result);
      await turn();
      // Under a number of before it told in vain, and goes on at once.
      await this.deliverTold(process);
    }
  }

  private async pass(ms: number): Promise<void> {
    for (const statement of this.statements) {
      const { open } = statement;
      if (open !== null && open.begunAt + LONGEST_STATEMENT_MS < this.now + ms) await this.commit(statement);
    }
    await this.dataSource.query('UPDATE event_intakes SET told_at = told_at - make_interval(secs => $1)', [ms / 1000]);
    this.now += ms;
  }

  /** A batch comes to Postgres; whoever sent it may be dead by now. */
  async deliver(which: number): Promise<void> {
    const waiting = this.statements.filter(({ isBatch, result }) => isBatch && result === undefined);
    const statement = waiting[which % waiting.length];
    if (statement !== undefined) await this.send(statement);
  }

  private async send(statement: Statement): Promise<void> {
    if (statement.result !== undefined) return;
    const { sql, parameters } = statement;
    if (!statement.isBatch) {
      const result = await this.dataSource.query<unknown[]>(sql, parameters);
      const [intake] = result.flat() as { openUntil?: Date }[];
      if (intake?.openUntil) intake.openUntil = this.shifted(intake.openUntil, 1);
      statement.result = result;
      return;
    }
    const runner = this.dataSource.createQueryRunner();
    await runner.startTransaction();
    const ofServer = parameters.with(-1, this.shifted(parameters.at(-1) as Date, -1));
    statement.result = await runner.query(sql, ofServer);
    await runner.query('UPDATE event_batches SET settled_at = now()');
    statement.open = { runner, begunAt: this.now };
    if ((statement.result as { ordinal: number | null }[])[0]?.ordinal === null) await this.end(statement);
  }

  async commitOne(which: number): Promise<void> {
    const open = this.statements.filter((statement) => statement.open !== null);
    const statement = open[which % open.length];
    if (statement !== undefined) await this.commit(statement);
  }

  /** `isLost`: its process hears only that the connection was lost, which it may hear at any time. */
  answer(which: number, isLost: boolean): void {
    const waiting = this.statements.filter(
      ({ process, isBatch, isAnswered, open, result }) =>
        isBatch && !process.isDead && !isAnswered && (isLost || (open === null && result !== undefined)),
    );
    const statement = waiting[which % waiting.length];
    if (statement === undefined) return;
    statement.isAnswered = true;
    if (isLost) statement.reject(new Error('Connection terminated'));
    else statement.resolve(statement.result);
  }

  /** Postgres answers the batch that was sent first that it writes nothing of it. */
  refuse(): void {
    const statement = this.statements.find(({ isBatch, isAnswered }) => isBatch && !isAnswered);
    if (statement === undefined) return;
    statement.isAnswered = true;
    const refusal = Object.assign(new Error('could not extend file'), { code: '53100', severity: 'ERROR' });
    statement.reject(new QueryFailedError(statement.sql, [], refusal));
  }

  /** Some process looks how far settlement is. */
  async poll(which: number): Promise<number> {
    const clock = this.pick(which)?.clock;
    if (clock === undefined) return -Infinity;
    const progress = new SettlementProgress(this.dataSource, clock, CONFIG);
    progress.onApplicationBootstrap();
    await progress.onApplicationShutdown();
    this.settledUntil = Math.max(this.settledUntil, progress.settledUntil);
    return clock.now() - progress.settledUntil;
  }

  async close(): Promise<void> {
    for (const statement of this.statements) if (statement.open !== null) await this.commit(statement);
    for (const { reject, isAnswered } of this.statements) if (!isAnswered) reject(new Error('The world ended'));
    await turn();
    jest.restoreAllMocks();
    await this.dataSource.query('TRUNCATE event_intakes, event_batches, events');
  }

  private living(): readonly IntakeProcess[] {
    return this.processes.filter(({ isDead }) => !isDead);
  }

  private pick(which: number): IntakeProcess | undefined {
    const living = this.living();
    return living[which % living.length];
  }

  private async commit(statement: Statement): Promise<void> {
    if (statement.receivedAt < this.settledUntil) {
      this.faults.push(`${this.settledUntil - statement.receivedAt} ms before what counted as settled`);
    }
    await this.end(statement);
    this.committed++;
  }

  private async end(statement: Statement): Promise<void> {
    await statement.open?.runner.commitTransaction();
    await statement.open?.runner.release();
    statement.open = null;
  }

  /** Between the server's time and the test's, which runs ahead of it. */
  private shifted(date: Date, direction: 1 | -1): Date {
    return new Date(date.getTime() + direction * (this.now - NOON));
  }
}

/** What has begun goes on: event intake commits after a turn of the event loop. */
export function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}

class ShiftedClock extends Clock {
  readonly simulated = false;

  constructor(readonly now: () => number) {
    super();
  }

  reached(): number {
    return this.now();
  }

  observe(): number {
    return this.now();
  }
}
