import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource, type EntityManager } from 'typeorm';
import { type FieldError, invalid } from '../platform/app-error.js';
import { type Page, type PageQuery, PageCursors } from '../platform/http/page.js';
import type { PostSegmentDto, SegmentDto } from './segment.dto.js';
import { placeSegments } from './segment-tree.js';

const CURSORS = new PageCursors('segments');

/** Ten times the largest public taxonomy of interests; each API process keeps all ids in memory. */
const MAX_SEGMENTS = 100_000;

interface SegmentRow {
  readonly id: string;
  readonly name: { readonly ko?: string; readonly en?: string };
  readonly parent_id: string | null;
  readonly sensitive: boolean;
  readonly updated_at: Date;
}

// $1 ids. The rows are theirs and those of all their ancestors.
const WITH_ANCESTORS = `
  WITH RECURSIVE line AS (
    SELECT id, parent_id FROM segments WHERE id = ANY($1::text[])
    UNION
    SELECT segments.id, segments.parent_id FROM segments JOIN line ON segments.id = line.parent_id
  )
  SELECT id, parent_id FROM line`;

// $1 ids, $2 names, $3 parent ids, $4 sensitive, $5 now. Parents are checked when the transaction ends.
const UPSERT = `
  INSERT INTO segments (id, name, parent_id, sensitive, updated_at)
  SELECT id, name::jsonb, parent_id, sensitive, $5
  FROM unnest($1::text[], $2::text[], $3::text[], $4::boolean[]) AS given (id, name, parent_id, sensitive)
  ON CONFLICT (id) DO UPDATE SET
    name = excluded.name, parent_id = excluded.parent_id, sensitive = excluded.sensitive, updated_at = excluded.updated_at`;

/** Which of the segments were new, and which could not be taken. */
export interface UpsertVerdict {
  readonly created: ReadonlySet<string>;
  readonly faults: ReadonlyMap<string, FieldError>;
}

/** The catalogue of interests: a forest, which only grows. */
@Injectable()
export class SegmentsService {
  constructor(@InjectDataSource() private readonly dataSource: DataSource) {}

  async list({ limit, cursor }: PageQuery): Promise<Page<SegmentDto>> {
    const rows = await this.dataSource.query<SegmentRow[]>(
      `SELECT id, name, parent_id, sensitive, updated_at FROM segments WHERE id > $1 ORDER BY id LIMIT $2`,
      [CURSORS.after(cursor), limit + 1],
    );
    return CURSORS.page(rows, limit, toDto);
  }

  async upsert(segment: PostSegmentDto, now: number): Promise<{ segment: SegmentDto; created: boolean }> {
    const { created, faults } = await this.upsertAll([segment], now);
    const fault = faults.get(segment.id);
    if (fault !== undefined) throw invalid([fault]);
    const { id, name, parentId = null, sensitive = false } = segment;
    const dto = { id, name: { ...name }, parentId, sensitive, updatedAt: new Date(now).toISOString() };
    return { segment: dto, created: created.has(id) };
  }

  /** Takes those of the segments that leave the catalogue a forest, all in one transaction. Each id may stand there once. */
  upsertAll(segments: readonly PostSegmentDto[], now: number): Promise<UpsertVerdict> {
    return this.dataSource.transaction(async (tx) => {
      // Two changes that are each right could close a circle together, so changes take turns; reading goes on.
      await tx.query('LOCK TABLE segments IN SHARE ROW EXCLUSIVE MODE');
      const catalogue = await readWithAncestors(tx, segments);
      const created = new Set(segments.map(({ id }) => id).filter((id) => !catalogue.has(id)));
      const faults = await this.refuseGrowth(tx, segments, created);
      const given = segments.filter(({ id }) => !faults.has(id));
      const misplaced = placeSegments(
        given.map(({ id, parentId = null }) => ({ id, parentId })),
        catalogue,
      );
      for (const id of misplaced) faults.set(id, MISPLACED);
      await write(
        tx,
        given.filter(({ id }) => !faults.has(id)),
        now,
      );
      return { created, faults };
    });
  }

  /** Beyond the limit new segments are refused, those that stand last first; known ones can always be changed. */
  private async refuseGrowth(
    tx: EntityManager,
    segments: readonly PostSegmentDto[],
    created: ReadonlySet<string>,
  ): Promise<Map<string, FieldError>> {
    const [{ count }] = await tx.query<[{ count: number }]>('SELECT count(*) AS count FROM segments');
    const room = MAX_SEGMENTS - count;
    const added = segments.filter(({ id }) => created.has(id));
    return new Map(added.slice(Math.max(0, room)).map(({ id }) => [id, CATALOGUE_FULL]));
  }
}

const MISPLACED: FieldError = {
  path: 'parentId',
  message: 'must be a segment of the catalogue, or of the same upload, that is not below this one',
};
const CATALOGUE_FULL: FieldError = {
  path: 'id',
  message: `would be one more than the ${MAX_SEGMENTS} segments that a catalogue holds`,
};

async function readWithAncestors(
  tx: EntityManager,
  segments: readonly PostSegmentDto[],
): Promise<Map<string, string | null>> {
  const ids = new Set(segments.flatMap(({ id, parentId }) => (typeof parentId === 'string' ? [id, parentId] : [id])));
  const rows = await tx.query<{ id: string; parent_id: string | null }[]>(WITH_ANCESTORS, [[...ids]]);
  return new Map(rows.map(({ id, parent_id }) => [id, parent_id]));
}

async function write(tx: EntityManager, segments: readonly PostSegmentDto[], now: number): Promise<void> {
  if (segments.length === 0) return;
  await tx.query(UPSERT, [
    segments.map(({ id }) => id),
    segments.map(({ name }) => JSON.stringify(name)),
    segments.map(({ parentId }) => parentId ?? null),
    segments.map(({ sensitive }) => sensitive ?? false),
    new Date(now),
  ]);
}

function toDto(row: SegmentRow): SegmentDto {
  const { id, name, parent_id: parentId, sensitive, updated_at: updatedAt } = row;
  return { id, name, parentId, sensitive, updatedAt: updatedAt.toISOString() };
}
