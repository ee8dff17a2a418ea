import type { EntityManager } from 'typeorm';
import { localDate } from '../../core/calendar/local-day.js';
import { invariant } from '../../core/invariant-violation.js';
import { type AdGroupDay, allocateCharges, type Charge } from '../../core/pacing/allocate-charges.js';
import { groupBy } from '../../platform/group-by.js';
import { newId } from '../../platform/ids.js';
import type { SettlingEvent } from './batch-events.js';
import { type CampaignTerms, readSpend, readTerms, remainingMoney } from './budgets.js';

/** An event's key inside a batch. */
export function eventKey(event: SettlingEvent): string {
  return `${event.messageId} ${event.type} ${event.eventId}`;
}

/** The batch that is settled, and what its advertisers have left; the balances fall as campaigns are charged. */
export interface SettlingBatch {
  readonly batchId: string;
  readonly now: number;
  readonly balances: Map<string, bigint>;
}

/**
 * Locks the accounts of a batch's advertisers, in the order of their ids, so that settlements queue up instead of
 * deadlocking; answers their balances. `batchId`: $1.
 */
export async function lockBalances(tx: EntityManager, batchId: string): Promise<Map<string, bigint>> {
  const rows = await tx.query<{ advertiser_id: string; balance: string }[]>(
    `SELECT advertiser_id, balance_micros::text AS balance FROM prepaid_accounts
     WHERE advertiser_id IN (SELECT advertiser_id FROM events WHERE batch_id = $1)
     ORDER BY advertiser_id FOR NO KEY UPDATE`,
    [batchId],
  );
  return new Map(rows.map((row) => [row.advertiser_id, BigInt(row.balance)]));
}

/**
 * Charges events to their campaigns: what a budget or the balance no longer covers is not charged. Needs the lock of
 * `lockBalances`. Answers the keys of the events that found no money.
 */
export async function settleCharges(
  tx: EntityManager,
  batch: SettlingBatch,
  events: readonly SettlingEvent[],
): Promise<ReadonlySet<string>> {
  const byCampaign = groupBy(
    events.filter((event) => event.priceMicros > 0),
    (event) => event.campaignId,
  );
  const terms = await readTerms(tx, [...byCampaign.keys()]);
  const refused = new Set<string>();
  for (const [campaignId, campaignEvents] of byCampaign) {
    const campaignTerms = terms.get(campaignId);
    invariant(campaignTerms !== undefined, 'an event names a campaign that is there');
    for (const id of await chargeCampaign(tx, batch, campaignTerms, campaignEvents)) refused.add(id);
  }
  return refused;
}

/** Answers the keys of the events that found no money. */
async function chargeCampaign(
  tx: EntityManager,
  batch: SettlingBatch,
  terms: CampaignTerms,
  events: readonly SettlingEvent[],
): Promise<readonly string[]> {
  const charges: Charge[] = events.map((event) => ({
    id: eventKey(event),
    priceMicros: event.priceMicros,
    day: localDate(event.occurredAt, terms.timeZone),
    adGroupId: event.adGroupId,
  }));
  const balance = batch.balances.get(terms.advertiserId) ?? 0n;
  const spend = await readSpend(tx, terms.campaignId, [...new Set(charges.map((charge) => charge.day))]);
  const { refused, totals } = allocateCharges(charges, remainingMoney(terms, spend, balance, charges));
  if (totals.chargedMicros > 0n) {
    batch.balances.set(terms.advertiserId, balance - totals.chargedMicros);
    await takeFromBalance(tx, terms.advertiserId, totals.chargedMicros);
    await writeCharges(tx, batch, terms, totals.byAdGroupDay);
  }
  return refused.map(({ id }) => id);
}

async function takeFromBalance(tx: EntityManager, advertiserId: string, micros: bigint): Promise<void> {
  const [, changed] = await tx.query<[unknown[], number]>(
    `UPDATE prepaid_accounts SET balance_micros = balance_micros - $2::bigint, changed_xid = pg_current_xact_id()
     WHERE advertiser_id = $1 AND balance_micros >= $2::bigint`,
    [advertiserId, micros.toString()],
  );
  invariant(changed === 1, 'a charge that was allotted fits the balance that is locked');
}

async function writeCharges(
  tx: EntityManager,
  { batchId, now }: SettlingBatch,
  { campaignId, advertiserId, currency }: CampaignTerms,
  charged: ReadonlyMap<AdGroupDay, bigint>,
): Promise<void> {
  const rows = [...charged].map(([key, micros]) => [...key.split('|'), micros.toString()]);
  const columns = [0, 1, 2].map((column) => rows.map((row) => row[column]));
  await tx.query(
    `INSERT INTO daily_spend (campaign_id, ad_group_id, day, spent_micros)
     SELECT $1, * FROM unnest($2::text[], $3::date[], $4::bigint[])
     ON CONFLICT (campaign_id, day, ad_group_id) DO UPDATE
     SET spent_micros = daily_spend.spent_micros + excluded.spent_micros, changed_xid = pg_current_xact_id()`,
    [campaignId, ...columns],
  );
  await tx.query(
    `INSERT INTO ledger_transfers (id, kind, advertiser_id, debit_account, credit_account, amount_micros, currency,
                                   reference, campaign_id, ad_group_id, day, created_at)
     SELECT id, 'charge', $1, 'prepaid:' || $1::text, 'revenue:' || $2::text, micros, $2,
            $3::text || ':' || ad_group_id || ':' || day, $4, ad_group_id, day, $5
     FROM unnest($6::text[], $7::text[], $8::date[], $9::bigint[]) AS charge (id, ad_group_id, day, micros)`,
    [advertiserId, currency, batchId, campaignId, new Date(now), rows.map(() => newId('transfer')), ...columns],
  );
}
