import type { DayPartsWire } from '../core/calendar/day-parts.js';
import type { FrequencyCap } from '../core/capping/frequency-cap.js';
import type { Bid } from '../core/index/ad-group-record.js';
import type { AdGroupDto } from './dto/ad-group.dto.js';

/** An ad group as it is stored, targeting, caps and day parts in wire form; `g` is what queries call the table. */
export const AD_GROUP_COLUMNS =
  'g.id, g.campaign_id, g.name, g.targeting, g.bid_model, g.bid_micros, g.frequency_caps, g.daily_budget_micros, ' +
  'g.day_parts, g.version, g.created_at, g.updated_at';

export interface AdGroupRow {
  readonly id: string;
  readonly campaign_id: string;
  readonly name: string;
  readonly targeting: unknown;
  readonly bid_model: Bid['model'];
  readonly bid_micros: number;
  readonly frequency_caps: readonly FrequencyCap[];
  readonly daily_budget_micros: number | null;
  readonly day_parts: DayPartsWire | null;
  readonly version: number;
  readonly created_at: Date;
  readonly updated_at: Date;
}

export function toAdGroupDto(row: AdGroupRow): AdGroupDto {
  return {
    id: row.id,
    campaignId: row.campaign_id,
    name: row.name,
    targeting: row.targeting,
    bid: { model: row.bid_model, amountMicros: row.bid_micros },
    frequencyCaps: row.frequency_caps,
    ...(row.daily_budget_micros === null ? {} : { dailyBudgetMicros: row.daily_budget_micros }),
    ...(row.day_parts === null ? {} : { dayParts: row.day_parts }),
    version: row.version,
    createdAt: row.created_at.toISOString(),
    updatedAt: row.updated_at.toISOString(),
  };
}
