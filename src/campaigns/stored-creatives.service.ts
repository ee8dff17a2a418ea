import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { CreativeDirectory } from './campaigns.api.js';

/** `CreativeDirectory` on Postgres. */
@Injectable()
export class StoredCreatives extends CreativeDirectory {
  constructor(@InjectDataSource() private readonly dataSource: DataSource) {
    super();
  }

  async landingUrl(creativeId: string): Promise<string | null> {
    const [creative] = await this.dataSource.query<{ landing_url: string }[]>(
      "SELECT landing_url FROM creatives WHERE id = $1 AND status = 'approved'",
      [creativeId],
    );
    return creative?.landing_url ?? null;
  }
}
