import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource, type EntityManager } from 'typeorm';
import { type Actor, requireTenant } from '../access/access.api.js';
import { conflict, type FieldError, notFound } from '../platform/app-error.js';
import { Once, type RequestIdentity } from '../platform/database/once.js';
import { requireVersion } from '../platform/http/if-match.js';
import { type Page, type PageQuery, PageCursors } from '../platform/http/page.js';
import { draftAdGroup, editAdGroup } from './ad-group-draft.js';
import { AD_GROUP_COLUMNS, type AdGroupRow, toAdGroupDto } from './ad-group-row.js';
import type { StoredStatus } from './campaign-status.js';
import { CampaignsService, requireNotArchived } from './campaigns.service.js';
import { toCreativeDto } from './creative-row.js';
import type { AdGroupDto, CreateAdGroupDto, UpdateAdGroupDto } from './dto/ad-group.dto.js';
import { insertAdGroups, insertCreatives } from './insert-campaign.js';
import { requireIdForm } from './known-id.js';
import { refuseFaults } from './refuse-faults.js';
import { TargetingReferences } from './targeting-references.js';
import { updateLatest } from './versioned-update.js';

const CURSORS = new PageCursors('ad groups');

/** Five calls' worth of nested ones; it bounds what one change of a campaign has to load into the index. */
const MAX_AD_GROUPS = 1_000;

export interface OwnedAdGroupRow extends AdGroupRow {
  readonly advertiser_id: string;
  readonly campaign_status: StoredStatus;
}

@Injectable()
export class AdGroupsService {
  constructor(
    @InjectDataSource() private readonly dataSource: DataSource,
    private readonly once: Once,
    private readonly campaigns: CampaignsService,
    private readonly references: TargetingReferences,
  ) {}

  async create(
    actor: Actor,
    campaignId: string,
    dto: CreateAdGroupDto,
    identity: RequestIdentity,
  ): Promise<AdGroupDto> {
    const campaign = await this.campaigns.find(actor, campaignId);
    const errors: FieldError[] = [];
    const draft = draftAdGroup(dto, campaignId, identity.now, errors);
    refuseFaults(errors);
    await this.references.require(campaign.advertiser_id, draft.named === null ? [] : [draft.named]);
    return this.once.create(identity, async (tx) => {
      await requireRoom(tx, campaignId);
      await insertAdGroups(tx, [draft.row]);
      await insertCreatives(tx, draft.creatives);
      const adGroup = toAdGroupDto(draft.row);
      return dto.creatives === undefined ? adGroup : { ...adGroup, creatives: draft.creatives.map(toCreativeDto) };
    });
  }

  async list(actor: Actor, campaignId: string, { limit, cursor }: PageQuery): Promise<Page<AdGroupDto>> {
    await this.campaigns.find(actor, campaignId);
    const rows = await this.dataSource.query<AdGroupRow[]>(
      `SELECT ${AD_GROUP_COLUMNS} FROM ad_groups g
       WHERE g.campaign_id = $1 AND g.id > $2 ORDER BY g.id LIMIT $3`,
      [campaignId, CURSORS.after(cursor), limit + 1],
    );
    return CURSORS.page(rows, limit, toAdGroupDto);
  }

  async get(actor: Actor, id: string): Promise<AdGroupDto> {
    return toAdGroupDto(await this.find(actor, id));
  }

  async update(actor: Actor, id: string, dto: UpdateAdGroupDto, seen: number | null, now: number): Promise<AdGroupDto> {
    return updateLatest(async () => {
      const row = await this.find(actor, id);
      requireVersion(seen, row.version);
      requireNotArchived(row.campaign_status);
      const errors: FieldError[] = [];
      const edited = editAdGroup(row, dto, errors);
      refuseFaults(errors);
      await this.references.require(row.advertiser_id, edited.named === null ? [] : [edited.named]);
      return this.save(edited.row, now);
    });
  }

  /** Another tenant's ad group is as unknown as one that does not exist. */
  async find(actor: Actor, id: string): Promise<OwnedAdGroupRow> {
    requireIdForm('ad group', id);
    const [row] = await this.dataSource.query<OwnedAdGroupRow[]>(
      `SELECT ${AD_GROUP_COLUMNS}, c.advertiser_id, c.status AS campaign_status
       FROM ad_groups g JOIN campaigns c ON c.id = g.campaign_id WHERE g.id = $1`,
      [id],
    );
    if (row === undefined) throw notFound('ad group', id);
    requireTenant(actor, row.advertiser_id, 'ad group', id);
    return row;
  }

  /** Undefined when the ad group is no longer at the version of `row`. */
  private async save(row: AdGroupRow, now: number): Promise<AdGroupDto | undefined> {
    const [[saved]] = await this.dataSource.query<[AdGroupRow[], number]>(
      `UPDATE ad_groups g SET name = $3, targeting = $4, bid_model = $5, bid_micros = $6, frequency_caps = $7,
         daily_budget_micros = $8, day_parts = $9, updated_at = $10, version = version + 1
       WHERE id = $1 AND version = $2 RETURNING ${AD_GROUP_COLUMNS}`,
      [
        row.id,
        row.version,
        row.name,
        JSON.stringify(row.targeting),
        row.bid_model,
        row.bid_micros,
        JSON.stringify(row.frequency_caps),
        row.daily_budget_micros,
        row.day_parts === null ? null : JSON.stringify(row.day_parts),
        new Date(now),
      ],
    );
    return saved && toAdGroupDto(saved);
  }
}

/** Locks the campaign, so that neither its archiving nor a rival's ad group slips in between. */
async function requireRoom(tx: EntityManager, campaignId: string): Promise<void> {
  const [campaign] = await tx.query<{ status: StoredStatus }[]>(
    'SELECT status FROM campaigns WHERE id = $1 FOR NO KEY UPDATE',
    [campaignId],
  );
  if (campaign !== undefined) requireNotArchived(campaign.status);
  const [present] = await tx.query<{ count: number }[]>(
    'SELECT count(*)::int AS count FROM ad_groups WHERE campaign_id = $1',
    [campaignId],
  );
  if (present !== undefined && present.count >= MAX_AD_GROUPS) {
    throw conflict('too_many_ad_groups', `A campaign has at most ${MAX_AD_GROUPS} ad groups; start another campaign.`);
  }
}
