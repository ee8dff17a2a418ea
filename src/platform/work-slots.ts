import { AppError } from './app-error.js';

export interface WorkSlotsOptions {
  readonly atOnce: number;
  readonly waiting: number;
  /** Told to whoever comes when that many wait already. */
  readonly refusal: string;
}

/** Lets a few works of one process run at once, the others wait in turn; refuses (503) where too many wait already. */
export class WorkSlots {
  private running = 0;
  private readonly waiting: (() => void)[] = [];

  constructor(private readonly options: WorkSlotsOptions) {}

  async run<T>(work: () => Promise<T>): Promise<T> {
    await this.enter();
    try {
      return await work();
    } finally {
      this.leave();
    }
  }

  private enter(): Promise<void> {
    if (this.running < this.options.atOnce) {
      this.running++;
      return Promise.resolve();
    }
    if (this.waiting.length >= this.options.waiting) {
      throw new AppError(503, 'unavailable', this.options.refusal, [], { 'retry-after': '5' });
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
