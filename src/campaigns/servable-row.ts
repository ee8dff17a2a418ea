import { type DayParts, type DayPartsWire, parseDayParts } from '../core/calendar/day-parts.js';
import type { FrequencyCap } from '../core/capping/frequency-cap.js';
import type { AdGroupRecord, Bid, CreativeRecord } from '../core/index/ad-group-record.js';
import { invariant } from '../core/invariant-violation.js';
import { parseTargeting } from '../core/targeting/parse-targeting.js';
import type { StoredStatus } from './campaign-status.js';
import type { Pacing } from './dto/campaign.dto.js';

/** One ad group with its campaign, its advertiser and its approved creatives, as the source's queries answer it. */
export interface ServableRow {
  readonly id: string;
  readonly campaign_id: string;
  readonly advertiser_id: string;
  readonly campaign_status: StoredStatus;
  readonly starts_at: Date;
  readonly ends_at: Date | null;
  readonly time_zone: string;
  readonly currency: string;
  readonly targeting: unknown;
  readonly bid_model: Bid['model'];
  readonly bid_micros: number;
  readonly ad_group_caps: readonly FrequencyCap[];
  readonly campaign_caps: readonly FrequencyCap[];
  readonly advertiser_caps: readonly FrequencyCap[];
  readonly day_parts: DayPartsWire | null;
  readonly campaign_total_micros: number | null;
  readonly campaign_daily_micros: number | null;
  readonly ad_group_daily_micros: number | null;
  readonly pacing: Pacing;
  readonly categories: readonly string[];
  /** Null: none is approved. */
  readonly creatives: readonly CreativeRecord[] | null;
}

/** Throws `InvariantViolation` when what is stored can't be read back: nothing may be stored that way. */
export function toAdGroupRecord(row: ServableRow): AdGroupRecord {
  const targeting = parseTargeting(row.targeting);
  invariant(targeting.ok, `the stored targeting of ad group ${row.id} is not readable`);
  return {
    id: row.id,
    campaignId: row.campaign_id,
    advertiserId: row.advertiser_id,
    campaignStatus: row.campaign_status,
    startsAt: row.starts_at.getTime(),
    endsAt: row.ends_at?.getTime() ?? null,
    timeZone: row.time_zone,
    currency: row.currency,
    targeting: targeting.targeting,
    bid: { model: row.bid_model, amountMicros: row.bid_micros },
    adGroupCaps: row.ad_group_caps,
    campaignCaps: row.campaign_caps,
    advertiserCaps: row.advertiser_caps,
    dayParts: row.day_parts === null ? null : readDayParts(row.day_parts, row.id),
    budgets: {
      campaignTotalMicros: row.campaign_total_micros,
      campaignDailyMicros: row.campaign_daily_micros,
      adGroupDailyMicros: row.ad_group_daily_micros,
    },
    pacing: row.pacing,
    categories: row.categories,
    creatives: row.creatives ?? [],
  };
}

function readDayParts(wire: DayPartsWire, adGroupId: string): DayParts {
  const result = parseDayParts(wire);
  invariant(result.ok, `the stored day parts of ad group ${adGroupId} are not readable`);
  return result.dayParts;
}
