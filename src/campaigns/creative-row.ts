import type { CreateCreativeDto, CreativeDto, CreativeStatus, UpdateCreativeDto } from './dto/creative.dto.js';
import { newId } from '../platform/ids.js';

/** A creative as it is stored; `v` is what queries call the table. */
export const CREATIVE_COLUMNS =
  'v.id, v.ad_group_id, v.sender_name, v.title, v.body, v.image_url, v.call_to_action, v.landing_url, v.language, ' +
  'v.status, v.rejection_reason, v.version, v.created_at, v.updated_at';

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
  readonly status: CreativeStatus;
  readonly rejection_reason: string | null;
  readonly version: number;
  readonly created_at: Date;
  readonly updated_at: Date;
}

/** A new creative waits for its review. */
export function newCreativeRow(dto: CreateCreativeDto, adGroupId: string, now: number): CreativeRow {
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
 * creative waits for a new one. Its language only says to whom it is shown, so it may change without.
 */
export function editCreativeRow(row: CreativeRow, dto: UpdateCreativeDto): CreativeRow {
  const edited: CreativeRow = {
    ...row,
    sender_name: dto.senderName ?? row.sender_name,
    title: dto.title ?? row.title,
    body: dto.body ?? row.body,
    image_url: dto.imageUrl === undefined ? row.image_url : dto.imageUrl,
    call_to_action: dto.callToAction ?? row.call_to_action,
    landing_url: dto.landingUrl ?? row.landing_url,
    language: dto.language === undefined ? row.language : dto.language,
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
    status: row.status,
    ...(row.rejection_reason === null ? {} : { rejectionReason: row.rejection_reason }),
    version: row.version,
    createdAt: row.created_at.toISOString(),
    updatedAt: row.updated_at.toISOString(),
  };
}
