import type { BudgetChange } from '../record.js';
import type { Check } from './check.js';
import type { Stored, StoredCharge } from './stored.js';

/**
 * No total is passed by all charges, and no daily budget by those of one local day. Where a daily budget was changed, each
 * charge must fit, with what was entered before it, the highest that may have been in force when it was made: so a later
 * raise hides nothing, and a cut below what was spent forbids only what is spent after.
 */
export function checkBudgets(changes: readonly BudgetChange[], stored: Stored): Check {
  const breaches: string[] = [];
  let looked = 0;
  const compare = (what: string, charges: readonly StoredCharge[], stretches: readonly Stretch[]): void => {
    if (stretches.every(({ micros }) => micros === null)) return;
    looked += 1;
    breaches.push(...faultsOf(charges, stretches).map((fault) => `${what} ${fault}`));
  };
  for (const { id, name, totalMicros, dailyMicros } of stored.campaigns) {
    const charges = stored.charges.filter(({ campaignId }) => campaignId === id);
    compare(name, charges, always(totalMicros));
    const own = changes.filter(({ campaignId }) => campaignId === id);
    for (const [day, ofDay] of byDay(charges)) compare(`${name}, on ${day},`, ofDay, stretchesOf(own, dailyMicros));
  }
  for (const { id, dailyMicros } of stored.adGroups) {
    const charges = stored.charges.filter(({ adGroupId }) => adGroupId === id);
    for (const [day, ofDay] of byDay(charges)) compare(`ad group ${id}, on ${day},`, ofDay, always(dailyMicros));
  }
  return { name: 'Spend is within every budget', looked, breaches };
}

/** All clocks are those of the one machine, but they may be set. */
const CLOCK_SLACK_MS = 2_000;

/** A budget, null where there was none, and when it may have been in force: epoch ms, both ends included. */
interface Stretch {
  readonly micros: bigint | null;
  readonly since: number;
  readonly until: number;
}

function always(micros: bigint | null): readonly Stretch[] {
  return [{ micros, since: -Infinity, until: Infinity }];
}

/** `changes`: in their order. Each was in force by its answer, and may have been as soon as it was sent. */
function stretchesOf(changes: readonly BudgetChange[], latestMicros: bigint | null): readonly Stretch[] {
  const [first] = changes;
  if (first === undefined) return always(latestMicros);
  return [
    { micros: BigInt(first.formerMicros), since: -Infinity, until: first.answeredAt },
    ...changes.map(({ budgetMicros, sentAt }, i) => ({
      ...{ micros: BigInt(budgetMicros), since: sentAt },
      until: changes[i + 1]?.answeredAt ?? Infinity,
    })),
  ];
}

/**
 * The first charge that no budget of its time allows. A settlement holds the advertiser's account locked while it notes the
 * time, reads the budget and enters the charge: so charges are made in the order of their entries, and each by a budget that
 * was in force between its two times, however long the process was frozen in between.
 */
function faultsOf(charges: readonly StoredCharge[], stretches: readonly Stretch[]): readonly string[] {
  let spent = 0n;
  for (const { amountMicros, createdAt, enteredAt } of [...charges].sort((a, b) => a.enteredAt - b.enteredAt)) {
    spent += amountMicros;
    const possible = stretches.filter(
      ({ since, until }) => since <= enteredAt + CLOCK_SLACK_MS && until >= createdAt - CLOCK_SLACK_MS,
    );
    if (possible.some(({ micros }) => micros === null || spent <= micros)) continue;
    return [`spent ${spent} of ${possible.map(({ micros }) => micros).join(' or ')}`];
  }
  return [];
}

function byDay(charges: readonly StoredCharge[]): ReadonlyMap<string, readonly StoredCharge[]> {
  const days = new Map<string, StoredCharge[]>();
  for (const charge of charges) {
    const ofDay = days.get(charge.day);
    if (ofDay === undefined) days.set(charge.day, [charge]);
    else ofDay.push(charge);
  }
  return days;
}
