import { performance } from 'node:perf_hooks';
import { Injectable, type OnApplicationBootstrap, type OnApplicationShutdown } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { MoreThan, Repository } from 'typeorm';
import { capReachMs } from '../../core/capping/cap-reach.js';
import type { FrequencyCap } from '../../core/capping/frequency-cap.js';
import { parseFrequencyCaps } from '../../core/capping/parse-frequency-caps.js';
import { AppError, invalid, notFound } from '../../platform/app-error.js';
import { type Page, type PageQuery, PageCursors } from '../../platform/http/page.js';
import { PollLoop } from '../../platform/poll-loop.js';
import { LONGEST_UNHEARD_MS } from '../longest-unheard.js';
import { type PlacementDto, type PlacementRulesDto, toPlacementDto } from './placement.dto.js';
import { PlacementEntity } from './placement.entity.js';

const CURSORS = new PageCursors('placements');

/** A change made by another process is followed this late. */
const POLL_PAUSE_MS = 1_000;

/** Every rule, in the order of its parameter from $4 on. */
const RULE_COLUMNS = [
  'max_messages',
  'first_position',
  'spacing',
  'refresh_after_seconds',
  'hold_seconds',
  'floor_micros',
  'allows_repeats',
  'max_per_member_per_day',
  'min_gap_seconds',
  'max_per_advertiser_per_day',
  'min_advertiser_gap_seconds',
  'least_ctr',
  'least_relevance',
  'frequency_caps',
] as const;
type RuleColumn = (typeof RULE_COLUMNS)[number];

/** $1 id, $2 time of the change, $3 the version that was seen or null, then `RULE_COLUMNS`. */
const PUT_SQL = `
  INSERT INTO placements AS p (id, updated_at, ${RULE_COLUMNS.join(', ')})
  SELECT $1, $2, ${RULE_COLUMNS.map((_, i) => `$${i + 4}`).join(', ')}
  WHERE $3::integer IS NULL OR EXISTS (SELECT FROM placements WHERE id = $1)
  ON CONFLICT (id) DO UPDATE SET
    ${RULE_COLUMNS.map((column) => `${column} = excluded.${column}`).join(', ')},
    updated_at = excluded.updated_at, version = p.version + 1
  WHERE $3::integer IS NULL OR p.version = $3
  RETURNING 1`;

/** The placements, few and always at hand for the match path. */
@Injectable()
export class PlacementsService implements OnApplicationBootstrap, OnApplicationShutdown {
  private readonly loop = new PollLoop('Placements', POLL_PAUSE_MS, () => this.reload());
  private placements: ReadonlyMap<string, PlacementEntity> = new Map();
  private reachMs = 0;
  /** Of `performance.now()`: all rules that were in force then are known. */
  private knownUntil = -Infinity;
  private reloading: Promise<void> = Promise.resolve();

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

  /** Nothing was heard of them for so long that nothing is to be decided by them: Postgres hangs, or the process did. */
  get isStale(): boolean {
    return performance.now() - this.knownUntil > LONGEST_UNHEARD_MS;
  }

  /** How far back the caps and load rules of all placements reach at most. */
  get capReachMs(): number {
    return this.reachMs;
  }

  async list({ limit, cursor }: PageQuery): Promise<Page<PlacementDto>> {
    const options = { where: { id: MoreThan(CURSORS.after(cursor)) }, order: { id: 'ASC' }, take: limit + 1 } as const;
    return CURSORS.page(await this.repository.find(options), limit, toPlacementDto);
  }

  async read(id: string): Promise<PlacementEntity> {
    const placement = await this.repository.findOneBy({ id });
    if (placement === null) throw notFound('placement', id);
    return placement;
  }

  /** Creates the placement or replaces its rules; `seenVersion` from `If-Match`. */
  async put(id: string, rules: PlacementRulesDto, seenVersion: number | null, now: number): Promise<PlacementEntity> {
    const values: Record<RuleColumn, unknown> = {
      max_messages: rules.maxMessages,
      first_position: rules.firstPosition,
      spacing: rules.spacing,
      refresh_after_seconds: rules.refreshAfterSeconds,
      hold_seconds: rules.holdSeconds,
      floor_micros: rules.floorMicros ?? 0,
      allows_repeats: rules.allowsRepeats ?? false,
      max_per_member_per_day: rules.maxPerMemberPerDay ?? null,
      min_gap_seconds: rules.minGapSeconds ?? null,
      max_per_advertiser_per_day: rules.maxPerAdvertiserPerDay ?? null,
      min_advertiser_gap_seconds: rules.minAdvertiserGapSeconds ?? null,
      least_ctr: rules.leastCtr ?? 0,
      least_relevance: rules.leastRelevance ?? 0,
      frequency_caps: JSON.stringify(readCaps(rules.frequencyCaps)),
    };
    const rows = await this.repository.query<unknown[]>(PUT_SQL, [
      id,
      new Date(now),
      seenVersion,
      ...RULE_COLUMNS.map((column) => values[column]),
    ]);
    if (rows.length === 0) {
      throw new AppError(412, 'version_mismatch', 'The placement has changed since you read it. Read it again.');
    }
    await this.reload();
    return this.read(id);
  }

  /** One after the other: what was read before a change must not take its place. */
  private reload(): Promise<void> {
    this.reloading = this.reloading.catch(() => undefined).then(() => this.readAll());
    return this.reloading;
  }

  private async readAll(): Promise<void> {
    const asked = performance.now();
    const placements = await this.repository.find();
    this.knownUntil = asked;
    this.placements = new Map(placements.map((placement) => [placement.id, placement]));
    this.reachMs = Math.max(0, ...placements.map(reachMsOf));
  }
}

function reachMsOf({ frequencyCaps, minGapSeconds, minAdvertiserGapSeconds }: PlacementEntity): number {
  // The most a day is counted over less than what is kept in any case.
  return Math.max(capReachMs(frequencyCaps), 1000 * Math.max(minGapSeconds ?? 0, minAdvertiserGapSeconds ?? 0));
}

function readCaps(input: unknown): readonly FrequencyCap[] {
  const result = parseFrequencyCaps(input ?? []);
  if (result.ok) return result.frequencyCaps;
  throw invalid(result.errors);
}
