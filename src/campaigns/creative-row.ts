import type { CreateCreativeDto, CreativeDto, CreativeStatus, UpdateCreativeDto } from './dto/creative.dto.js';
import type { FrequencyCap } from '../core/capping/frequency-cap.js';
import type { FieldError } from '../platform/app-error.js';
import { newId } from '../platform/ids.js';
import { readFrequencyCaps } from './read-wire-fields.js';

/** A creative as it is stored; `v` is what queries call the table. */
export const CREATIVE_COLUMNS =
  'v.id, v.ad_group_id, v.sender_name, v.title, v.body, v.image_url, v.call_to_action, v.landing_url, v.language, ' +
  'v.frequency_caps, v.status, v.rejection_reason, v.version, v.created_at, v.updated_at';

export interface CreativeRow {
  readonly id: string;
  readonly ad_group_id: string;
  readonly sender_name: string;
  readonly title: string;
  readonly body: string;
  readonly image_url: string | null;
  readonly call_to_action: string;
  readonly landing_url: string;
  readonly language: string | null;
  readonly frequency_caps: readonly FrequencyCap[];
  readonly status: CreativeStatus;
  readonly rejection_reason: string | null;
  readonly version: number;
  readonly created_at: Date;
  readonly updated_at: Date;
}

/** What a new creative is made of, and where faults of it go: their paths begin with `prefix`. */
export interface CreativeDraft {
  readonly dto: CreateCreativeDto;
  readonly prefix?: string;
  readonly errors: FieldError[];
}

/** A new creative waits for its review. When it has faults, it must not be stored. */
export function newCreativeRow(
  { dto, prefix = '', errors }: CreativeDraft,
  adGroupId: string,
  now: number,
): CreativeRow {
  return {
    id: newId('creative'),
    ad_group_id: adGroupId,
    sender_name: dto.senderName,
    title: dto.title,
    body: dto.body,
    image_url: dto.imageUrl ?? null,
    call_to_action: dto.callToAction,
    landing_url: dto.landingUrl,
    language: dto.language ?? null,
    frequency_caps:
      dto.frequencyCaps === undefined ? [] : readFrequencyCaps(dto.frequencyCaps, `${prefix}frequencyCaps`, errors),
    status: 'pending',
    rejection_reason: null,
    version: 1,
    created_at: new Date(now),
    updated_at: new Date(now),
  };
}

const REVIEWED = ['sender_name', 'title', 'body', 'image_url', 'call_to_action', 'landing_url'] as const;

/**
 * The creative after an update. A review covers what the member sees and where a tap leads: when any of that changes, the
 * creative waits for a new one. Its language and caps only say to whom and how often it is shown, so they may change without.
 * When faults are added to `errors`, it must not be stored.
 */
export function editCreativeRow(row: CreativeRow, dto: UpdateCreativeDto, errors: FieldError[]): CreativeRow {
  const edited: CreativeRow = {
    ...row,
    sender_name: dto.senderName ?? row.sender_name,
    title: dto.title ?? row.title,
    body: dto.body ?? row.body,
    image_url: dto.imageUrl === undefined ? row.image_url : dto.imageUrl,
    call_to_action: dto.callToAction ?? row.call_to_action,
    landing_url: dto.landingUrl ?? row.landing_url,
    language: dto.language === undefined ? row.language : dto.language,
    frequency_caps:
      dto.frequencyCaps === undefined
        ? row.frequency_caps
        : readFrequencyCaps(dto.frequencyCaps, 'frequencyCaps', errors),
  };
  const needsReview = REVIEWED.some((column) => edited[column] !== row[column]);
  return needsReview ? { ...edited, status: 'pending', rejection_reason: null } : edited;
}

export function toCreativeDto(row: CreativeRow): CreativeDto {
  return {
    id: row.id,
    adGroupId: row.ad_group_id,
    senderName: row.sender_name,
    title: row.title,
    body: row.body,
    ...(row.image_url === null ? {} : { imageUrl: row.image_url }),
    callToAction: row.call_to_action,
    landingUrl: row.landing_url,
    ...(row.language === null ? {} : { language: row.language }),
    frequencyCaps: row.frequency_caps,
    status: row.status,
    ...(row.rejection_reason === null ? {} : { rejectionReason: row.rejection_reason }),
    version: row.version,
    createdAt: row.created_at.toISOString(),
    updatedAt: row.updated_at.toISOString(),
  };
}
