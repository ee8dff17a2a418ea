import { performance } from 'node:perf_hooks';
import { Injectable, type OnApplicationBootstrap } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { invariant } from '../core/invariant-violation.js';
import { LONGEST_COMMIT_MS, LONGEST_INTAKE_WAIT_MS } from '../delivery/delivery.api.js';
import { Clock } from '../platform/clock.js';
import { PollLoop } from '../platform/poll-loop.js';
import { withinTime } from '../platform/within-time.js';

const PAUSE_MS = 500;
/** Those who stop a process do not wait for a server that hangs. */
const LONGEST_LEAVE_MS = 2_000;

/** Events of a request that were accepted, and are neither committed nor refused yet. */
export interface PendingEvents {
  /** Epoch ms. */
  readonly receivedAt: number;
  /** Of `performance.now()`: when nothing can become of them any more. */
  endsTick: number;
}

/** What events are accepted under. */
export interface Intake {
  readonly id: number;
  /** By the clock of Postgres: a commit that would begin later is refused. */
  readonly openUntil: Date;
}

/**
 * Up to when all that this process accepted is committed, told in Postgres twice a second, so that holds and promises are
 * free as soon as no event of theirs can come. What it accepts after it has told was received after that, so it is exact:
 * - A process tells before it accepts the first event.
 * - A request that arrived before what was told counts as received then, however late its body came.
 * - Others wait for a process that tells nothing any more for as long as it may still commit (`LONGEST_COMMIT_MS`): it begins
 *   no commit later than `LONGEST_INTAKE_WAIT_MS` after it told. Then it begins anew, and what waits of before is refused.
 *   A COMMIT that hangs for longer is known by its lock, whoever tells or does not (see commit-locks.ts).
 */
@Injectable()
export class IntakeMark implements OnApplicationBootstrap {
  private readonly loop = new PollLoop(IntakeMark.name, PAUSE_MS, () => this.tell());
  private readonly pending = new Set<PendingEvents>();
  private intake: Intake | null = null;
  /** What is accepted from now on is received at this time or later, epoch ms. */
  private openFrom = -Infinity;

  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly clock: Clock,
  ) {}

  /** Known before the first request comes, where Postgres answers. */
  async onApplicationBootstrap(): Promise<void> {
    await this.tell().catch(() => undefined);
    this.loop.start();
  }

  /** Null: no events may be accepted yet. */
  get current(): Intake | null {
    return this.intake;
  }

  /** When events that are accepted now, of a request that arrived at `arrivedAt`, count as received. */
  receivedAt(arrivedAt: number): number {
    return this.clock.simulated ? arrivedAt : Math.max(arrivedAt, this.openFrom);
  }

  /** To be ended, or doubted. */
  begin(receivedAt: number): PendingEvents {
    invariant(this.clock.simulated || receivedAt >= this.openFrom, 'events are accepted in the turn that dates them');
    const events = { receivedAt, endsTick: Infinity };
    this.pending.add(events);
    return events;
  }

  /** They are committed, or certainly never will be. */
  end(events: PendingEvents): void {
    this.pending.delete(events);
  }

  /** Nobody answered their statement: it may still come to Postgres, or be committed there. */
  doubt(events: PendingEvents): void {
    events.endsTick = performance.now() + LONGEST_COMMIT_MS;
  }

  async tell(): Promise<void> {
    const committedUntil = new Date(this.advance());
    const renewed = this.intake === null ? undefined : await this.renew(this.intake.id, committedUntil);
    if (renewed !== undefined) {
      this.intake = renewed;
      return;
    }
    this.intake = await this.register(committedUntil);
    // Until then nobody waited for it.
    this.openFrom = Math.max(this.openFrom, this.clock.now());
  }

  /** Nothing is accepted any more. What is in doubt is waited for, as after a process that dies. */
  async leave(): Promise<void> {
    await this.loop.stop();
    const { intake } = this;
    this.intake = null;
    if (intake === null || this.pending.size > 0) return;
    const forgotten = this.dataSource.query('DELETE FROM event_intakes WHERE id = $1', [intake.id]);
    // Where Postgres is away, nobody waits for it for long in any case.
    await withinTime(forgotten, LONGEST_LEAVE_MS, () => undefined).catch(() => undefined);
  }

  private advance(): number {
    const now = this.clock.now();
    // The clock was put back. By a little: what comes counts as received when it was told last. By more than a commit may
    // take: what others have concluded from the time before can't be kept to.
    if (now < this.openFrom - LONGEST_COMMIT_MS) this.openFrom = -Infinity;
    const tick = performance.now();
    let committedUntil = now;
    for (const events of this.pending) {
      if (events.endsTick <= tick) this.pending.delete(events);
      else committedUntil = Math.min(committedUntil, events.receivedAt);
    }
    this.openFrom = Math.max(this.openFrom, committedUntil);
    return committedUntil;
  }

  /** Undefined where it told so long ago that others may soon not wait for it any more. $1 id, $2 until when, $3 seconds. */
  private async renew(id: number, committedUntil: Date): Promise<Intake | undefined> {
    const [[intake]] = await this.dataSource.query<[Intake[], number]>(
      `UPDATE event_intakes SET committed_until = $2, told_at = clock_timestamp()
       WHERE id = $1 AND told_at > clock_timestamp() - make_interval(secs => $3)
       RETURNING id, told_at + make_interval(secs => $3) AS "openUntil"`,
      [id, committedUntil, LONGEST_INTAKE_WAIT_MS / 1000],
    );
    return intake;
  }

  /** Forgets those for whom nobody waits any more. $1 until when, $2 and $3 seconds. */
  private async register(committedUntil: Date): Promise<Intake> {
    const [intake] = await this.dataSource.query<Intake[]>(
      `WITH gone AS (DELETE FROM event_intakes WHERE told_at < now() - make_interval(secs => $3))
       INSERT INTO event_intakes (committed_until) VALUES ($1)
       RETURNING id, told_at + make_interval(secs => $2) AS "openUntil"`,
      [committedUntil, LONGEST_INTAKE_WAIT_MS / 1000, (2 * LONGEST_COMMIT_MS) / 1000],
    );
    return intake!;
  }
}
