import type { EntityManager } from 'typeorm';
import { invariant } from '../../core/invariant-violation.js';
import { adGroupDay } from '../../core/pacing/allocate-charges.js';
import { newId } from '../../platform/ids.js';
import type { EventTally } from './event-tally.js';

/** Events that are charged together, and the local day that pays for them. */
export interface TallyCharge extends EventTally {
  /** 'YYYY-MM-DD'. */
  readonly day: string;
  readonly currency: string;
}

/** What a transfer tells of a settlement: `batchId` is the batch, or the first of several. */
export interface Booking {
  readonly batchId: string;
  readonly now: number;
}

/** Writes charges that were allotted: balances, daily spend and the ledger, each row once. Needs the lock of `lockBalances`. */
export async function bookCharges(tx: EntityManager, booking: Booking, charges: readonly TallyCharge[]): Promise<void> {
  if (charges.length === 0) return;
  await takeFromBalances(tx, charges);
  await addDailySpend(tx, charges);
  await addTransfers(tx, booking, charges);
}

/** $1 advertisers, $2 what each is charged. */
async function takeFromBalances(tx: EntityManager, charges: readonly TallyCharge[]): Promise<void> {
  const sums = sumBy(charges, ({ advertiserId }) => advertiserId);
  const [, changed] = await tx.query<[unknown[], number]>(
    `UPDATE prepaid_accounts AS account
     SET balance_micros = balance_micros - micros, changed_xid = pg_current_xact_id()
     FROM unnest($1::text[], $2::bigint[]) AS charge (advertiser_id, micros)
     WHERE account.advertiser_id = charge.advertiser_id AND balance_micros >= micros`,
    [sums.map(({ of }) => of.advertiserId), sums.map(({ micros }) => micros.toString())],
  );
  invariant(changed === sums.length, 'charges that were allotted fit the balances that are locked');
}

/** $1 to $4: lists, one entry an ad group and day. */
async function addDailySpend(tx: EntityManager, charges: readonly TallyCharge[]): Promise<void> {
  const sums = sumBy(charges, ({ adGroupId, day }) => adGroupDay(adGroupId, day));
  await tx.query(
    `INSERT INTO daily_spend (campaign_id, ad_group_id, day, spent_micros)
     SELECT * FROM unnest($1::text[], $2::text[], $3::date[], $4::bigint[])
     ON CONFLICT (campaign_id, day, ad_group_id) DO UPDATE
     SET spent_micros = daily_spend.spent_micros + excluded.spent_micros, changed_xid = pg_current_xact_id()`,
    [
      sums.map(({ of }) => of.campaignId),
      sums.map(({ of }) => of.adGroupId),
      sums.map(({ of }) => of.day),
      sums.map(({ micros }) => micros.toString()),
    ],
  );
}

/**
 * A transfer for each ad group, day, lease holder and minute of the decision: what a holder needs to know of its promises.
 * $1 the batch, $2 when; $3 to $11 lists, one entry a transfer.
 */
async function addTransfers(
  tx: EntityManager,
  { batchId, now }: Booking,
  charges: readonly TallyCharge[],
): Promise<void> {
  const sums = sumBy(charges, (charge) => {
    const { adGroupId, day, leaseHolder, minute } = charge;
    return `${adGroupDay(adGroupId, day)} ${leaseHolder}:${minute}`;
  });
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
      sums.map(() => newId('transfer')),
      sums.map(({ of }) => of.advertiserId),
      sums.map(({ of }) => of.currency),
      sums.map(({ micros }) => micros.toString()),
      sums.map(({ of }) => of.campaignId),
      sums.map(({ of }) => of.adGroupId),
      sums.map(({ of }) => of.day),
      sums.map(({ of }) => of.leaseHolder),
      sums.map(({ of }) => of.minute),
    ],
  );
}

interface Sum {
  readonly of: TallyCharge;
  micros: bigint;
}

/** The first charge of each key with the sum of all, by ascending key, so that no two settlements lock rows in a circle. */
function sumBy(charges: readonly TallyCharge[], keyOf: (charge: TallyCharge) => string): readonly Sum[] {
  const sums = new Map<string, Sum>();
  for (const charge of charges) {
    const key = keyOf(charge);
    const sum = sums.get(key);
    if (sum === undefined) sums.set(key, { of: charge, micros: charge.micros });
    else sum.micros += charge.micros;
  }
  return [...sums].sort(([a], [b]) => (a < b ? -1 : 1)).map(([, sum]) => sum);
}
