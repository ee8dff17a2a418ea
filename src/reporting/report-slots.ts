import { AppError } from '../platform/app-error.js';

/** Below the pool's size: however many ask for heavy reports, matches and events keep their connections. */
const MOST_AT_ONCE = 2;
const MOST_WAITING = 50;

/** Lets a few reports of one process run at once, the others wait in turn; refuses where too many wait already. */
export class ReportSlots {
  private running = 0;
  private readonly waiting: (() => void)[] = [];

  async run<T>(work: () => Promise<T>): Promise<T> {
    await this.enter();
    try {
      return await work();
    } finally {
      this.leave();
    }
  }

  private enter(): Promise<void> {
    if (this.running < MOST_AT_ONCE) {
      this.running++;
      return Promise.resolve();
    }
    if (this.waiting.length >= MOST_WAITING) {
      const detail = 'Too many reports are being made just now; ask again in a moment.';
      throw new AppError(503, 'unavailable', detail, [], { 'retry-after': '5' });
    }
    return new Promise((resolve) => this.waiting.push(resolve));
  }

  /** The slot goes to who waits longest, or is free. */
  private leave(): void {
    const next = this.waiting.shift();
    if (next === undefined) this.running--;
    else next();
  }
}
