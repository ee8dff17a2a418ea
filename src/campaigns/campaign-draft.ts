import type { FieldError } from '../platform/app-error.js';
import { parseInstant } from '../platform/http/fields.js';
import { newId } from '../platform/ids.js';
import { type AdGroupDraft, draftAdGroup } from './ad-group-draft.js';
import type { CampaignRow } from './campaign-row.js';
import type { CreateCampaignDto, UpdateCampaignDto } from './dto/campaign.dto.js';
import { readFrequencyCaps } from './read-wire-fields.js';

/** A campaign with all that is nested in it, ready to be stored once what its targeting names is known to exist. */
export interface CampaignDraft {
  readonly row: CampaignRow;
  readonly adGroups: readonly AdGroupDraft[];
}

/** Faults go to `errors`; then the draft must not be stored. */
export function draftCampaign(dto: CreateCampaignDto, now: number, errors: FieldError[]): CampaignDraft {
  const row: CampaignRow = {
    id: newId('campaign'),
    advertiser_id: dto.advertiserId,
    name: dto.name,
    status: 'draft',
    starts_at: instant(dto.startsAt),
    ends_at: dto.endsAt === undefined ? null : instant(dto.endsAt),
    total_budget_micros: dto.budget.totalMicros ?? null,
    daily_budget_micros: dto.budget.dailyMicros ?? null,
    pacing: dto.pacing,
    frequency_caps: readFrequencyCaps(dto.frequencyCaps, 'frequencyCaps', errors),
    categories: dto.categories ?? [],
    version: 1,
    created_at: new Date(now),
    updated_at: new Date(now),
  };
  errors.push(...contradictions(row));
  const adGroups = (dto.adGroups ?? []).map((adGroup, i) =>
    draftAdGroup(adGroup, row.id, now, errors, `adGroups[${i}].`),
  );
  return { row, adGroups };
}

/** The campaign after an update: what is absent stays, `null` takes a limit away. */
export function editCampaign(row: CampaignRow, dto: UpdateCampaignDto, errors: FieldError[]): CampaignRow {
  const { totalMicros, dailyMicros } = dto.budget ?? {};
  const edited: CampaignRow = {
    ...row,
    name: dto.name ?? row.name,
    starts_at: dto.startsAt === undefined ? row.starts_at : instant(dto.startsAt),
    ends_at: editEnd(row, dto),
    total_budget_micros: totalMicros === undefined ? row.total_budget_micros : totalMicros,
    daily_budget_micros: dailyMicros === undefined ? row.daily_budget_micros : dailyMicros,
    pacing: dto.pacing ?? row.pacing,
    frequency_caps:
      dto.frequencyCaps === undefined
        ? row.frequency_caps
        : readFrequencyCaps(dto.frequencyCaps, 'frequencyCaps', errors),
    categories: dto.categories ?? row.categories,
  };
  errors.push(...contradictions(edited));
  return edited;
}

function editEnd(row: CampaignRow, { endsAt }: UpdateCampaignDto): Date | null {
  if (endsAt === undefined) return row.ends_at;
  return endsAt === null ? null : instant(endsAt);
}

/** What each field alone allows but no campaign can be. */
function contradictions(row: CampaignRow): FieldError[] {
  const errors: FieldError[] = [];
  if (row.ends_at !== null && row.ends_at <= row.starts_at) {
    errors.push({ path: 'endsAt', message: 'must be later than startsAt' });
  }
  const { total_budget_micros: total, daily_budget_micros: daily } = row;
  if (total !== null && daily !== null && daily > total) {
    errors.push({ path: 'budget.dailyMicros', message: 'must not be above budget.totalMicros' });
  }
  return errors;
}

/** The field's decorator has let only instants through. */
function instant(text: string): Date {
  return new Date(parseInstant(text) ?? NaN);
}
