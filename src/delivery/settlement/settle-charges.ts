import type { EntityManager } from 'typeorm';
import { localDate } from '../../core/calendar/local-day.js';
import { invariant } from '../../core/invariant-violation.js';
import { adGroupDay, allocateCharges, type Charge } from '../../core/pacing/allocate-charges.js';
import { decidedMinute } from '../../core/pacing/promise-book.js';
import { groupBy } from '../../platform/group-by.js';
import { newId } from '../../platform/ids.js';
import type { SettlingEvent } from './batch-events.js';
import { type CampaignSpend, type CampaignTerms, readSpends, readTerms, remainingMoney } from './budgets.js';

/** An event's key among those that are settled. */
export function eventKey(event: SettlingEvent): string {
  return `${event.messageId} ${event.type} ${event.eventId}`;
}

/** Nearly always, nobody is among the exceptions: then no key is made. */
export function isAmong(
  event: SettlingEvent,
  exceptions: { readonly size: number; has(key: string): boolean },
): boolean {
  return exceptions.size > 0 && exceptions.has(eventKey(event));
}

/** What is settled, and what its advertisers have left; the balances fall as campaigns are charged. */
export interface SettlingBatch {
  /** The batch, or the first of several: the transfers refer to it. */
  readonly batchId: string;
  readonly now: number;
  readonly balances: Map<string, bigint>;
}

/**
 * Locks the accounts of the batches' advertisers, in the order of their ids, so that settlements queue up instead of
 * deadlocking; answers their balances. `batchIds`: $1.
 */
export async function lockBalances(tx: EntityManager, batchIds: readonly string[]): Promise<Map<string, bigint>> {
  const rows = await tx.query<{ advertiser_id: string; balance: string }[]>(
    `SELECT advertiser_id, balance_micros::text AS balance FROM prepaid_accounts
     WHERE advertiser_id IN (SELECT advertiser_id FROM events WHERE batch_id = ANY($1))
     ORDER BY advertiser_id FOR NO KEY UPDATE`,
    [batchIds],
  );
  return new Map(rows.map((row) => [row.advertiser_id, BigInt(row.balance)]));
}

/**
 * Charges events to their campaigns: what a budget or the balance no longer covers is not charged. Needs the lock of
 * `lockBalances`. Answers the keys of the events that found no money. Statements are the same few for any number of events.
 */
export async function settleCharges(
  tx: EntityManager,
  batch: SettlingBatch,
  events: readonly SettlingEvent[],
): Promise<ReadonlySet<string>> {
  const costly = events.filter((event) => event.priceMicros > 0);
  if (costly.length === 0) return new Set();
  const byCampaign = groupBy(costly, (event) => event.campaignId);
  const terms = await readTerms(tx, [...byCampaign.keys()]);
  const charges = costly.map((event) => toCharge(event, terms));
  const spends = await readSpends(tx, [...byCampaign.keys()], [...new Set(charges.map((charge) => charge.day))]);
  const refused = new Set<string>();
  for (const [campaignId, ofCampaign] of groupBy(charges, ({ event }) => event.campaignId)) {
    for (const { id } of allocate(batch, termsOf(campaignId, terms), spends(campaignId), ofCampaign)) refused.add(id);
  }
  const charged = refused.size === 0 ? charges : charges.filter(({ id }) => !refused.has(id));
  await takeFromBalances(tx, charged);
  await addDailySpend(tx, charged);
  await addTransfers(tx, batch, charged, terms);
  return refused;
}

/** An event's charge, with all that is written of it. */
interface EventCharge extends Charge {
  readonly event: SettlingEvent;
}

function termsOf(campaignId: string, terms: ReadonlyMap<string, CampaignTerms>): CampaignTerms {
  const term = terms.get(campaignId);
  invariant(term !== undefined, 'an event names a campaign that is there');
  return term;
}

function toCharge(event: SettlingEvent, terms: ReadonlyMap<string, CampaignTerms>): EventCharge {
  const { timeZone } = termsOf(event.campaignId, terms);
  const { priceMicros, adGroupId } = event;
  return { id: eventKey(event), priceMicros, adGroupId, day: localDate(event.occurredAt, timeZone), event };
}

/** Those of a campaign's charges that its money does not cover; lowers the advertiser's balance by the others. */
function allocate(
  { balances }: SettlingBatch,
  terms: CampaignTerms,
  spend: CampaignSpend,
  charges: readonly EventCharge[],
): readonly { readonly id: string }[] {
  const balance = balances.get(terms.advertiserId) ?? 0n;
  const { refused, totals } = allocateCharges(charges, remainingMoney(terms, spend, balance, charges));
  balances.set(terms.advertiserId, balance - totals.chargedMicros);
  return refused;
}

/** $1 advertisers, $2 what each is charged. */
async function takeFromBalances(tx: EntityManager, charged: readonly EventCharge[]): Promise<void> {
  const sums = sumBy(charged, ({ event }) => event.advertiserId);
  const [, changed] = await tx.query<[unknown[], number]>(
    `UPDATE prepaid_accounts AS account
     SET balance_micros = balance_micros - micros, changed_xid = pg_current_xact_id()
     FROM unnest($1::text[], $2::bigint[]) AS charge (advertiser_id, micros)
     WHERE account.advertiser_id = charge.advertiser_id AND balance_micros >= micros`,
    [sums.map(([{ event }]) => event.advertiserId), sums.map(([, micros]) => micros.toString())],
  );
  invariant(changed === sums.length, 'charges that were allotted fit the balances that are locked');
}

/** $1 to $4: lists, one entry an ad group and day. */
async function addDailySpend(tx: EntityManager, charged: readonly EventCharge[]): Promise<void> {
  const sums = sumBy(charged, ({ adGroupId, day }) => adGroupDay(adGroupId, day));
  await tx.query(
    `INSERT INTO daily_spend (campaign_id, ad_group_id, day, spent_micros)
     SELECT * FROM unnest($1::text[], $2::text[], $3::date[], $4::bigint[])
     ON CONFLICT (campaign_id, day, ad_group_id) DO UPDATE
     SET spent_micros = daily_spend.spent_micros + excluded.spent_micros, changed_xid = pg_current_xact_id()`,
    [
      sums.map(([{ event }]) => event.campaignId),
      sums.map(([{ adGroupId }]) => adGroupId),
      sums.map(([{ day }]) => day),
      sums.map(([, micros]) => micros.toString()),
    ],
  );
}

/**
 * A transfer for each ad group, day, lease holder and minute of the decision: what a holder needs to know of its promises.
 * $1 the batch, $2 when; $3 to $11 lists, one entry a transfer.
 */
async function addTransfers(
  tx: EntityManager,
  { batchId, now }: SettlingBatch,
  charged: readonly EventCharge[],
  terms: ReadonlyMap<string, CampaignTerms>,
): Promise<void> {
  const minuteOf = ({ event }: EventCharge): number => decidedMinute(event.decidedAt.getTime());
  const partOf = (charge: EventCharge): string => `${charge.event.leaseHolder}:${minuteOf(charge)}`;
  const sums = sumBy(charged, (charge) => `${adGroupDay(charge.adGroupId, charge.day)} ${partOf(charge)}`);
  const charges = sums.map(([charge]) => charge);
  await tx.query(
    `INSERT INTO ledger_transfers (id, kind, advertiser_id, debit_account, credit_account, amount_micros, currency,
                                   reference, campaign_id, ad_group_id, day, lease_holder, decided_minute, created_at)
     SELECT id, 'charge', advertiser_id, 'prepaid:' || advertiser_id, 'revenue:' || currency, micros, currency,
            concat_ws(':', $1::text, ad_group_id, day, lease_holder, decided_minute), campaign_id, ad_group_id, day,
            lease_holder, decided_minute, $2
     FROM unnest($3::text[], $4::text[], $5::text[], $6::bigint[], $7::text[], $8::text[], $9::date[], $10::integer[],
                 $11::integer[])
       AS charge (id, advertiser_id, currency, micros, campaign_id, ad_group_id, day, lease_holder, decided_minute)`,
    [
      batchId,
      new Date(now),
      charges.map(() => newId('transfer')),
      charges.map(({ event }) => event.advertiserId),
      charges.map(({ event }) => termsOf(event.campaignId, terms).currency),
      sums.map(([, micros]) => micros.toString()),
      charges.map(({ event }) => event.campaignId),
      charges.map(({ adGroupId }) => adGroupId),
      charges.map(({ day }) => day),
      charges.map(({ event }) => event.leaseHolder),
      charges.map(minuteOf),
    ],
  );
}

/** The first charge of each key with the sum of their prices, by ascending key, so that no two settlements lock rows in a circle. */
function sumBy(
  charges: readonly EventCharge[],
  keyOf: (charge: EventCharge) => string,
): readonly (readonly [EventCharge, bigint])[] {
  return [...groupBy(charges, keyOf)]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .flatMap(([, [first, ...rest]]) => {
      if (first === undefined) return [];
      const micros = rest.reduce((sum, { priceMicros }) => sum + BigInt(priceMicros), BigInt(first.priceMicros));
      return [[first, micros] as const];
    });
}
