import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource, type EntityManager } from 'typeorm';
import { type Actor, requireTenant } from '../access/access.api.js';
import { conflict, type FieldError, notFound } from '../platform/app-error.js';
import { Once, type RequestIdentity } from '../platform/database/once.js';
import { requireVersion } from '../platform/http/if-match.js';
import { type Page, type PageQuery, PageCursors } from '../platform/http/page.js';
import { AdGroupsService } from './ad-groups.service.js';
import { requireNotArchived } from './campaigns.service.js';
import type { StoredStatus } from './campaign-status.js';
import { CREATIVE_COLUMNS, type CreativeRow, editCreativeRow, newCreativeRow, toCreativeDto } from './creative-row.js';
import { MAX_CREATIVES } from './dto/ad-group.dto.js';
import type { CreateCreativeDto, CreativeDto, UpdateCreativeDto } from './dto/creative.dto.js';
import { insertCreatives } from './insert-campaign.js';
import { requireIdForm } from './known-id.js';
import { refuseFaults } from './refuse-faults.js';
import { updateLatest } from './versioned-update.js';

const CURSORS = new PageCursors('creatives');

interface OwnedCreativeRow extends CreativeRow {
  readonly advertiser_id: string;
  readonly campaign_status: StoredStatus;
}

/** What a review found; a rejection may say why. */
export type Review = { readonly status: 'approved' } | { readonly status: 'rejected'; readonly reason: string | null };

@Injectable()
export class CreativesService {
  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly once: Once,
    private readonly adGroups: AdGroupsService,
  ) {}

  async create(
    actor: Actor,
    adGroupId: string,
    dto: CreateCreativeDto,
    identity: RequestIdentity,
  ): Promise<CreativeDto> {
    await this.adGroups.find(actor, adGroupId);
    const errors: FieldError[] = [];
    const row = newCreativeRow({ dto, errors }, adGroupId, identity.now);
    refuseFaults(errors);
    return this.once.create(identity, async (tx) => {
      await requireRoom(tx, adGroupId);
      await insertCreatives(tx, [row]);
      return toCreativeDto(row);
    });
  }

  async list(actor: Actor, adGroupId: string, { limit, cursor }: PageQuery): Promise<Page<CreativeDto>> {
    await this.adGroups.find(actor, adGroupId);
    const rows = await this.dataSource.query<CreativeRow[]>(
      `SELECT ${CREATIVE_COLUMNS} FROM creatives v
       WHERE v.ad_group_id = $1 AND v.id > $2 ORDER BY v.id LIMIT $3`,
      [adGroupId, CURSORS.after(cursor), limit + 1],
    );
    return CURSORS.page(rows, limit, toCreativeDto);
  }

  async get(actor: Actor, id: string): Promise<CreativeDto> {
    return toCreativeDto(await this.find(actor, id));
  }

  async update(
    actor: Actor,
    id: string,
    dto: UpdateCreativeDto,
    seen: number | null,
    now: number,
  ): Promise<CreativeDto> {
    return this.change(actor, id, seen, now, (row) => {
      const errors: FieldError[] = [];
      const edited = editCreativeRow(row, dto, errors);
      refuseFaults(errors);
      return edited;
    });
  }

  /** The review covers the version that the reviewer saw, when `seen` names it. */
  async review(actor: Actor, id: string, review: Review, seen: number | null, now: number): Promise<CreativeDto> {
    const rejectionReason = review.status === 'rejected' ? review.reason : null;
    return this.change(actor, id, seen, now, (row) => ({
      ...row,
      status: review.status,
      rejection_reason: rejectionReason,
    }));
  }

  private async change(
    actor: Actor,
    id: string,
    seen: number | null,
    now: number,
    edit: (row: CreativeRow) => CreativeRow,
  ): Promise<CreativeDto> {
    return updateLatest(async () => {
      const row = await this.find(actor, id);
      requireVersion(seen, row.version);
      requireNotArchived(row.campaign_status);
      return this.save(edit(row), now);
    });
  }

  /** Another tenant's creative is as unknown as one that does not exist. */
  private async find(actor: Actor, id: string): Promise<OwnedCreativeRow> {
    requireIdForm('creative', id);
    const [row] = await this.dataSource.query<OwnedCreativeRow[]>(
      `SELECT ${CREATIVE_COLUMNS}, c.advertiser_id, c.status AS campaign_status
       FROM creatives v JOIN ad_groups g ON g.id = v.ad_group_id JOIN campaigns c ON c.id = g.campaign_id
       WHERE v.id = $1`,
      [id],
    );
    if (row === undefined) throw notFound('creative', id);
    requireTenant(actor, row.advertiser_id, 'creative', id);
    return row;
  }

  /** Undefined when the creative is no longer at the version of `row`. */
  private async save(row: CreativeRow, now: number): Promise<CreativeDto | undefined> {
    const [[saved]] = await this.dataSource.query<[CreativeRow[], number]>(
      `UPDATE creatives v SET sender_name = $3, title = $4, body = $5, image_url = $6, call_to_action = $7,
         landing_url = $8, language = $9, status = $10, rejection_reason = $11, updated_at = $12, frequency_caps = $13,
         version = version + 1
       WHERE id = $1 AND version = $2 RETURNING ${CREATIVE_COLUMNS}`,
      [
        row.id,
        row.version,
        row.sender_name,
        row.title,
        row.body,
        row.image_url,
        row.call_to_action,
        row.landing_url,
        row.language,
        row.status,
        row.rejection_reason,
        new Date(now),
        JSON.stringify(row.frequency_caps),
      ],
    );
    return saved && toCreativeDto(saved);
  }
}

/** Locks the campaign, so that neither its archiving nor a rival's creative slips in between. */
async function requireRoom(tx: EntityManager, adGroupId: string): Promise<void> {
  const [campaign] = await tx.query<{ status: StoredStatus }[]>(
    `SELECT c.status FROM campaigns c JOIN ad_groups g ON g.campaign_id = c.id
     WHERE g.id = $1 FOR NO KEY UPDATE OF c`,
    [adGroupId],
  );
  if (campaign !== undefined) requireNotArchived(campaign.status);
  const [present] = await tx.query<{ count: number }[]>(
    'SELECT count(*)::int AS count FROM creatives WHERE ad_group_id = $1',
    [adGroupId],
  );
  if (present !== undefined && present.count >= MAX_CREATIVES) {
    const detail = `An ad group has at most ${MAX_CREATIVES} creatives; change one of them instead.`;
    throw conflict('too_many_creatives', detail);
  }
}
