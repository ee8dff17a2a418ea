import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { Repository } from 'typeorm';
import { AppError, notFound } from '../../platform/app-error.js';
import { PollLoop } from '../../platform/poll-loop.js';
import type { PlacementRulesDto } from './placement.dto.js';
import { PlacementEntity } from './placement.entity.js';

/** A change made by another process is followed this late. */
const POLL_PAUSE_MS = 1_000;

/** The placements, few and always at hand for the match path. */
@Injectable()
export class PlacementsService implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly loop = new PollLoop('Placements', POLL_PAUSE_MS, () => this.reload());
  private placements: ReadonlyMap<string, PlacementEntity> = new Map();

  constructor(@InjectRepository(PlacementEntity) private readonly repository: Repository<PlacementEntity>) {}

  async onApplicationBootstrap(): Promise<void> {
    await this.reload();
    this.loop.start();
  }

  async onApplicationShutdown(): Promise<void> {
    await this.loop.stop();
  }

  get(id: string): PlacementEntity | null {
    return this.placements.get(id) ?? null;
  }

  async read(id: string): Promise<PlacementEntity> {
    const placement = await this.repository.findOneBy({ id });
    if (placement === null) throw notFound('placement', id);
    return placement;
  }

  /** Creates the placement or replaces its rules; `seenVersion` from `If-Match`. */
  async put(id: string, rules: PlacementRulesDto, seenVersion: number | null, now: number): Promise<PlacementEntity> {
    const rows = await this.repository.query<unknown[]>(
      `INSERT INTO placements AS p (id, max_messages, first_position, spacing, refresh_after_seconds, hold_seconds,
                                    floor_micros, updated_at)
       SELECT $1, $2, $3, $4, $5, $6, $7, $8
       WHERE $9::integer IS NULL OR EXISTS (SELECT FROM placements WHERE id = $1)
       ON CONFLICT (id) DO UPDATE SET
         max_messages = excluded.max_messages, first_position = excluded.first_position, spacing = excluded.spacing,
         refresh_after_seconds = excluded.refresh_after_seconds, hold_seconds = excluded.hold_seconds,
         floor_micros = excluded.floor_micros, updated_at = excluded.updated_at, version = p.version + 1
       WHERE $9::integer IS NULL OR p.version = $9
       RETURNING 1`,
      [
        id,
        rules.maxMessages,
        rules.firstPosition,
        rules.spacing,
        rules.refreshAfterSeconds,
        rules.holdSeconds,
        rules.floorMicros ?? 0,
        new Date(now),
        seenVersion,
      ],
    );
    if (rows.length === 0) {
      throw new AppError(412, 'version_mismatch', 'The placement has changed since you read it. Read it again.');
    }
    await this.reload();
    return this.read(id);
  }

  private async reload(): Promise<void> {
    this.placements = new Map((await this.repository.find()).map((placement) => [placement.id, placement]));
  }
}
