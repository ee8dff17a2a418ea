import { Column, Entity, PrimaryColumn } from 'typeorm';
import { epochMs } from '../platform/database/columns.js';
import type { Role } from './access.api.js';

/** A key that was issued. The key itself is nowhere: only its hash is kept, and not read back with the rest. */
@Entity({ name: 'api_keys' })
export class ApiKeyEntity {
  @PrimaryColumn('text')
  id!: string;

  @Column('bytea', { name: 'key_hash', select: false })
  keyHash!: Buffer;

  @Column('text')
  name!: string;

  @Column('text')
  role!: Role;

  @Column('text', { name: 'advertiser_id', nullable: true })
  advertiserId!: string | null;

  @Column('timestamptz', { name: 'created_at', transformer: epochMs })
  createdAt!: number;

  @Column('timestamptz', { name: 'revoked_at', nullable: true, transformer: epochMs })
  revokedAt!: number | null;
}
