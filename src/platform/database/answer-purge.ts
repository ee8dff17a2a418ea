import { Injectable, Logger, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { Clock } from '../clock.js';
import { PollLoop } from '../poll-loop.js';
import { ANSWERS_KEPT_MS } from './once.js';

const PAUSE_MS = 10 * 60_000;
/** Some milliseconds a statement: no request that claims a key waits long for it. */
const CHUNK = 1_000;

/** $1: older than; $2: how many at most. Several workers share the work, since each skips what another one deletes. */
const DELETE_CHUNK = `
  DELETE FROM idempotent_answers WHERE (api_key_id, idempotency_key) IN (
    SELECT api_key_id, idempotency_key FROM idempotent_answers WHERE created_at < $1
    ORDER BY created_at LIMIT $2 FOR UPDATE SKIP LOCKED)
  RETURNING 1`;

/** The worker's: deletes answers of which `Once` no longer promises that they are kept. */
@Injectable()
export class AnswerPurge implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly logger = new Logger(AnswerPurge.name);
  private readonly loop = new PollLoop(AnswerPurge.name, PAUSE_MS, () => this.purge());
  private stopping = false;

  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly clock: Clock,
  ) {}

  onApplicationBootstrap(): void {
    this.loop.start();
  }

  async onApplicationShutdown(): Promise<void> {
    this.stopping = true;
    await this.loop.stop();
  }

  async purge(): Promise<void> {
    const before = new Date(this.clock.now() - ANSWERS_KEPT_MS);
    let deleted = 0;
    for (let last = CHUNK; last === CHUNK && !this.stopping; deleted += last) {
      // TypeORM answers a DELETE with its rows and their number.
      const [, count] = await this.dataSource.query<[unknown[], number]>(DELETE_CHUNK, [before, CHUNK]);
      last = count;
    }
    if (deleted > 0) this.logger.log({ msg: 'old answers are deleted', deleted });
  }
}
