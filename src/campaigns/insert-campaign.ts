import type { EntityManager } from 'typeorm';
import type { AdGroupRow } from './ad-group-row.js';
import type { CampaignRow } from './campaign-row.js';
import type { CreativeRow } from './creative-row.js';

/** Inserts of whole rows, many in one statement: $1 is a JSON array of them, whose keys are the columns' names. */
export async function insertCampaign(tx: EntityManager, row: CampaignRow): Promise<void> {
  await tx.query(
    `INSERT INTO campaigns (id, advertiser_id, name, status, starts_at, ends_at, total_budget_micros,
       daily_budget_micros, pacing, frequency_caps, categories, version, created_at, updated_at)
     SELECT id, advertiser_id, name, status, starts_at, ends_at, total_budget_micros,
       daily_budget_micros, pacing, frequency_caps, categories, version, created_at, updated_at
     FROM jsonb_populate_recordset(NULL::campaigns, $1::jsonb)`,
    [JSON.stringify([row])],
  );
}

export async function insertAdGroups(tx: EntityManager, rows: readonly AdGroupRow[]): Promise<void> {
  if (rows.length === 0) return;
  await tx.query(
    `INSERT INTO ad_groups (id, campaign_id, name, targeting, bid_model, bid_micros, frequency_caps,
       daily_budget_micros, day_parts, version, created_at, updated_at)
     SELECT id, campaign_id, name, targeting, bid_model, bid_micros, frequency_caps,
       daily_budget_micros, day_parts, version, created_at, updated_at
     FROM jsonb_populate_recordset(NULL::ad_groups, $1::jsonb)`,
    [JSON.stringify(rows)],
  );
}

export async function insertCreatives(tx: EntityManager, rows: readonly CreativeRow[]): Promise<void> {
  if (rows.length === 0) return;
  await tx.query(
    `INSERT INTO creatives (id, ad_group_id, sender_name, title, body, image_url, call_to_action, landing_url,
       language, frequency_caps, status, rejection_reason, version, created_at, updated_at)
     SELECT id, ad_group_id, sender_name, title, body, image_url, call_to_action, landing_url,
       language, frequency_caps, status, rejection_reason, version, created_at, updated_at
     FROM jsonb_populate_recordset(NULL::creatives, $1::jsonb)`,
    [JSON.stringify(rows)],
  );
}
