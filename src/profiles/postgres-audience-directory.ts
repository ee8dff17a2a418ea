import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { AudienceDirectory } from './profiles.api.js';

@Injectable()
export class PostgresAudienceDirectory extends AudienceDirectory {
  constructor(@InjectDataSource() private readonly dataSource: DataSource) {
    super();
  }

  async missing(advertiserId: string, ids: readonly string[]): Promise<readonly string[]> {
    if (ids.length === 0) return [];
    const rows = await this.dataSource.query<{ id: string }[]>(
      'SELECT id FROM audiences WHERE advertiser_id = $1 AND id = ANY($2::text[])',
      [advertiserId, ids],
    );
    const found = new Set(rows.map(({ id }) => id));
    return [...new Set(ids)].filter((id) => !found.has(id));
  }
}
