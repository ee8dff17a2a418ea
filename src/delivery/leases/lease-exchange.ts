import { Injectable } from '@nestjs/common';
import { InjectDataSource } from '@nestjs/typeorm';
import { DataSource, type EntityManager } from 'typeorm';
import { localDate } from '../../core/calendar/local-day.js';
import {
  allotClaims,
  type ClaimGrant,
  type ClaimShortage,
  type ClaimWant,
  type MoneyLeft,
} from '../../core/pacing/allot-claims.js';
import { adGroupDay } from '../../core/pacing/allocate-charges.js';
import { groupBy } from '../../platform/group-by.js';
import { type CampaignSpend, type CampaignTerms, readSpends, readTerms } from '../settlement/budgets.js';

/** What a holder's claim on one ad group is to be, and what more it asks for. */
export interface LeaseChange {
  readonly adGroupId: string;
  readonly campaignId: string;
  readonly advertiserId: string;
  /** What it has now, in micros; at most what it had, so that it may be written as it is. */
  readonly claimedMicros: number;
  /** 0: nothing more. */
  readonly wantedMicros: number;
  readonly leastMicros: number;
  readonly shortage: ClaimShortage | null;
}

/** Exchanges of advertisers with the same bucket come one after the other. */
const LOCK_BUCKETS = 256;
/** Keeps these advisory locks apart from others of the product. */
const LOCK_SPACE = 7_301;

/** The claims of all holders in Postgres: lowered as told, raised within what spend and all claims leave. */
@Injectable()
export class LeaseExchange {
  constructor(@InjectDataSource() private readonly dataSource: DataSource) {}

  /**
   * Writes the changes of one holder; `now` (epoch ms) tells the local days whose budgets count. Answers what was granted to
   * those who asked.
   */
  async exchange(holder: number, changes: readonly LeaseChange[], now: number): Promise<readonly ClaimGrant[]> {
    return this.dataSource.transaction(async (tx) => {
      const wants = changes.filter(({ wantedMicros }) => wantedMicros > 0);
      const grants =
        wants.length === 0 ? [] : allotClaims(wants, await readMoneyLeft(tx, wants, now), await countHolders(tx));
      await writeClaims(tx, holder, changes, grants);
      return grants;
    });
  }

  /** Ids of whose money lacks to some ad group of some holder that lives: ad groups, campaigns and advertisers. */
  async wanted(): Promise<ReadonlySet<string>> {
    const rows = await this.dataSource.query<{ id: string }[]>(
      `SELECT DISTINCT CASE shortage WHEN 'ad_group_budget' THEN ad_group_id WHEN 'budget' THEN campaign_id
                                      ELSE advertiser_id END AS id
       FROM budget_leases JOIN lease_holders ON lease_holders.id = holder
       WHERE shortage IS NOT NULL AND alive_until > clock_timestamp()`,
    );
    return new Set(rows.map(({ id }) => id));
  }
}

/**
 * Claims are read before spend: of a charge that is settled meanwhile, and whose claim is lowered after it, both count, so
 * that less is granted than could be, never more. So do a claim and the parked charge in whose favour it is lowered.
 */
async function readMoneyLeft(tx: EntityManager, wants: readonly ClaimWant[], now: number): Promise<MoneyLeft> {
  const advertiserIds = [...new Set(wants.map((want) => want.advertiserId))];
  const campaignIds = [...new Set(wants.map((want) => want.campaignId))];
  await lockOut(tx, advertiserIds);
  const bound = await readBound(tx, advertiserIds);
  const boundOf = groupBy(bound, ({ campaign_id }) => campaign_id);
  const terms = await readTerms(tx, campaignIds);
  const days = [...terms.values()].map(({ timeZone }) => localDate(now, timeZone));
  const spends = await readSpends(tx, campaignIds, [...new Set(days)]);
  const byAdvertiser = await readBalances(tx, advertiserIds);
  for (const { advertiser_id, micros } of bound) lower(byAdvertiser, advertiser_id, micros);
  const left: MoneyLeft = { byAdvertiser, byCampaign: new Map(), byAdGroup: new Map() };
  for (const [campaignId, term] of terms) {
    addCampaign(left, term, spends(campaignId), boundOf.get(campaignId) ?? [], localDate(now, term.timeZone));
  }
  return left;
}

/** What the campaign's own limits leave on that day, and those of its ad groups. */
function addCampaign(
  left: MoneyLeft,
  { campaignId, totalMicros, dailyMicros, adGroupDailyMicros }: CampaignTerms,
  spend: CampaignSpend,
  bound: readonly BoundRow[],
  today: string,
): void {
  const boundToday = bound.filter(({ day }) => day === null || day === today);
  const leftOf = (limit: bigint | null, spent: bigint, rows: readonly BoundRow[]): number =>
    limit === null ? Infinity : rows.reduce((sum, { micros }) => sum - micros, Number(limit - spent));
  const total = leftOf(totalMicros, spend.totalMicros, bound);
  const daily = leftOf(dailyMicros, spend.byDay.get(today) ?? 0n, boundToday);
  if (total !== Infinity || daily !== Infinity) left.byCampaign.set(campaignId, Math.min(total, daily));
  for (const [adGroupId, limit] of adGroupDailyMicros) {
    left.byAdGroup.set(adGroupId, leftOf(limit, spend.byAdGroupDay.get(adGroupDay(adGroupId, today)) ?? 0n, []));
  }
  for (const { ad_group_id, micros } of boundToday) lower(left.byAdGroup, ad_group_id, micros);
}

/** Those that live, at least the one that asks. */
async function countHolders(tx: EntityManager): Promise<number> {
  const [row] = await tx.query<{ alive: number }[]>(
    'SELECT count(*)::integer AS alive FROM lease_holders WHERE alive_until > clock_timestamp()',
  );
  return Math.max(1, row?.alive ?? 1);
}

function lower(left: Map<string, number>, id: string, micros: number): void {
  const before = left.get(id);
  if (before !== undefined) left.set(id, before - micros);
}

/** Until the end of the transaction. In ascending order, so that two exchanges never wait for each other in a circle. */
async function lockOut(tx: EntityManager, advertiserIds: readonly string[]): Promise<void> {
  await tx.query(
    `SELECT pg_advisory_xact_lock($2, bucket) FROM (
       SELECT DISTINCT abs(hashtext(id) % $3) AS bucket FROM unnest($1::text[]) AS id ORDER BY bucket
     ) AS buckets`,
    [advertiserIds, LOCK_SPACE, LOCK_BUCKETS],
  );
}

interface BoundRow {
  readonly ad_group_id: string;
  readonly campaign_id: string;
  readonly advertiser_id: string;
  /** The local day that it counts against, 'YYYY-MM-DD'; null: whichever day it is. */
  readonly day: string | null;
  readonly micros: number;
}

/**
 * Claims of all holders, the dead included, and what parked batches will cost: in one snapshot, since a claim is lowered by what
 * was parked. $1: advertisers.
 */
async function readBound(tx: EntityManager, advertiserIds: readonly string[]): Promise<readonly BoundRow[]> {
  return tx.query<BoundRow[]>(
    `SELECT ad_group_id, campaign_id, advertiser_id, NULL AS day, sum(claimed_micros)::bigint AS micros
     FROM budget_leases WHERE advertiser_id = ANY($1) GROUP BY ad_group_id, campaign_id, advertiser_id
     UNION ALL
     SELECT ad_group_id, campaign_id, advertiser_id, day::text, sum(amount_micros)::bigint
     FROM parked_charges WHERE advertiser_id = ANY($1) AND settled_at IS NULL
     GROUP BY ad_group_id, campaign_id, advertiser_id, day`,
    [advertiserIds],
  );
}

async function readBalances(tx: EntityManager, advertiserIds: readonly string[]): Promise<Map<string, number>> {
  const rows = await tx.query<{ advertiser_id: string; balance_micros: number }[]>(
    'SELECT advertiser_id, balance_micros FROM prepaid_accounts WHERE advertiser_id = ANY($1)',
    [advertiserIds],
  );
  const balances = new Map(advertiserIds.map((id) => [id, 0]));
  for (const { advertiser_id, balance_micros } of rows) balances.set(advertiser_id, balance_micros);
  return balances;
}

/** $1 holder; $2 to $6: lists, one entry a claim. */
async function writeClaims(
  tx: EntityManager,
  holder: number,
  changes: readonly LeaseChange[],
  grants: readonly ClaimGrant[],
): Promise<void> {
  const grantOf = new Map(grants.map((grant) => [grant.adGroupId, grant]));
  await tx.query(
    `INSERT INTO budget_leases AS lease (holder, ad_group_id, campaign_id, advertiser_id, claimed_micros, shortage)
     SELECT $1, * FROM unnest($2::text[], $3::text[], $4::text[], $5::bigint[], $6::text[])
     ON CONFLICT (holder, ad_group_id) DO UPDATE
     SET claimed_micros = excluded.claimed_micros, shortage = excluded.shortage
     WHERE (lease.claimed_micros, lease.shortage) IS DISTINCT FROM (excluded.claimed_micros, excluded.shortage)`,
    [
      holder,
      changes.map((change) => change.adGroupId),
      changes.map((change) => change.campaignId),
      changes.map((change) => change.advertiserId),
      changes.map((change) => change.claimedMicros + (grantOf.get(change.adGroupId)?.grantedMicros ?? 0)),
      changes.map((change) => {
        const grant = grantOf.get(change.adGroupId);
        return grant === undefined ? change.shortage : grant.shortage;
      }),
    ],
  );
}
