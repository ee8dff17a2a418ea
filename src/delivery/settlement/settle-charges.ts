import type { EntityManager } from 'typeorm';
import { localDate } from '../../core/calendar/local-day.js';
import { invariant } from '../../core/invariant-violation.js';
import { allocateCharges, coversAll } from '../../core/pacing/allocate-charges.js';
import { groupBy } from '../../platform/group-by.js';
import { byAcceptance, eventKey, readPaidImpressions, type SettlingEvent } from './batch-events.js';
import { bookCharges, type TallyCharge } from './book-charges.js';
import { type CampaignSpend, type CampaignTerms, readSpends, readTerms, remainingMoney } from './budgets.js';
import { type EventTally, tallyOf } from './event-tally.js';

/** What is settled, and what its advertisers have left; the balances fall as campaigns are charged. */
export interface SettlingBatches {
  /** The transfers refer to the first. */
  readonly batchIds: readonly string[];
  readonly now: number;
  readonly balances: Map<string, bigint>;
  /** Their holders have been told of their charges. */
  readonly wasParked: boolean;
}

export interface SettledCharges {
  readonly charged: readonly EventTally[];
  /** The events that found no money, by their keys. */
  readonly refused: ReadonlyMap<string, SettlingEvent>;
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
 * `lockBalances`. `tallies` count all that is valid; `others`: those of them that are no impressions, one by one.
 *
 * Where a campaign's money covers the sum, it covers every event. Only where it does not, the events are looked at one by
 * one, in the order in which they were accepted. Statements are the same few for any number of events.
 */
export async function settleCharges(
  tx: EntityManager,
  batches: SettlingBatches,
  tallies: readonly EventTally[],
  others: readonly SettlingEvent[],
): Promise<SettledCharges> {
  const costly = tallies.filter(({ micros }) => micros > 0n);
  const campaignIds = [...new Set(costly.map(({ campaignId }) => campaignId))];
  if (campaignIds.length === 0) return { charged: [], refused: new Map() };
  const terms = await readTerms(tx, campaignIds);
  const charges = costly.map((tally) => toCharge(tally, terms));
  const spends = await readSpends(tx, campaignIds, [...new Set(charges.map(({ day }) => day))]);
  const charged: TallyCharge[] = [];
  const short: Campaign[] = [];
  for (const [campaignId, ofCampaign] of groupBy(charges, (charge) => charge.campaignId)) {
    const campaign = { terms: termsOf(campaignId, terms), spend: spends(campaignId) };
    if (chargeAll(batches, campaign, ofCampaign)) charged.push(...ofCampaign);
    else short.push(campaign);
  }
  const refused = new Map<string, SettlingEvent>();
  const events = short.length === 0 ? new Map<string, EventCharge[]>() : await readEvents(tx, batches, short, others);
  for (const campaign of short) {
    const { fitting, unfit } = chargeSome(batches, campaign, events.get(campaign.terms.campaignId) ?? []);
    charged.push(...fitting);
    for (const event of unfit) refused.set(eventKey(event), event);
  }
  const { batchIds, now, wasParked } = batches;
  await bookCharges(tx, { batchId: batchIds[0]!, now }, wasParked ? charged.map(withoutHolder) : charged);
  return { charged, refused };
}

interface Campaign {
  readonly terms: CampaignTerms;
  readonly spend: CampaignSpend;
}

/** Of one event. */
interface EventCharge extends TallyCharge {
  readonly event: SettlingEvent;
}

function termsOf(campaignId: string, terms: ReadonlyMap<string, CampaignTerms>): CampaignTerms {
  const term = terms.get(campaignId);
  invariant(term !== undefined, 'an event names a campaign that is there');
  return term;
}

function toCharge(tally: EventTally, terms: ReadonlyMap<string, CampaignTerms>): TallyCharge {
  const { timeZone, currency } = termsOf(tally.campaignId, terms);
  return { ...tally, day: localDate(tally.bucketAt, timeZone), currency };
}

function withoutHolder(charge: TallyCharge): TallyCharge {
  return { ...charge, leaseHolder: null };
}

/** Whether a campaign's money covers all charges; if so, the advertiser's balance falls by them. */
function chargeAll(
  { balances }: SettlingBatches,
  { terms, spend }: Campaign,
  charges: readonly TallyCharge[],
): boolean {
  const balance = balances.get(terms.advertiserId) ?? 0n;
  if (!coversAll(charges, remainingMoney(terms, spend, balance, charges))) return false;
  balances.set(
    terms.advertiserId,
    charges.reduce((left, { micros }) => left - micros, balance),
  );
  return true;
}

/** The costly events of campaigns whose money does not cover all of them, in the order in which they were accepted. */
async function readEvents(
  tx: EntityManager,
  { batchIds }: SettlingBatches,
  campaigns: readonly Campaign[],
  others: readonly SettlingEvent[],
): Promise<ReadonlyMap<string, EventCharge[]>> {
  const terms = new Map(campaigns.map((campaign) => [campaign.terms.campaignId, campaign.terms]));
  const impressions = await readPaidImpressions(tx, batchIds, [...terms.keys()]);
  const costly = others.filter(({ campaignId, priceMicros }) => priceMicros > 0 && terms.has(campaignId));
  const charges = [...impressions, ...costly]
    .sort(byAcceptance)
    .map((event) => ({ ...toCharge(tallyOf(event), terms), event }));
  return groupBy(charges, ({ campaignId }) => campaignId);
}

/** Which of a campaign's charges its money covers; the advertiser's balance falls by them. */
function chargeSome(
  { balances }: SettlingBatches,
  { terms, spend }: Campaign,
  charges: readonly EventCharge[],
): { readonly fitting: readonly EventCharge[]; readonly unfit: readonly SettlingEvent[] } {
  const balance = balances.get(terms.advertiserId) ?? 0n;
  const asked = charges.map(({ event, adGroupId, day }) => {
    return { id: eventKey(event), priceMicros: event.priceMicros, adGroupId, day };
  });
  const { refused, totals } = allocateCharges(asked, remainingMoney(terms, spend, balance, charges));
  balances.set(terms.advertiserId, balance - totals.chargedMicros);
  const ids = new Set(refused.map(({ id }) => id));
  return {
    fitting: charges.filter((_, i) => !ids.has(asked[i]!.id)),
    unfit: charges.filter((_, i) => ids.has(asked[i]!.id)).map(({ event }) => event),
  };
}
