import { Logger } from '@nestjs/common';
import { withinTime } from './within-time.js';

/**
 * Work takes far less while the servers answer, and those who stop a process do not wait for a query that hangs until its
 * own timeout. What is cut off here was not promised to anybody: the next process does it again.
 */
const LONGEST_STOP_MS = 5_000;

/**
 * Does a piece of work again and again, `pauseMs` after the last time ended, never twice at once; `trigger` asks for it
 * at once. A failure is logged once until it succeeds again, and then that it does.
 */
export class PollLoop {
  private readonly logger: Logger;
  private timer: NodeJS.Timeout | null = null;
  private running: Promise<void> | null = null;
  private again = false;
  private stopped = false;
  private failing = false;

  constructor(
    private readonly name: string,
    private readonly pauseMs: number,
    private readonly work: () => Promise<void>,
  ) {
    this.logger = new Logger(name);
  }

  /** True while the last try failed. */
  get isFailing(): boolean {
    return this.failing;
  }

  start(): void {
    this.trigger();
  }

  /** For work that goes on while all is well, such as listening: it calls this as soon as it has come so far. */
  succeeded(): void {
    if (this.failing) this.logger.log({ msg: `${this.name} works again` });
    this.failing = false;
  }

  /** Work that is under way may have read too early: then it is done once more after it. */
  trigger(): void {
    if (this.stopped) return;
    if (this.running !== null) {
      this.again = true;
      return;
    }
    if (this.timer !== null) clearTimeout(this.timer);
    this.timer = null;
    this.running = this.once().finally(() => {
      this.running = null;
      if (this.stopped) return;
      if (this.again) {
        this.again = false;
        this.trigger();
      } else {
        this.timer = setTimeout(() => this.trigger(), this.pauseMs);
        this.timer.unref();
      }
    });
  }

  /** Resolves when no work is under way any more, or hangs. */
  async stop(): Promise<void> {
    this.stopped = true;
    if (this.timer !== null) clearTimeout(this.timer);
    await withinTime(this.running ?? Promise.resolve(), LONGEST_STOP_MS, () => {
      this.logger.warn({ msg: `${this.name} did not end in time` });
    });
  }

  private async once(): Promise<void> {
    try {
      await this.work();
      this.succeeded();
    } catch (error) {
      // Whoever stops it may take its connections away.
      if (this.stopped) return;
      if (!this.failing) this.logger.warn({ msg: `${this.name} failed; trying on`, reason: (error as Error).message });
      this.failing = true;
    }
  }
}
