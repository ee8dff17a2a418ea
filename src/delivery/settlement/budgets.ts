import type { EntityManager } from 'typeorm';
import { type AdGroupDay, adGroupDay, type RemainingMoney } from '../../core/pacing/allocate-charges.js';
import { groupBy } from '../../platform/group-by.js';

/** A campaign's limits and zone, as they are while its charges are settled. */
export interface CampaignTerms {
  readonly campaignId: string;
  readonly advertiserId: string;
  readonly timeZone: string;
  readonly currency: string;
  readonly totalMicros: bigint | null;
  readonly dailyMicros: bigint | null;
  readonly adGroupDailyMicros: ReadonlyMap<string, bigint>;
}

/** Terms by campaign. `campaignIds`: $1. */
export async function readTerms(
  tx: EntityManager,
  campaignIds: readonly string[],
): Promise<ReadonlyMap<string, CampaignTerms>> {
  const rows = await tx.query<TermsRow[]>(
    `SELECT c.id, c.advertiser_id, a.time_zone, a.currency, c.total_budget_micros, c.daily_budget_micros,
            coalesce((SELECT json_object_agg(g.id, g.daily_budget_micros::text) FROM ad_groups g
                      WHERE g.campaign_id = c.id AND g.daily_budget_micros IS NOT NULL), '{}') AS ad_groups
     FROM campaigns c JOIN advertisers a ON a.id = c.advertiser_id
     WHERE c.id = ANY($1)`,
    [campaignIds],
  );
  return new Map(rows.map((row) => [row.id, toTerms(row)]));
}

interface TermsRow {
  readonly id: string;
  readonly advertiser_id: string;
  readonly time_zone: string;
  readonly currency: string;
  readonly total_budget_micros: number | null;
  readonly daily_budget_micros: number | null;
  readonly ad_groups: Readonly<Record<string, string>>;
}

function toTerms(row: TermsRow): CampaignTerms {
  return {
    campaignId: row.id,
    advertiserId: row.advertiser_id,
    timeZone: row.time_zone,
    currency: row.currency,
    totalMicros: row.total_budget_micros === null ? null : BigInt(row.total_budget_micros),
    dailyMicros: row.daily_budget_micros === null ? null : BigInt(row.daily_budget_micros),
    adGroupDailyMicros: new Map(Object.entries(row.ad_groups).map(([id, micros]) => [id, BigInt(micros)])),
  };
}

/** What was charged to one campaign before: in all, and by day and ad group for the given days. */
export interface CampaignSpend {
  readonly totalMicros: bigint;
  readonly byAdGroupDay: ReadonlyMap<AdGroupDay, bigint>;
  readonly byDay: ReadonlyMap<string, bigint>;
}

/**
 * What was charged to campaigns before; under the lock on the advertiser's account, which every settlement takes first,
 * nothing is spent meanwhile. Parameters: $1 the campaigns, $2 the days.
 */
export async function readSpends(
  tx: EntityManager,
  campaignIds: readonly string[],
  days: readonly string[],
): Promise<(campaignId: string) => CampaignSpend> {
  const rows = await tx.query<{ campaign_id: string; ad_group_id: string; day: string; spent_micros: string }[]>(
    `SELECT campaign_id, ad_group_id, day::text AS day, spent_micros::text FROM daily_spend
     WHERE campaign_id = ANY($1) AND day = ANY($2::date[])`,
    [campaignIds, days],
  );
  const sums = await tx.query<{ campaign_id: string; total: string }[]>(
    `SELECT campaign_id, sum(spent_micros)::text AS total FROM daily_spend
     WHERE campaign_id = ANY($1) GROUP BY campaign_id`,
    [campaignIds],
  );
  const totals = new Map(sums.map(({ campaign_id, total }) => [campaign_id, BigInt(total)]));
  const rowsOf = groupBy(rows, (row) => row.campaign_id);
  return (campaignId) => {
    const byAdGroupDay = new Map<AdGroupDay, bigint>();
    const byDay = new Map<string, bigint>(days.map((day) => [day, 0n]));
    for (const { ad_group_id, day, spent_micros } of rowsOf.get(campaignId) ?? []) {
      byAdGroupDay.set(adGroupDay(ad_group_id, day), BigInt(spent_micros));
      byDay.set(day, (byDay.get(day) ?? 0n) + BigInt(spent_micros));
    }
    return { totalMicros: totals.get(campaignId) ?? 0n, byAdGroupDay, byDay };
  };
}

/** What is left of each limit for charges of these days and ad groups. */
export function remainingMoney(
  terms: CampaignTerms,
  spend: CampaignSpend,
  balance: bigint,
  charges: readonly { readonly adGroupId: string; readonly day: string }[],
): RemainingMoney {
  const { totalMicros, dailyMicros, adGroupDailyMicros } = terms;
  const adGroupDaily = new Map<AdGroupDay, bigint>();
  for (const { adGroupId, day } of charges) {
    const limit = adGroupDailyMicros.get(adGroupId);
    const key = adGroupDay(adGroupId, day);
    if (limit !== undefined) adGroupDaily.set(key, limit - (spend.byAdGroupDay.get(key) ?? 0n));
  }
  return {
    balance,
    total: totalMicros === null ? null : totalMicros - spend.totalMicros,
    daily: dailyMicros === null ? null : new Map([...spend.byDay].map(([day, spent]) => [day, dailyMicros - spent])),
    adGroupDaily,
  };
}
