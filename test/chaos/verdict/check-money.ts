import type { BudgetChange, ClientRecord } from '../record.js';
import { type Check, differences, sumBy } from './check.js';
import { chargeOf, type Pair, pairsOf, priceOf } from './check-reports.js';
import type { Stored, StoredCampaign } from './stored.js';

/** Over-delivery and under-delivery are at most this share of a budget. */
const MOST_SHARE = 0.001;
/** Members see about so much of what they are given. */
const SHARE_SHOWN = 0.7;
/** Times the budget. */
const ENOUGH_DEMAND = 1.5;
/** A charge whose time is so much later than a change of the budget was made by the new one. */
const CHANGE_SLACK_MS = 2_000;

/** Charges are the tokens' prices, and no limit was passed. */
export function checkMoney(
  record: ClientRecord,
  stored: Stored,
  demandedCampaignIds: ReadonlySet<string>,
): readonly Check[] {
  const pairs = pairsOf(record.events, stored);
  const charged = sumBy(pairs, ({ event }) => `${event.placed.campaignId} ${event.placed.adGroupId}`, chargeOf);
  const booked = sumBy(
    stored.charges,
    ({ campaignId, adGroupId }) => `${campaignId} ${adGroupId}`,
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
    { name: 'Spend is within every budget', ...budgets(record.budgetChanges, stored) },
    overDelivery(pairs, record, stored),
    underDelivery(record, stored, demandedCampaignIds),
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

function budgets(changes: readonly BudgetChange[], stored: Stored): { looked: number; breaches: readonly string[] } {
  const breaches: string[] = [];
  let looked = 0;
  const compare = (what: string, spent: bigint, limit: bigint | null): void => {
    if (limit === null) return;
    looked += 1;
    if (spent > limit) breaches.push(`${what} spent ${spent} of ${limit}`);
  };
  for (const campaign of stored.campaigns) {
    const charges = stored.charges.filter(({ campaignId }) => campaignId === campaign.id);
    const spentUntil = (at: number): bigint =>
      charges.reduce((sum, charge) => (charge.createdAt < at ? sum + charge.amountMicros : sum), 0n);
    // A budget that is set below what was spent is not passed by that, only by what is spent after.
    const last = changes.filter(({ campaignId }) => campaignId === campaign.id).at(-1);
    const before = last === undefined ? 0n : spentUntil(last.answeredAt + CHANGE_SLACK_MS);
    const daily = campaign.dailyMicros !== null && before > campaign.dailyMicros ? before : campaign.dailyMicros;
    compare(campaign.name, spentUntil(Infinity), campaign.totalMicros);
    compare(`${campaign.name}, a day,`, spentUntil(Infinity), daily);
  }
  for (const { id, dailyMicros } of stored.adGroups) {
    const charges = stored.charges.filter(({ adGroupId }) => adGroupId === id);
    compare(
      `ad group ${id}`,
      charges.reduce((sum, { amountMicros }) => sum + amountMicros, 0n),
      dailyMicros,
    );
  }
  return { looked, breaches };
}

/** Of what an advertiser may spend on the campaign: its budget, or else all that was paid in. */
function limitOf(campaign: StoredCampaign, { accounts }: Stored): bigint {
  const account = accounts.find(({ advertiserId }) => advertiserId === campaign.advertiserId);
  return campaign.totalMicros ?? campaign.dailyMicros ?? account?.creditMicros ?? 0n;
}

/** Shown, and not billable because the money was gone. */
function overDelivery(pairs: readonly Pair[], record: ClientRecord, stored: Stored): Check {
  const over = sumBy(
    pairs.filter(({ found }) => found.outcome === 'over_budget'),
    ({ event }) => event.placed.campaignId,
    ({ event }) => priceOf(event),
  );
  // What is on its way while a budget is cut below it can't be taken back.
  const changed = new Set(record.budgetChanges.map(({ campaignId }) => campaignId));
  const shares = stored.campaigns
    .filter(({ id }) => !changed.has(id))
    .map((campaign) => ({
      campaign,
      share: Number(over.get(campaign.id) ?? 0n) / Math.max(1, Number(limitOf(campaign, stored))),
    }));
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
 * what members were on the way to see when the load ended, must be less than the next message can cost.
 */
function underDelivery(record: ClientRecord, stored: Stored, demandedCampaignIds: ReadonlySet<string>): Check {
  const filled = record.matches.filter(({ messages }) => messages.length > 0);
  const endedAt = filled.reduce((latest, match) => Math.max(latest, match.endedAt), 0);
  const counted = new Set(stored.events.map(({ messageId }) => messageId));
  const shares = stored.campaigns.flatMap((campaign) => {
    const prices = filled.flatMap(({ messages }) => messages.filter(({ placed }) => placed.campaignId === campaign.id));
    const highest = Math.max(0, ...prices.map(({ placed }) => placed.priceMicros));
    const mean = prices.reduce((sum, { placed }) => sum + placed.priceMicros, 0) / prices.length;
    const limit = Number(limitOf(campaign, stored));
    const isDemanded =
      demandedCampaignIds.has(campaign.id) && filled.length * SHARE_SHOWN * mean > ENOUGH_DEMAND * limit;
    if (!isDemanded) return [];
    const charges = stored.charges.filter(({ campaignId }) => campaignId === campaign.id);
    const spent = charges.reduce((sum, { amountMicros }) => sum + Number(amountMicros), 0);
    const open = new Map(
      prices.flatMap(({ placed }) =>
        placed.expiresAt > endedAt && !counted.has(placed.messageId) ? [[placed.messageId, placed.priceMicros]] : [],
      ),
    );
    const left = limit - spent - [...open.values()].reduce((sum, price) => sum + price, 0);
    return [{ campaign, left: left / limit, grain: highest / limit }];
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

function percent(share: number): string {
  return `${(share * 100).toFixed(3)} %`;
}
