import type { BoundMoney } from '../bound-money.js';
import type { ClientRecord, RecordedMessage } from '../record.js';
import { type Check, differences, sumBy } from './check.js';
import { checkBudgets } from './check-budgets.js';
import { chargeOf, type Pair, pairsOf, priceOf } from './check-reports.js';
import { localDay } from './local-day.js';
import type { Stored, StoredCampaign, StoredEvent } from './stored.js';

/** Over-delivery and under-delivery are at most this share of a budget. */
const MOST_SHARE = 0.001;
/** Members see about so much of what they are given. */
const SHARE_SHOWN = 0.7;
/** Times what is left. */
const ENOUGH_DEMAND = 2;
/** Where decisions that nobody heard of may have promised more of a budget, nobody can tell what is left of it. */
const MOST_UNHEARD_SHARE = 0.02;

/**
 * Campaigns that are placed as soon as they have money, and those that are placed where nothing else is left. The first are
 * paid by impressions, nothing else holds them back (no cap, targeting, pace, pause or edit), and they outbid the last in rank.
 */
export interface Demand {
  readonly campaignIds: ReadonlySet<string>;
  readonly lastInRankIds: ReadonlySet<string>;
}

/** With what could not be spent, as of the end of the load. */
export interface Demanded extends Demand {
  readonly boundMoney: BoundMoney;
}

/** Charges are the tokens' prices, and no limit was passed. */
export function checkMoney(record: ClientRecord, stored: Stored, demand: Demanded): readonly Check[] {
  const pairs = pairsOf(record.events, stored);
  const dayOf = dayOfEvents(stored);
  const charged = sumBy(
    pairs,
    ({ event, found }) => `${event.placed.campaignId} ${event.placed.adGroupId} ${dayOf(found)}`,
    chargeOf,
  );
  const booked = sumBy(
    stored.charges,
    ({ campaignId, adGroupId, day }) => `${campaignId} ${adGroupId} ${day}`,
    (c) => c.amountMicros,
  );
  return [
    {
      name: 'Ledger: charges are the prices in the tokens',
      looked: pairs.filter((pair) => chargeOf(pair) > 0n).length,
      breaches: [
        ...differences('charges', charged, booked),
        ...differences('daily spend', charged, stored.dailySpendMicros),
        ...pairs
          .filter(({ event, found }) => found.priceMicros !== priceOf(event))
          .map(({ event, found }) => `${found.key} is priced ${found.priceMicros} instead of ${priceOf(event)}`),
        ...(stored.ledgerSumMicros === 0n ? [] : [`the ledger sums to ${stored.ledgerSumMicros}`]),
      ],
    },
    { name: 'Balances: credits less charges, never below 0', ...balances(record, stored) },
    checkBudgets(record.budgetChanges, stored),
    overDelivery(pairs, record, stored),
    underDelivery(record, stored, demand),
  ];
}

function balances(
  { creditMicros }: ClientRecord,
  { accounts }: Stored,
): { looked: number; breaches: readonly string[] } {
  const byAdvertiser = (read: (account: Stored['accounts'][number]) => bigint) =>
    sumBy(accounts, ({ advertiserId }) => advertiserId, read);
  return {
    looked: accounts.length,
    breaches: [
      ...differences(
        'credits',
        creditMicros,
        byAdvertiser((a) => a.creditMicros),
      ),
      ...differences(
        'balance',
        byAdvertiser((a) => a.ledgerMicros),
        byAdvertiser((a) => a.balanceMicros),
      ),
      ...accounts.filter((a) => a.balanceMicros < 0n).map((a) => `${a.advertiserId} has ${a.balanceMicros}`),
    ],
  };
}

/** A charge belongs to the day on which its event happened, where its advertiser is. */
function dayOfEvents({ campaigns }: Stored): (event: StoredEvent) => string {
  const zones = new Map(campaigns.map(({ id, timeZone }) => [id, timeZone]));
  return ({ campaignId, occurredAt }) => localDay(occurredAt, zones.get(campaignId) ?? 'UTC');
}

/** Of what an advertiser may spend on the campaign, whatever day it is: its total budget and all that was paid in. */
function limitOf({ advertiserId, totalMicros }: StoredCampaign, { accounts }: Stored): bigint {
  const credit = accounts.find((account) => account.advertiserId === advertiserId)?.creditMicros ?? 0n;
  return totalMicros === null ? credit : least(totalMicros, credit);
}

function least(a: bigint, b: bigint): bigint {
  return a < b ? a : b;
}

/** Shown, and not billable because the money was gone. */
function overDelivery(pairs: readonly Pair[], record: ClientRecord, stored: Stored): Check {
  const inVain = pairs.filter(({ found }) => found.outcome === 'over_budget');
  const dayOf = dayOfEvents(stored);
  // What is on its way while a budget is cut below it can't be taken back.
  const changed = new Set(record.budgetChanges.map(({ campaignId }) => campaignId));
  const shareOf = (micros: bigint, limit: bigint): number => Number(micros) / Math.max(1, Number(limit));
  const shares = stored.campaigns
    .filter(({ id }) => !changed.has(id))
    .map((campaign) => {
      const { id, dailyMicros } = campaign;
      const days = sumBy(
        inVain.filter(({ event }) => event.placed.campaignId === id),
        ({ found }) => dayOf(found),
        ({ event }) => priceOf(event),
      );
      const all = [...days.values()].reduce((sum, micros) => sum + micros, 0n);
      const ofDays = dailyMicros === null ? [] : [...days.values()].map((micros) => shareOf(micros, dailyMicros));
      return { campaign, share: Math.max(shareOf(all, limitOf(campaign, stored)), ...ofDays) };
    });
  return {
    name: 'Over-delivery is at most 0.1 % of a budget',
    looked: shares.length,
    breaches: shares
      .filter(({ share }) => share > MOST_SHARE)
      .map(({ campaign, share }) => `${campaign.name}: ${percent(share)}`),
    figure: `worst ${percent(Math.max(0, ...shares.map(({ share }) => share)))}`,
  };
}

/**
 * Of campaigns that are placed whenever they have money, where members came often enough to use it up: what is left, less
 * what was promised lately for messages that nobody has seen, or in decisions that nobody heard of, and what killed processes
 * had claimed, must be less than the next message can cost.
 */
function underDelivery(record: ClientRecord, stored: Stored, demand: Demanded): Check {
  const filled = [...new Map(record.matches.map((match) => [match.requestId, match])).values()];
  const { lostMicros, livingHolders, promisedSince } = demand.boundMoney;
  // Whoever heard of no decision does not know what it promised: a message at the most, counted once too often rather than
  // not at all.
  const unheard = record.matches.filter(
    ({ status, noFill, endedAt }) => endedAt >= promisedSince && (status === null || noFill === 'deadline'),
  ).length;
  const counted = new Set(stored.events.map(({ messageId }) => messageId));
  const twice = promisedTwice(record).filter(({ placed }) => placed.decidedAt >= promisedSince);
  const shares = stored.campaigns.flatMap((campaign) => {
    if (!demand.campaignIds.has(campaign.id)) return [];
    const given = filled.flatMap(({ messages }) => messages.filter(({ placed }) => placed.campaignId === campaign.id));
    const prices = given.map(({ placed }) => placed.priceMicros);
    const promised = given.filter(
      ({ placed }) =>
        placed.decidedAt >= promisedSince && livingHolders.has(placed.leaseHolder) && !counted.has(placed.messageId),
    );
    const charges = stored.charges.filter(({ campaignId }) => campaignId === campaign.id);
    const inAll = limitOf(campaign, stored);
    const limit = Number(least(inAll, campaign.dailyMicros ?? inAll));
    const spent = sum(charges.map(({ amountMicros }) => Number(amountMicros)));
    const lost = Number(lostMicros.get(campaign.id) ?? 0n);
    // Of what was never placed, nobody knows the price.
    const expected = prices.length > 0 ? prices : dearestOf(campaign, stored);
    const highest = Math.max(0, ...expected);
    const boundTwice = twice.filter(({ placed }) => placed.campaignId === campaign.id);
    const left = limit - spent - sum([...promised, ...boundTwice].map(priceMicrosOf)) - lost;
    const allowed = unheard * highest;
    // Decisions that had to make do with the last in rank.
    const passedOver = filled.filter(
      ({ messages }) =>
        messages.some(({ placed }) => demand.lastInRankIds.has(placed.campaignId)) &&
        messages.every(({ placed }) => placed.campaignId !== campaign.id),
    );
    const isDemanded = passedOver.length * SHARE_SHOWN * (sum(expected) / expected.length) > ENOUGH_DEMAND * left;
    const isKnown = allowed <= MOST_UNHEARD_SHARE * limit;
    return isDemanded && isKnown ? [{ campaign, left: (left - allowed) / limit, grain: highest / limit }] : [];
  });
  return {
    name: 'Under-delivery is at most 0.1 % of a budget, and one message',
    looked: shares.length,
    breaches: shares
      .filter(({ left, grain }) => left > MOST_SHARE + grain)
      .map(({ campaign, left }) => `${campaign.name}: ${percent(left)} is left`),
    figure: `worst ${percent(Math.max(0, ...shares.map(({ left }) => left)))}`,
  };
}

/** The highest that an impression may cost; none where clicks are paid. */
function dearestOf({ id }: StoredCampaign, { adGroups }: Stored): readonly number[] {
  const dearest = adGroups.flatMap(({ campaignId, dearestMicros }) =>
    campaignId === id && dearestMicros !== null ? [Number(dearestMicros)] : [],
  );
  return dearest.length === 0 ? [] : [Math.max(...dearest)];
}

/** What another process gave than had given it first: both have promised it, until it is over, whether it is seen or not. */
function promisedTwice({ matches }: ClientRecord): readonly RecordedMessage[] {
  const giversOf = new Map<string, Set<string>>();
  return matches.flatMap(({ api, messages }) =>
    messages.filter(({ placed }) => {
      const givers = giversOf.get(placed.messageId) ?? new Set();
      giversOf.set(placed.messageId, givers);
      const isTwice = givers.size > 0 && !givers.has(api);
      givers.add(api);
      return isTwice;
    }),
  );
}

function priceMicrosOf({ placed }: RecordedMessage): number {
  return placed.priceMicros;
}

function sum(amounts: readonly number[]): number {
  return amounts.reduce((total, amount) => total + amount, 0);
}

function percent(share: number): string {
  return `${(share * 100).toFixed(3)} %`;
}
