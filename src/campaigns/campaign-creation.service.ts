import { Injectable } from '@nestjs/common';
import type { Actor } from '../access/access.api.js';
import { AppError, type FieldError, notFound } from '../platform/app-error.js';
import { isForeignKeyViolation } from '../platform/database/database-errors.js';
import { Once, type RequestIdentity } from '../platform/database/once.js';
import { toAdGroupDto } from './ad-group-row.js';
import { type CampaignDraft, draftCampaign } from './campaign-draft.js';
import { toCampaignDto } from './campaign-row.js';
import { toCreativeDto } from './creative-row.js';
import type { CampaignDto, CreateCampaignDto } from './dto/campaign.dto.js';
import { insertAdGroups, insertCampaign, insertCreatives } from './insert-campaign.js';
import { refuseFaults } from './refuse-faults.js';
import { TargetingReferences } from './targeting-references.js';

/** Creates a campaign with everything nested in it, in one transaction: all of it or nothing. */
@Injectable()
export class CampaignCreation {
  constructor(
    private readonly once: Once,
    private readonly references: TargetingReferences,
  ) {}

  /** An advertiser that is unknown, or not the caller's own, is answered alike: 404. */
  async create(actor: Actor, dto: CreateCampaignDto, identity: RequestIdentity): Promise<CampaignDto> {
    const { advertiserId } = dto;
    if (actor.advertiserId !== null && actor.advertiserId !== advertiserId) throw unknownAdvertiser(advertiserId);
    const errors: FieldError[] = [];
    const draft = draftCampaign(dto, identity.now, errors);
    refuseFaults(errors);
    // Before the transaction: a look-up inside it would hold one connection while it waits for another.
    await this.references.require(
      advertiserId,
      draft.adGroups.flatMap(({ named }) => named ?? []),
    );
    return this.once.create(identity, async (tx) => {
      await insertCampaign(tx, draft.row).catch((error: unknown) => {
        throw isForeignKeyViolation(error, 'campaigns_advertiser') ? unknownAdvertiser(advertiserId) : error;
      });
      const { adGroups } = draft;
      await insertAdGroups(
        tx,
        adGroups.map(({ row }) => row),
      );
      await insertCreatives(
        tx,
        adGroups.flatMap(({ creatives }) => creatives),
      );
      return toDto(draft, dto.adGroups !== undefined, identity.now);
    });
  }
}

function unknownAdvertiser(id: string): AppError {
  const { status, code, detail } = notFound('advertiser', id);
  return new AppError(status, code, detail, [
    { path: 'advertiserId', message: 'is no advertiser that your key may see' },
  ]);
}

function toDto({ row, adGroups }: CampaignDraft, isNested: boolean, now: number): CampaignDto {
  const campaign = toCampaignDto(row, now);
  if (!isNested) return campaign;
  return {
    ...campaign,
    adGroups: adGroups.map((adGroup) => ({
      ...toAdGroupDto(adGroup.row),
      creatives: adGroup.creatives.map(toCreativeDto),
    })),
  };
}
