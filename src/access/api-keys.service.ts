import { Injectable } from '@nestjs/common';
import { InjectRepository } from '@nestjs/typeorm';
import { IsNull, MoreThan, Repository } from 'typeorm';
import { invalid, notFound } from '../platform/app-error.js';
import { isForeignKeyViolation } from '../platform/database/database-errors.js';
import { Once, type RequestIdentity } from '../platform/database/once.js';
import { type Page, type PageQuery, PageCursors } from '../platform/http/page.js';
import { newId } from '../platform/ids.js';
import type { Actor, Role } from './access.api.js';
import { generateKey, hashKey } from './api-key.js';
import type { ApiKeyDto, CreateApiKeyDto, IssuedApiKeyDto } from './api-key.dto.js';
import { ApiKeyEntity } from './api-key.entity.js';
import { KeyCheck } from './key-check.js';

const CURSORS = new PageCursors('api keys');

interface KeyRow {
  readonly id: string;
  readonly role: Role;
  readonly advertiser_id: string | null;
}

/** Issues, lists, finds and revokes API keys. A revoked key's row stays, for whoever asks later which keys there were. */
@Injectable()
export class ApiKeysService {
  /** Whose a presented key is. */
  readonly keys = new KeyCheck((keyHash) => this.find(keyHash));

  constructor(
    @InjectRepository(ApiKeyEntity) private readonly repository: Repository<ApiKeyEntity>,
    private readonly once: Once,
  ) {}

  async issue(dto: CreateApiKeyDto, identity: RequestIdentity): Promise<IssuedApiKeyDto> {
    requireBinding(dto);
    const key = generateKey(dto.role);
    const keyHash = hashKey(key);
    const row = {
      id: newId('apiKey'),
      keyHash,
      name: dto.name,
      role: dto.role,
      advertiserId: dto.advertiserId ?? null,
      createdAt: identity.now,
      revokedAt: null,
    };
    const answer = await this.once.create<IssuedApiKeyDto>(
      identity,
      async (tx) => {
        await tx.insert(ApiKeyEntity, row).catch((error: unknown) => {
          throw isForeignKeyViolation(error, 'api_keys_advertiser') ? unknownAdvertiser(row.advertiserId) : error;
        });
        return { ...toDto(row), key };
      },
      ({ key: _secret, ...rest }) => rest,
    );
    if (answer.key === key) {
      this.keys.admit(keyHash, { keyId: row.id, role: row.role, advertiserId: row.advertiserId });
    }
    return answer;
  }

  async list({ limit, cursor }: PageQuery): Promise<Page<ApiKeyDto>> {
    const rows = await this.repository.find({
      where: { revokedAt: IsNull(), id: MoreThan(CURSORS.after(cursor)) },
      order: { id: 'ASC' },
      take: limit + 1,
    });
    return CURSORS.page(rows, limit, toDto);
  }

  async revoke(id: string, now: number): Promise<void> {
    const [rows] = await this.repository.query<[{ readonly key_hash: Buffer }[], number]>(
      'UPDATE api_keys SET revoked_at = $2 WHERE id = $1 AND revoked_at IS NULL RETURNING key_hash',
      [id, new Date(now)],
    );
    const [revoked] = rows;
    if (revoked === undefined) throw notFound('API key', id);
    this.keys.revoke(revoked.key_hash);
  }

  private async find(keyHash: Buffer): Promise<Actor | null> {
    const [row] = await this.repository.query<KeyRow[]>(
      'SELECT id, role, advertiser_id FROM api_keys WHERE key_hash = $1 AND revoked_at IS NULL',
      [keyHash],
    );
    return row === undefined ? null : { keyId: row.id, role: row.role, advertiserId: row.advertiser_id };
  }
}

function requireBinding({ role, advertiserId }: CreateApiKeyDto): void {
  if ((role === 'advertiser') === (advertiserId !== undefined)) return;
  const message =
    role === 'advertiser' ? 'is required with the role advertiser' : `must be absent with the role ${role}`;
  throw invalid([{ path: 'advertiserId', message }]);
}

function unknownAdvertiser(id: string | null): Error {
  return invalid([{ path: 'advertiserId', message: `is not an advertiser: '${id}'` }]);
}

function toDto(row: Pick<ApiKeyEntity, 'id' | 'role' | 'name' | 'advertiserId' | 'createdAt'>): ApiKeyDto {
  const { id, role, name, advertiserId, createdAt } = row;
  return { id, role, name, advertiserId, createdAt: new Date(createdAt).toISOString() };
}
