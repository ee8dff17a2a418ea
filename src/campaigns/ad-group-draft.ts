import type { FieldError } from '../platform/app-error.js';
import { newId } from '../platform/ids.js';
import type { AdGroupRow } from './ad-group-row.js';
import { type CreativeRow, newCreativeRow } from './creative-row.js';
import type { CreateAdGroupDto, UpdateAdGroupDto } from './dto/ad-group.dto.js';
import type { NamedTargeting } from './missing-references.js';
import { readDayParts, readFrequencyCaps, readTargeting } from './read-wire-fields.js';

/** An ad group that is ready to be stored once what its targeting names is known to exist. */
export interface AdGroupDraft {
  readonly row: AdGroupRow;
  /** Absent: the targeting is the stored one. */
  readonly named: NamedTargeting | null;
  readonly creatives: readonly CreativeRow[];
}

/** Faults go to `errors`, their paths beginning with `prefix` (such as `adGroups[2].`); then the draft must not be stored. */
export function draftAdGroup(
  dto: CreateAdGroupDto,
  campaignId: string,
  now: number,
  errors: FieldError[],
  prefix = '',
): AdGroupDraft {
  const id = newId('adGroup');
  const targeting = readTargeting(dto.targeting, `${prefix}targeting`, errors);
  const row: AdGroupRow = {
    id,
    campaign_id: campaignId,
    name: dto.name,
    targeting: targeting.wire,
    bid_model: dto.bid.model,
    bid_micros: dto.bid.amountMicros,
    frequency_caps:
      dto.frequencyCaps === undefined ? [] : readFrequencyCaps(dto.frequencyCaps, `${prefix}frequencyCaps`, errors),
    daily_budget_micros: dto.dailyBudgetMicros ?? null,
    day_parts: dto.dayParts === undefined ? null : readDayParts(dto.dayParts, `${prefix}dayParts`, errors),
    version: 1,
    created_at: new Date(now),
    updated_at: new Date(now),
  };
  refuseFreeBid(row, `${prefix}bid`, errors);
  const creatives = (dto.creatives ?? []).map((creative, i) =>
    newCreativeRow({ dto: creative, prefix: `${prefix}creatives[${i}].`, errors }, id, now),
  );
  return { row, named: targeting.named, creatives };
}

/** The ad group after an update: what is absent stays, `null` takes a limit away. */
export function editAdGroup(row: AdGroupRow, dto: UpdateAdGroupDto, errors: FieldError[]): AdGroupDraft {
  const targeting = dto.targeting === undefined ? null : readTargeting(dto.targeting, 'targeting', errors);
  const edited: AdGroupRow = {
    ...row,
    name: dto.name ?? row.name,
    targeting: targeting === null ? row.targeting : targeting.wire,
    bid_model: dto.bid?.model ?? row.bid_model,
    bid_micros: dto.bid?.amountMicros ?? row.bid_micros,
    frequency_caps:
      dto.frequencyCaps === undefined
        ? row.frequency_caps
        : readFrequencyCaps(dto.frequencyCaps, 'frequencyCaps', errors),
    daily_budget_micros: dto.dailyBudgetMicros === undefined ? row.daily_budget_micros : dto.dailyBudgetMicros,
    day_parts: editDayParts(row, dto, errors),
  };
  refuseFreeBid(edited, 'bid', errors);
  return { row: edited, named: targeting?.named ?? null, creatives: [] };
}

/** Below this, the share of one impression would round down to nothing, and the ad group would serve for free. */
const LEAST_CPM_MICROS = 1_000;

function refuseFreeBid(row: AdGroupRow, path: string, errors: FieldError[]): void {
  if (row.bid_model !== 'cpm' || row.bid_micros >= LEAST_CPM_MICROS) return;
  errors.push({ path: `${path}.amountMicros`, message: `must be at least ${LEAST_CPM_MICROS} for 1,000 impressions` });
}

function editDayParts(row: AdGroupRow, { dayParts }: UpdateAdGroupDto, errors: FieldError[]): AdGroupRow['day_parts'] {
  if (dayParts === undefined) return row.day_parts;
  return dayParts === null ? null : readDayParts(dayParts, 'dayParts', errors);
}
