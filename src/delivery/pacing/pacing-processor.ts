import { Inject, Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { Clock } from '../../platform/clock.js';
import { PollLoop } from '../../platform/poll-loop.js';
import { PACING_QUEUE, type PacingQueue } from './pacing-job.js';
import { PacingStep } from './pacing-step.js';

/** Spend moves by 0.01 % of a mean day in it. */
const STEP_MS = 5_000;
/** How soon the repetition is asked for again where Redis has lost it. */
const RENEWAL_MS = 15_000;

/**
 * Makes a step of pacing every few seconds: the queue gives each to one worker, and `PacingStep` lets only one of two that
 * come at once count. Where time is simulated nothing is made by the clock on the wall: who drives the time asks for steps.
 */
@Injectable()
export class PacingProcessor implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly renewal = new PollLoop('Pacing', RENEWAL_MS, () => this.queue.repeat(STEP_MS, {}));

  constructor(
    private readonly step: PacingStep,
    @Inject(PACING_QUEUE) private readonly queue: PacingQueue,
    private readonly clock: Clock,
  ) {}

  onApplicationBootstrap(): void {
    if (this.clock.simulated) return;
    this.queue.consume(1, async () => {
      await this.step.run(this.clock.now());
    });
    this.renewal.start();
  }

  async onApplicationShutdown(): Promise<void> {
    // Side by side: while Redis hangs, each takes as long as it may.
    await Promise.all([this.renewal.stop(), this.queue.close()]);
  }
}
