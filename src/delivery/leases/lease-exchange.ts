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
import { readSpends, readTerms } from '../settlement/budgets.js';

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
 * that less is granted than could be, never more.
 */
async function readMoneyLeft(tx: EntityManager, wants: readonly ClaimWant[], now: number): Promise<MoneyLeft> {
  const advertiserIds = [...new Set(wants.map((want) => want.advertiserId))];
  const campaignIds = [...new Set(wants.map((want) => want.campaignId))];
  await lockOut(tx, advertiserIds);
  const claims = await readClaims(tx, advertiserIds);
  const terms = await readTerms(tx, campaignIds);
  const days = [...terms.values()].map(({ timeZone }) => localDate(now, timeZone));
  const spends = await readSpends(tx, campaignIds, [...new Set(days)]);
  const left: MoneyLeft = {
    byAdvertiser: await readBalances(tx, advertiserIds),
    byCampaign: new Map(),
    byAdGroup: new Map(),
  };
  for (const [campaignId, term] of terms) {
    const spend = spends(campaignId);
    const day = localDate(now, term.timeZone);
    const total = term.totalMicros === null ? Infinity : Number(term.totalMicros - spend.totalMicros);
    const daily = term.dailyMicros === null ? Infinity : Number(term.dailyMicros - (spend.byDay.get(day) ?? 0n));
    if (total !== Infinity || daily !== Infinity) left.byCampaign.set(campaignId, Math.min(total, daily));
    for (const [adGroupId, limit] of term.adGroupDailyMicros) {
      left.byAdGroup.set(adGroupId, Number(limit - (spend.byAdGroupDay.get(adGroupDay(adGroupId, day)) ?? 0n)));
    }
  }
  for (const { ad_group_id, campaign_id, advertiser_id, claimed_micros } of claims) {
    lower(left.byAdvertiser, advertiser_id, claimed_micros);
    lower(left.byCampaign, campaign_id, claimed_micros);
    lower(left.byAdGroup, ad_group_id, claimed_micros);
  }
  return left;
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

interface ClaimRow {
  readonly ad_group_id: string;
  readonly campaign_id: string;
  readonly advertiser_id: string;
  readonly claimed_micros: number;
}

/** Of all holders, the dead included. $1: advertisers. */
async function readClaims(tx: EntityManager, advertiserIds: readonly string[]): Promise<readonly ClaimRow[]> {
  return tx.query<ClaimRow[]>(
    `SELECT ad_group_id, campaign_id, advertiser_id, sum(claimed_micros)::bigint AS claimed_micros
     FROM budget_leases WHERE advertiser_id = ANY($1) GROUP BY ad_group_id, campaign_id, advertiser_id`,
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
