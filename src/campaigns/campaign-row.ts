import type { FrequencyCap } from '../core/capping/frequency-cap.js';
import { statusAt, type StoredStatus } from './campaign-status.js';
import type { CampaignDto, Pacing } from './dto/campaign.dto.js';

/** A campaign as it is stored; `c` is what queries call the table. */
export const CAMPAIGN_COLUMNS =
  'c.id, c.advertiser_id, c.name, c.status, c.starts_at, c.ends_at, c.total_budget_micros, c.daily_budget_micros, ' +
  'c.pacing, c.frequency_caps, c.categories, c.version, c.created_at, c.updated_at';

export interface CampaignRow {
  readonly id: string;
  readonly advertiser_id: string;
  readonly name: string;
  readonly status: StoredStatus;
  readonly starts_at: Date;
  readonly ends_at: Date | null;
  readonly total_budget_micros: number | null;
  readonly daily_budget_micros: number | null;
  readonly pacing: Pacing;
  readonly frequency_caps: readonly FrequencyCap[];
  readonly categories: readonly string[];
  readonly version: number;
  readonly created_at: Date;
  readonly updated_at: Date;
}

/** `now` decides whether the campaign has ended. */
export function toCampaignDto(row: CampaignRow, now: number): CampaignDto {
  return {
    id: row.id,
    advertiserId: row.advertiser_id,
    name: row.name,
    status: statusAt(row.status, row.ends_at?.getTime() ?? null, now),
    startsAt: row.starts_at.toISOString(),
    ...(row.ends_at === null ? {} : { endsAt: row.ends_at.toISOString() }),
    budget: {
      ...(row.total_budget_micros === null ? {} : { totalMicros: row.total_budget_micros }),
      ...(row.daily_budget_micros === null ? {} : { dailyMicros: row.daily_budget_micros }),
    },
    pacing: row.pacing,
    frequencyCaps: row.frequency_caps,
    categories: row.categories,
    version: row.version,
    createdAt: row.created_at.toISOString(),
    updatedAt: row.updated_at.toISOString(),
  };
}
