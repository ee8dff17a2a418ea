import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { SegmentCatalogue } from './profiles.api.js';

/**
 * Remembers the segments that exist: they are never deleted, so what was once found stays true. Made-up ids are not
 * remembered, thus cost a query each time that they come, but no memory; callers with many ids ask for all of them at once.
 */
@Injectable()
export class PostgresSegmentCatalogue extends SegmentCatalogue {
  private readonly known = new Set<string>();

  constructor(@InjectDataSource() private readonly dataSource: DataSource) {
    super();
  }

  async missing(ids: readonly string[]): Promise<readonly string[]> {
    const unknown = new Set<string>();
    for (const id of ids) if (!this.known.has(id)) unknown.add(id);
    if (unknown.size === 0) return [];
    const rows = await this.dataSource.query<{ id: string }[]>('SELECT id FROM segments WHERE id = ANY($1::text[])', [
      [...unknown],
    ]);
    for (const { id } of rows) {
      this.known.add(id);
      unknown.delete(id);
    }
    return [...unknown];
  }
}
