import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource, type EntityManager } from 'typeorm';
import { type Actor, requireTenant } from '../access/access.api.js';
import { AUDIENCE_ID_PATTERN } from '../core/targeting/vocabulary.js';
import { notFound } from '../platform/app-error.js';
import { isForeignKeyViolation } from '../platform/database/database-errors.js';
import { Once, type RequestIdentity } from '../platform/database/once.js';
import { requireVersion } from '../platform/http/if-match.js';
import { type Page, PageCursors } from '../platform/http/page.js';
import { newId } from '../platform/ids.js';
import { WorkSlots } from '../platform/work-slots.js';
import type { AudienceDto, AudienceQuery, CountedAudienceDto, CreateAudienceDto } from './audience.dto.js';
import { ProfileChanges } from './profile-changes.js';

const CURSORS = new PageCursors('audiences');

interface AudienceRow {
  readonly id: string;
  readonly advertiser_id: string;
  readonly name: string;
  readonly version: number;
  readonly created_at: Date;
  readonly updated_at: Date;
}

/** Takes about half a second on a busy small machine: far from the time that a statement may take. */
const MEMBERS_PER_STATEMENT = 20_000;

const COLUMNS = 'id, advertiser_id, name, version, created_at, updated_at';

/** Each holds a connection for seconds, while it waits for another one of the same list, too: most of the pool stays free. */
const SLOTS = {
  atOnce: 2,
  waiting: 16,
  refusal: 'Too many lists are being changed just now; send this one again in a moment.',
};

/** A change of a list: of which audience, to or by which members, from which version (null: from any), when. */
export interface MembersChange {
  readonly actor: Actor;
  readonly id: string;
  readonly userIds: ReadonlySet<string>;
  readonly seen: number | null;
  readonly now: number;
}

/** Audiences and their lists of members. Another tenant's audience is answered as one that does not exist. */
@Injectable()
export class AudiencesService {
  private readonly slots = new WorkSlots(SLOTS);

  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly once: Once,
    private readonly changes: ProfileChanges,
  ) {}

  create({ advertiserId, name }: CreateAudienceDto, actor: Actor, identity: RequestIdentity): Promise<AudienceDto> {
    requireTenant(actor, advertiserId, 'advertiser', advertiserId);
    return this.once.create(identity, async (tx) => {
      const rows = await tx
        .query<AudienceRow[]>(
          `INSERT INTO audiences (id, advertiser_id, name, created_at, updated_at) VALUES ($1, $2, $3, $4, $4)
           RETURNING ${COLUMNS}`,
          [newId('audience'), advertiserId, name, new Date(identity.now)],
        )
        .catch((error: unknown) => {
          throw isForeignKeyViolation(error, 'audiences_advertiser') ? notFound('advertiser', advertiserId) : error;
        });
      return toDto(rows[0] as AudienceRow);
    });
  }

  async list({ limit, cursor, advertiserId }: AudienceQuery, actor: Actor): Promise<Page<AudienceDto>> {
    if (advertiserId !== undefined) requireTenant(actor, advertiserId, 'advertiser', advertiserId);
    const rows = await this.dataSource.query<AudienceRow[]>(
      `SELECT ${COLUMNS} FROM audiences
       WHERE ($1::text IS NULL OR advertiser_id = $1) AND id > $2 ORDER BY id LIMIT $3`,
      [advertiserId ?? actor.advertiserId, CURSORS.after(cursor), limit + 1],
    );
    return CURSORS.page(rows, limit, toDto);
  }

  async read(id: string, actor: Actor): Promise<CountedAudienceDto> {
    requireForm(id);
    const [row] = await this.dataSource.query<(AudienceRow & { member_count: number })[]>(
      `SELECT ${COLUMNS}, (SELECT count(*) FROM audience_members WHERE audience_id = audiences.id) AS member_count
       FROM audiences WHERE id = $1`,
      [id],
    );
    if (row === undefined) throw notFound('audience', id);
    requireTenant(actor, row.advertiser_id, 'audience', id);
    return { ...toDto(row), memberCount: row.member_count };
  }

  /** Afterwards the list has these members and no others. */
  replaceMembers(change: MembersChange): Promise<void> {
    return this.change(change, async (tx) => {
      await tx.query(
        `DELETE FROM audience_members AS present WHERE audience_id = $1
         AND NOT EXISTS (SELECT FROM unnest($2::text[]) AS given (user_id) WHERE given.user_id = present.user_id)`,
        [change.id, [...change.userIds]],
      );
      await insertMembers(tx, change);
    });
  }

  addMembers(change: MembersChange): Promise<void> {
    return this.change(change, (tx) => insertMembers(tx, change));
  }

  private async change(
    { actor, id, seen, now }: MembersChange,
    work: (tx: EntityManager) => Promise<void>,
  ): Promise<void> {
    requireForm(id);
    await this.slots.run(() =>
      this.dataSource.transaction(async (tx) => {
        // Two changes of one list take turns by its row.
        const [row] = await tx.query<AudienceRow[]>(`SELECT ${COLUMNS} FROM audiences WHERE id = $1 FOR UPDATE`, [id]);
        if (row === undefined) throw notFound('audience', id);
        requireTenant(actor, row.advertiser_id, 'audience', id);
        requireVersion(seen, row.version);
        await work(tx);
        const values = [id, new Date(now)];
        await tx.query('UPDATE audiences SET version = version + 1, updated_at = $2 WHERE id = $1', values);
      }),
    );
    // Who left the list is not known here, and lists may be long.
    this.changes.announceAll();
  }
}

async function insertMembers(tx: EntityManager, { id, userIds }: MembersChange): Promise<void> {
  const members = [...userIds];
  for (let from = 0; from < members.length; from += MEMBERS_PER_STATEMENT) {
    await tx.query(
      `INSERT INTO audience_members (user_id, audience_id) SELECT user_id, $1 FROM unnest($2::text[]) AS given (user_id)
       ORDER BY user_id ON CONFLICT DO NOTHING`,
      [id, members.slice(from, from + MEMBERS_PER_STATEMENT)],
    );
  }
}

function requireForm(id: string): void {
  if (!AUDIENCE_ID_PATTERN.test(id)) throw notFound('audience', id);
}

function toDto(row: AudienceRow): AudienceDto {
  return {
    id: row.id,
    advertiserId: row.advertiser_id,
    name: row.name,
    version: row.version,
    createdAt: row.created_at.toISOString(),
    updatedAt: row.updated_at.toISOString(),
  };
}
