import { Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { addInvalidTraffic, type InvalidEvent, InvalidTrafficTally } from '../delivery/delivery.api.js';
import { PollLoop } from '../platform/poll-loop.js';

const FLUSH_PAUSE_MS = 1_000;
/** Some 5 MB; a second's rejections of a whole market are fewer. */
const MAX_ROWS = 20_000;

/**
 * Counts what intake does not take, and writes the counts to Postgres once a second: a flood of forged tokens is one row,
 * not a row each. They are statistics: a process that dies loses those of its last second, and a flush whose answer was
 * lost may count twice.
 */
@Injectable()
export class RejectedTraffic implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger(RejectedTraffic.name);
  private readonly loop = new PollLoop(RejectedTraffic.name, FLUSH_PAUSE_MS, () => this.flush());
  private readonly tally = new InvalidTrafficTally(MAX_ROWS);

  constructor(@InjectDataSource() private readonly dataSource: DataSource) {}

  count(event: InvalidEvent): void {
    this.tally.add(event);
  }

  onApplicationBootstrap(): void {
    this.loop.start();
  }

  /** The servers' connections are closed by now: nothing is counted any more. */
  async onApplicationShutdown(): Promise<void> {
    await this.loop.stop();
    await this.flush().catch((error: Error) => {
      this.logger.warn({ msg: 'rejected events were not counted', reason: error.message });
    });
  }

  private async flush(): Promise<void> {
    const rows = this.tally.take();
    try {
      await addInvalidTraffic(this.dataSource.manager, rows);
    } catch (error) {
      for (const row of rows) this.tally.addRow(row);
      throw error;
    }
  }
}
