import { performance } from 'node:perf_hooks';
import { setTimeout as delay } from 'node:timers/promises';
import { Inject, Injectable, Logger, type OnApplicationShutdown } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import {
  LONGEST_INTAKE_WAIT_MS,
  SETTLEMENT_QUEUE,
  SettlementProgress,
  type SettlementQueue,
} from '../delivery/delivery.api.js';
import { AppError } from '../platform/app-error.js';
import { isAnswered } from '../platform/database/database-errors.js';
import { newId } from '../platform/ids.js';
import { Metrics } from '../platform/metrics/metrics.js';
import { insertBatch } from './insert-batch.js';
import { IntakeMark, type PendingEvents } from './intake-mark.js';
import type { VerifiedEvent } from './verified-event.js';

export type IntakeVerdict = 'accepted' | 'duplicate';

/** A larger batch commits no faster: 144,000 rows a second at 1,000, 129,000 at 500 (docs/0002-event-batches.md). */
const MAX_BATCH_EVENTS = 1_000;
/** While one batch commits, the next one fills; a second commit in flight keeps the disk busy meanwhile. */
const MAX_COMMITS = 2;
/** Of a rest between commits, which is never longer than the commit before it: intake keeps half of its speed at least. */
const LONGEST_REST_MS = 25;
/** More than this waiting means that Postgres does not keep up; clients are told to come back. */
const MAX_WAITING_EVENTS = 50_000;
/** Clients are not kept waiting for a server that hangs; whether their events are durable then, a repeat tells. */
const ANSWER_TIMEOUT_MS = 10_000;

interface Submission {
  readonly events: readonly VerifiedEvent[];
  readonly arrivedTick: number;
  readonly intakeId: number;
  readonly pending: PendingEvents;
  readonly resolve: (verdicts: readonly IntakeVerdict[]) => void;
  readonly reject: (error: unknown) => void;
}

/**
 * Group commit: the events of many requests that wait at the same time become one batch, one transaction and one job. A
 * submission is answered once its events are durable. Where the job can't be queued, the sweeper finds the batch. While
 * settlement is behind, commits rest in between.
 */
@Injectable()
export class EventIntake implements OnApplicationShutdown {
  private readonly logger = new Logger(EventIntake.name);
  private readonly batchEvents;
  private readonly restSeconds;
  private waiting: Submission[] = [];
  private waitingEvents = 0;
  private readonly commits = new Set<Promise<void>>();
  private isStopping = false;

  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    @Inject(SETTLEMENT_QUEUE) private readonly queue: SettlementQueue,
    private readonly progress: SettlementProgress,
    private readonly mark: IntakeMark,
    metrics: Metrics,
  ) {
    this.batchEvents = metrics.counter(
      'matchum_committed_events_total',
      'Events made durable, and the batches of them',
      ['what'],
    );
    this.restSeconds = metrics.counter(
      'matchum_intake_rest_seconds_total',
      'Time for which commits of events rested because settlement was behind',
    );
  }

  /** When events that are submitted in this turn, of a request that arrived at `arrivedAt`, count as received; epoch ms. */
  receivedAt(arrivedAt: number): number {
    return this.mark.receivedAt(arrivedAt);
  }

  /**
   * Verdicts in the order of `events`. Rejects with 503 when the events can't be made durable in time, and while settlement
   * is far behind: what is accepted is settled, so no more of it is then. `arrivedTick`: when their request arrived, by
   * `performance.now()`, since they were verified as of then.
   */
  submit(events: readonly VerifiedEvent[], arrivedTick: number): Promise<readonly IntakeVerdict[]> {
    if (events.length === 0) return Promise.resolve([]);
    if (this.progress.isFarBehind) return Promise.reject(farBehind());
    const { current: intake } = this.mark;
    const isFull = this.waitingEvents + events.length > MAX_WAITING_EVENTS;
    if (isFull || intake === null) return Promise.reject(notDurable());
    const pending = this.mark.begin(events.reduce((earliest, event) => Math.min(earliest, event.receivedAt), Infinity));
    let timer: NodeJS.Timeout | undefined;
    return new Promise<readonly IntakeVerdict[]>((resolve, reject) => {
      // A server that hangs says nothing, and what comes after waits behind it: no client is to wait for it that long.
      timer = setTimeout(() => reject(notDurable()), ANSWER_TIMEOUT_MS);
      this.waiting.push({ events, arrivedTick, intakeId: intake.id, pending, resolve, reject });
      this.waitingEvents += events.length;
      // After this turn of the event loop, so that requests that were read together commit together.
      setImmediate(() => this.flush());
    }).finally(() => clearTimeout(timer));
  }

  async onApplicationShutdown(): Promise<void> {
    this.isStopping = true;
    while (this.waiting.length > 0 || this.commits.size > 0) {
      this.flush();
      await Promise.all(this.commits);
    }
    await this.mark.leave();
  }

  private flush(): void {
    while (this.waiting.length > 0 && this.commits.size < MAX_COMMITS) {
      const commit = this.commit(this.takeBatch())
        .then((tookMs) => this.rest(tookMs))
        .finally(() => {
          this.commits.delete(commit);
          this.flush();
        });
      this.commits.add(commit);
    }
  }

  private takeBatch(): readonly Submission[] {
    let count = 0;
    let end = 0;
    for (const { events } of this.waiting) {
      if (end > 0 && count + events.length > MAX_BATCH_EVENTS) break;
      count += events.length;
      end++;
    }
    this.waitingEvents -= count;
    return this.waiting.splice(0, end);
  }

  /** Answers how long it took, in ms; 0 where nothing was written. */
  private async commit(taken: readonly Submission[]): Promise<number> {
    const { current: intake } = this.mark;
    const submissions = taken.filter((submission) => {
      const isLate = performance.now() - submission.arrivedTick > LONGEST_INTAKE_WAIT_MS;
      const isTaken = !isLate && submission.intakeId === intake?.id;
      if (!isTaken) this.refuse(submission);
      return isTaken;
    });
    if (submissions.length === 0 || intake === null) return 0;
    const batchId = newId('batch');
    const begun = performance.now();
    try {
      const added = await insertBatch(
        this.dataSource,
        { batchId, openUntil: intake.openUntil },
        submissions.flatMap(({ events }) => events),
      );
      if (added === null) {
        submissions.forEach((submission) => this.refuse(submission));
        return 0;
      }
      if (added.size > 0) this.enqueue(batchId, added.size);
      let index = 0;
      for (const { events, pending, resolve } of submissions) {
        this.mark.end(pending);
        resolve(events.map(() => (added.has(index++) ? 'accepted' : 'duplicate')));
      }
      return added.size === 0 ? 0 : performance.now() - begun;
    } catch (error) {
      const isOver = isAnswered(error);
      for (const { pending, reject } of submissions) {
        if (isOver) this.mark.end(pending);
        else this.mark.doubt(pending);
        reject(error);
      }
      return 0;
    }
  }

  /** Nothing of it was written. */
  private refuse({ pending, reject }: Submission): void {
    this.mark.end(pending);
    reject(notDurable());
  }

  private async rest(commitMs: number): Promise<void> {
    const restMs = this.isStopping ? 0 : this.progress.restShare * Math.min(commitMs, LONGEST_REST_MS);
    if (restMs === 0) return;
    this.restSeconds.inc(restMs / 1000);
    await delay(restMs);
  }

  /** After the commit and without waiting: the answer promises that the events are durable, not that they are queued. */
  private enqueue(batchId: string, events: number): void {
    this.batchEvents.inc({ what: 'events' }, events);
    this.batchEvents.inc({ what: 'batches' });
    this.queue.add(batchId, { batchId }).catch((error: Error) => {
      this.logger.warn({
        msg: 'batch was not queued; the sweeper will find it',
        batch: batchId,
        reason: error.message,
      });
    });
  }
}

function notDurable(): AppError {
  const detail = 'Events can not be made durable fast enough just now; send them again.';
  return new AppError(503, 'unavailable', detail, [], { 'retry-after': '1' });
}

/** Settlement needs seconds at least to get within half of its limits. */
function farBehind(): AppError {
  const detail =
    'The settlement of events is far behind; none are taken until it has caught up. Send them again later.';
  return new AppError(503, 'settlement_behind', detail, [], { 'retry-after': '10' });
}
