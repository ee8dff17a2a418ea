import pg from 'pg';

/** What Postgres holds when calm has come, read in one piece. Money is micros as bigint, times epoch ms. */
export interface StoredEvent {
  readonly key: string;
  readonly messageId: string;
  readonly type: string;
  readonly memberId: string;
  readonly advertiserId: string;
  readonly campaignId: string;
  readonly adGroupId: string;
  readonly creativeId: string;
  readonly placement: string;
  readonly priceMicros: bigint;
  readonly occurredAt: number;
  readonly outcome: string;
  readonly isSettled: boolean;
}

export interface StoredReportRow {
  readonly creativeId: string;
  readonly impressions: number;
  readonly clicks: number;
  readonly spendMicros: bigint;
}

export interface StoredCharge {
  readonly campaignId: string;
  readonly adGroupId: string;
  /** 'YYYY-MM-DD': the day that pays for it. */
  readonly day: string;
  readonly amountMicros: bigint;
  /** When its settlement had the lock on the account, by the worker's clock, and had not read the budget yet. */
  readonly createdAt: number;
  /** By the database's clock. */
  readonly enteredAt: number;
}

/** As the API takes them; the oracle of caps reads them in its own way. */
export interface StoredCap {
  readonly limit: number;
  readonly window: 'lifetime' | { readonly length: number; readonly unit: string; readonly kind: string };
}

export interface StoredCampaign {
  readonly id: string;
  readonly name: string;
  readonly advertiserId: string;
  readonly timeZone: string;
  readonly pacing: string;
  readonly totalMicros: bigint | null;
  readonly dailyMicros: bigint | null;
}

export interface StoredAdGroup {
  readonly id: string;
  readonly campaignId: string;
  readonly dailyMicros: bigint | null;
  /** What one impression may cost at the most; null where clicks are paid. */
  readonly dearestMicros: bigint | null;
}

export const CAP_SCOPES = ['creative', 'ad group', 'campaign', 'advertiser', 'placement'] as const;
export type CapScope = (typeof CAP_SCOPES)[number];

/** Something that has caps; its calendar days are those of the zone. */
export interface StoredCapped {
  readonly scope: CapScope;
  readonly id: string;
  readonly timeZone: string;
  readonly caps: readonly StoredCap[];
}

export interface StoredAccount {
  readonly advertiserId: string;
  readonly balanceMicros: bigint;
  readonly creditMicros: bigint;
  /** The sum of the ledger's entries on its prepaid account. */
  readonly ledgerMicros: bigint;
}

export interface Stored {
  readonly unsettledBatches: number;
  readonly events: readonly StoredEvent[];
  readonly reportRows: readonly StoredReportRow[];
  readonly charges: readonly StoredCharge[];
  /** By campaign, ad group and day. */
  readonly dailySpendMicros: ReadonlyMap<string, bigint>;
  readonly campaigns: readonly StoredCampaign[];
  readonly adGroups: readonly StoredAdGroup[];
  readonly capped: readonly StoredCapped[];
  readonly accounts: readonly StoredAccount[];
  readonly ledgerSumMicros: bigint;
}

export async function readStored(databaseUrl: string): Promise<Stored> {
  const client = new pg.Client({ connectionString: databaseUrl });
  await client.connect();
  try {
    await client.query('BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY');
    const rows = async <T>(sql: string): Promise<T[]> => (await client.query(sql)).rows as T[];
    const [sums] = await rows<{ unsettled: string; ledger: string }>(`
      SELECT (SELECT count(*)::text FROM event_batches WHERE settled_at IS NULL) AS unsettled,
             (SELECT coalesce(sum(amount_micros), 0)::text FROM ledger_entries) AS ledger`);
    const spends = await rows<{ key: string; spent: string }>(`
      SELECT concat_ws(' ', campaign_id, ad_group_id, day) AS key, sum(spent_micros)::text AS spent FROM daily_spend
      GROUP BY 1`);
    return {
      unsettledBatches: Number(sums?.unsettled),
      ledgerSumMicros: BigInt(sums?.ledger ?? 0),
      dailySpendMicros: new Map(spends.map(({ key, spent }) => [key, BigInt(spent)])),
      events: (await rows<EventRow>(EVENTS)).map(toEvent),
      reportRows: (await rows<ReportRow>(REPORT_ROWS)).map((row) => ({ ...row, spendMicros: BigInt(row.spend) })),
      charges: (await rows<ChargeRow>(CHARGES)).map((row) => ({ ...row, amountMicros: BigInt(row.amount) })),
      campaigns: (await rows<BudgetRow & StoredCampaign>(CAMPAIGNS)).map(withBudgets),
      adGroups: (await rows<AdGroupRow>(AD_GROUPS)).map(toAdGroup),
      capped: await rows<StoredCapped>(CAPPED),
      accounts: (await rows<AccountRow>(ACCOUNTS)).map((row) => ({
        advertiserId: row.advertiserId,
        balanceMicros: BigInt(row.balance),
        creditMicros: BigInt(row.credits),
        ledgerMicros: BigInt(row.ledger),
      })),
    };
  } finally {
    await client.end();
  }
}

type EventRow = Omit<StoredEvent, 'key' | 'priceMicros'> & { readonly eventId: string; readonly price: string };
type ReportRow = Omit<StoredReportRow, 'spendMicros'> & { readonly spend: string };
type ChargeRow = Omit<StoredCharge, 'amountMicros'> & { readonly amount: string };

interface BudgetRow {
  readonly total: string | null;
  readonly daily: string | null;
}

interface AdGroupRow {
  readonly id: string;
  readonly campaignId: string;
  readonly daily: string | null;
  readonly dearest: string | null;
}

interface AccountRow {
  readonly advertiserId: string;
  readonly balance: string;
  readonly credits: string;
  readonly ledger: string;
}

const EVENTS = `
  SELECT e.message_id AS "messageId", e.type, e.event_id AS "eventId", e.member_id AS "memberId",
         e.advertiser_id AS "advertiserId", e.placement, e.campaign_id AS "campaignId",
         e.ad_group_id AS "adGroupId", e.creative_id AS "creativeId",
         e.price_micros::text AS price, (extract(epoch FROM e.occurred_at) * 1000)::float8 AS "occurredAt", e.outcome,
         coalesce(b.settled_at IS NOT NULL, false) AS "isSettled"
  FROM events e LEFT JOIN event_batches b ON b.id = e.batch_id`;

const REPORT_ROWS = `
  SELECT creative_id AS "creativeId", sum(impressions)::integer AS impressions, sum(clicks)::integer AS clicks,
         sum(spend_micros)::text AS spend
  FROM report_rows GROUP BY 1`;

const CHARGES = `
  SELECT campaign_id AS "campaignId", ad_group_id AS "adGroupId", day::text AS day, amount_micros::text AS amount,
         (extract(epoch FROM created_at) * 1000)::float8 AS "createdAt",
         (extract(epoch FROM entered_at) * 1000)::float8 AS "enteredAt"
  FROM ledger_transfers WHERE kind = 'charge'`;

const CAMPAIGNS = `
  SELECT c.id, c.name, c.advertiser_id AS "advertiserId", a.time_zone AS "timeZone", c.pacing,
         c.total_budget_micros::text AS total, c.daily_budget_micros::text AS daily
  FROM campaigns c JOIN advertisers a ON a.id = c.advertiser_id`;

const AD_GROUPS = `
  SELECT id, campaign_id AS "campaignId", daily_budget_micros::text AS daily,
         CASE bid_model WHEN 'cpm' THEN (bid_micros / 1000)::text END AS dearest
  FROM ad_groups`;

const CAPPED = `
  SELECT * FROM (
    SELECT 'creative' AS scope, r.id, a.time_zone AS "timeZone", r.frequency_caps AS caps
    FROM creatives r JOIN ad_groups g ON g.id = r.ad_group_id JOIN campaigns c ON c.id = g.campaign_id
    JOIN advertisers a ON a.id = c.advertiser_id
    UNION ALL
    SELECT 'ad group', g.id, a.time_zone, g.frequency_caps
    FROM ad_groups g JOIN campaigns c ON c.id = g.campaign_id JOIN advertisers a ON a.id = c.advertiser_id
    UNION ALL
    SELECT 'campaign', c.id, a.time_zone, c.frequency_caps FROM campaigns c JOIN advertisers a ON a.id = c.advertiser_id
    UNION ALL
    SELECT 'advertiser', id, time_zone, frequency_caps FROM advertisers
    UNION ALL
    SELECT 'placement', id, 'UTC', frequency_caps FROM placements) AS every
  WHERE caps <> '[]'`;

const ACCOUNTS = `
  SELECT p.advertiser_id AS "advertiserId", p.balance_micros::text AS balance,
         (SELECT coalesce(sum(amount_micros), 0)::text FROM ledger_transfers t
          WHERE t.advertiser_id = p.advertiser_id AND t.kind = 'credit') AS credits,
         (SELECT coalesce(sum(amount_micros), 0)::text FROM ledger_entries l
          WHERE l.account = 'prepaid:' || p.advertiser_id) AS ledger
  FROM prepaid_accounts p`;

function toEvent({ eventId, price, ...row }: EventRow): StoredEvent {
  return { ...row, key: `${row.messageId} ${row.type} ${eventId}`, priceMicros: BigInt(price) };
}

function withBudgets<T extends BudgetRow>(row: T): T & { totalMicros: bigint | null; dailyMicros: bigint | null } {
  return { ...row, totalMicros: toMicros(row.total), dailyMicros: toMicros(row.daily) };
}

function toAdGroup({ id, campaignId, daily, dearest }: AdGroupRow): StoredAdGroup {
  return { id, campaignId, dailyMicros: toMicros(daily), dearestMicros: toMicros(dearest) };
}

function toMicros(text: string | null): bigint | null {
  return text === null ? null : BigInt(text);
}
