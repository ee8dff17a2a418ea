/** Fills a migrated database with a market, past the API: a hundred thousand ad groups take a minute that way. */
import pg from 'pg';
import { formatDayParts } from '../../../src/core/calendar/day-parts.js';
import type { AdGroupRecord } from '../../../src/core/index/ad-group-record.js';
import { formatTargeting } from '../../../src/core/targeting/format-targeting.js';
import type { OnProgress } from '../../../src/commands/progress.js';
import { Market, SEGMENTS, WON } from '../market.js';

const ROWS_A_STATEMENT = 5_000;
const AD_GROUPS_A_CAMPAIGN = 4;
const BALANCE_MICROS = 1_000_000_000 * WON;

export interface SeedSize {
  readonly adGroups: number;
  readonly profiles: number;
}

export async function seed(databaseUrl: string, size: SeedSize, now: number, onProgress: OnProgress): Promise<void> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  const market = new Market('bench http', now);
  await client.query(
    `INSERT INTO segments (id, name, updated_at) SELECT id, jsonb_build_object('en', id), now() FROM unnest($1::text[]) AS id`,
    [SEGMENTS],
  );
  await seedAdGroups(client, market, size.adGroups, onProgress);
  await seedProfiles(client, market, size.profiles, onProgress);
  await client.query('ANALYZE');
  await client.end();
}

async function seedAdGroups(client: pg.Client, market: Market, count: number, onProgress: OnProgress): Promise<void> {
  for (let from = 0; from < count; from += ROWS_A_STATEMENT) {
    const records = Array.from({ length: Math.min(ROWS_A_STATEMENT, count - from) }, (_, i) =>
      market.adGroup(from + i),
    );
    const campaigns = records.filter((_, i) => i % AD_GROUPS_A_CAMPAIGN === 0);
    await insert(client, 'advertisers', 'ON CONFLICT DO NOTHING', campaigns.map(toAdvertiser));
    await insert(client, 'prepaid_accounts', 'ON CONFLICT DO NOTHING', campaigns.map(toAccount));
    await insert(client, 'campaigns', '', campaigns.map(toCampaign));
    await insert(client, 'ad_groups', '', records.map(toAdGroup));
    await insert(client, 'creatives', '', records.map(toCreative));
    onProgress('Ad groups', from + records.length, count);
  }
}

async function seedProfiles(client: pg.Client, market: Market, count: number, onProgress: OnProgress): Promise<void> {
  for (let from = 0; from < count; from += ROWS_A_STATEMENT) {
    const rows = Array.from({ length: Math.min(ROWS_A_STATEMENT, count - from) }, (_, i) =>
      toProfile(market, from + i),
    );
    await insert(client, 'profiles', '', rows);
    onProgress('Profiles', from + rows.length, count);
  }
}

/** Columns by the names in the rows; those that are not told have their defaults. */
async function insert(client: pg.Client, table: string, suffix: string, rows: readonly object[]): Promise<void> {
  const columns = Object.keys(rows[0] ?? {}).join(', ');
  await client.query(
    `INSERT INTO ${table} (${columns}) SELECT ${columns} FROM jsonb_populate_recordset(null::${table}, $1) ${suffix}`,
    [JSON.stringify(rows)],
  );
}

const stamps = { version: 1, created_at: '2026-01-01', updated_at: '2026-01-01' };

function toAdvertiser({ advertiserId, currency, timeZone }: AdGroupRecord): object {
  return { id: advertiserId, name: advertiserId, currency, time_zone: timeZone, ...stamps };
}

function toAccount({ advertiserId }: AdGroupRecord): object {
  return { advertiser_id: advertiserId, balance_micros: BALANCE_MICROS };
}

function toCampaign(record: AdGroupRecord): object {
  return {
    id: record.campaignId,
    advertiser_id: record.advertiserId,
    name: record.campaignId,
    status: 'active',
    starts_at: new Date(record.startsAt),
    ends_at: record.endsAt === null ? null : new Date(record.endsAt),
    daily_budget_micros: record.budgets.campaignDailyMicros,
    pacing: record.pacing,
    frequency_caps: [],
    ...stamps,
  };
}

function toAdGroup(record: AdGroupRecord): object {
  return {
    id: record.id,
    campaign_id: record.campaignId,
    name: record.id,
    targeting: formatTargeting(record.targeting),
    bid_model: record.bid.model,
    bid_micros: record.bid.amountMicros,
    frequency_caps: record.adGroupCaps,
    day_parts: record.dayParts === null ? null : formatDayParts(record.dayParts),
    ...stamps,
  };
}

function toCreative({ id, creatives }: AdGroupRecord): object {
  const [creative] = creatives;
  return {
    id: creative?.id,
    ad_group_id: id,
    sender_name: creative?.senderName,
    title: creative?.title,
    body: creative?.body,
    image_url: creative?.imageUrl,
    call_to_action: creative?.callToAction,
    landing_url: creative?.landingUrl,
    status: 'approved',
    ...stamps,
  };
}

function toProfile(market: Market, i: number): object {
  const { age, ...facts } = market.memberFacts();
  return {
    user_id: memberId(i),
    interests: Object.fromEntries(market.interests()),
    birth_year: 2026 - age,
    country: 'KR',
    time_zone: 'Asia/Seoul',
    attributes: {},
    consent_personalized: true,
    consent_night_time: true,
    muted_advertisers: [],
    ...facts,
    ...stamps,
  };
}

export function memberId(i: number): string {
  return `member-${String(i).padStart(8, '0')}`;
}
