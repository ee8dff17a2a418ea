import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource } from 'typeorm';
import { type Actor, requireTenant } from '../access/access.api.js';
import { conflict, type FieldError, notFound } from '../platform/app-error.js';
import { requireVersion } from '../platform/http/if-match.js';
import { type Page, PageCursors } from '../platform/http/page.js';
import { editCampaign } from './campaign-draft.js';
import { CAMPAIGN_COLUMNS, type CampaignRow, toCampaignDto } from './campaign-row.js';
import { type StoredStatus, type Transition, transitionFrom } from './campaign-status.js';
import type { CampaignDto, CampaignQuery, UpdateCampaignDto } from './dto/campaign.dto.js';
import { requireIdForm } from './known-id.js';
import { refuseFaults } from './refuse-faults.js';
import { updateLatest } from './versioned-update.js';

const CURSORS = new PageCursors('campaigns');

/** Campaigns after their creation: reading, changing, and their life cycle. */
@Injectable()
export class CampaignsService {
  constructor(@InjectDataSource() private readonly dataSource: DataSource) {}

  async list(actor: Actor, query: CampaignQuery, now: number): Promise<Page<CampaignDto>> {
    const { limit, cursor, status } = query;
    if (query.advertiserId !== undefined) {
      requireTenant(actor, query.advertiserId, 'advertiser', query.advertiserId);
    }
    // The conditions on what is null vanish when the statement is planned, which happens with the values known.
    const rows = await this.dataSource.query<CampaignRow[]>(
      `SELECT ${CAMPAIGN_COLUMNS} FROM campaigns c
       WHERE c.id > $1 AND ($2::text IS NULL OR c.advertiser_id = $2)
         AND ($3::text IS NULL OR $3 =
           CASE WHEN c.status IN ('active', 'paused') AND c.ends_at <= $4 THEN 'ended' ELSE c.status END)
       ORDER BY c.id LIMIT $5`,
      [
        CURSORS.after(cursor),
        actor.advertiserId ?? query.advertiserId ?? null,
        status ?? null,
        new Date(now),
        limit + 1,
      ],
    );
    return CURSORS.page(rows, limit, (row) => toCampaignDto(row, now));
  }

  async get(actor: Actor, id: string, now: number): Promise<CampaignDto> {
    return toCampaignDto(await this.find(actor, id), now);
  }

  async update(
    actor: Actor,
    id: string,
    dto: UpdateCampaignDto,
    seen: number | null,
    now: number,
  ): Promise<CampaignDto> {
    return updateLatest(async () => {
      const row = await this.find(actor, id);
      requireVersion(seen, row.version);
      requireNotArchived(row.status);
      const errors: FieldError[] = [];
      const edited = editCampaign(row, dto, errors);
      refuseFaults(errors);
      return this.save(edited, now);
    });
  }

  async transition(
    actor: Actor,
    id: string,
    transition: Transition,
    seen: number | null,
    now: number,
  ): Promise<CampaignDto> {
    return updateLatest(async () => {
      const row = await this.find(actor, id);
      requireVersion(seen, row.version);
      const result = transitionFrom(transition, row.status, row.ends_at?.getTime() ?? null, now);
      if ('refused' in result) throw conflict('invalid_transition', result.refused);
      return this.save({ ...row, status: result.to }, now);
    });
  }

  /** Another tenant's campaign is as unknown as one that does not exist. */
  async find(actor: Actor, id: string): Promise<CampaignRow> {
    requireIdForm('campaign', id);
    const [row] = await this.dataSource.query<CampaignRow[]>(
      `SELECT ${CAMPAIGN_COLUMNS} FROM campaigns c WHERE c.id = $1`,
      [id],
    );
    if (row === undefined) throw notFound('campaign', id);
    requireTenant(actor, row.advertiser_id, 'campaign', id);
    return row;
  }

  /** Undefined when the campaign is no longer at the version of `row`. */
  private async save(row: CampaignRow, now: number): Promise<CampaignDto | undefined> {
    const [[saved]] = await this.dataSource.query<[CampaignRow[], number]>(
      `UPDATE campaigns c SET name = $3, status = $4, starts_at = $5, ends_at = $6, total_budget_micros = $7,
         daily_budget_micros = $8, pacing = $9, frequency_caps = $10, updated_at = $11, categories = $12,
         version = version + 1
       WHERE id = $1 AND version = $2 RETURNING ${CAMPAIGN_COLUMNS}`,
      [
        row.id,
        row.version,
        row.name,
        row.status,
        row.starts_at,
        row.ends_at,
        row.total_budget_micros,
        row.daily_budget_micros,
        row.pacing,
        JSON.stringify(row.frequency_caps),
        new Date(now),
        row.categories,
      ],
    );
    return saved && toCampaignDto(saved, now);
  }
}

export function requireNotArchived(status: StoredStatus): void {
  if (status === 'archived')
    throw conflict('campaign_archived', 'The campaign is archived; nothing of it changes any more.');
}
