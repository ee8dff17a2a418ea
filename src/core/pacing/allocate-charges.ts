import { checkedMicros } from '../money/micros.js';
import { invariant } from '../invariant-violation.js';

/**
 * Which of a campaign's charges its money still covers. Charges are taken in the order given, each whole or not at all; one
 * that does not fit is refused and later, smaller ones may still fit. Invariants: the charged sum passes none of the
 * remaining amounts; a refused charge did not fit at its turn; the same input gives the same answer. A charge of 0 always
 * fits, even where a remaining amount is negative.
 */
export interface Charge {
  readonly id: string;
  /** Whole micros, 0 or more. */
  readonly priceMicros: number;
  /** The local date, 'YYYY-MM-DD', whose daily budgets it counts towards. */
  readonly day: string;
  readonly adGroupId: string;
}

export type AdGroupDay = `${string}|${string}`;

export function adGroupDay(adGroupId: string, day: string): AdGroupDay {
  return `${adGroupId}|${day}`;
}

/** What is left before the first charge, in micros; null where there is no such budget. */
export interface RemainingMoney {
  readonly balance: bigint;
  readonly total: bigint | null;
  /** Day → what is left of the campaign's daily budget; every day that is charged must be there. */
  readonly daily: ReadonlyMap<string, bigint> | null;
  /** Ad group and day → what is left of its daily budget; an ad group without an entry has none. */
  readonly adGroupDaily: ReadonlyMap<AdGroupDay, bigint> | null;
}

export type RefusalReason = 'balance' | 'total_budget' | 'daily_budget' | 'ad_group_daily_budget';

export interface Allocation {
  /** Ids in the order given. */
  readonly charged: readonly string[];
  /** In the order given; `reason` is the first limit that the charge would pass, in the order of `RefusalReason`. */
  readonly refused: readonly { readonly id: string; readonly reason: RefusalReason }[];
  /** Sums of the charged prices; days and ad groups without a charge have no entry. */
  readonly totals: {
    readonly chargedMicros: bigint;
    readonly byDay: ReadonlyMap<string, bigint>;
    readonly byAdGroupDay: ReadonlyMap<AdGroupDay, bigint>;
  };
}

/** A sum of charges, whole micros, 0 or more. */
export interface ChargeSum {
  readonly micros: bigint;
  readonly day: string;
  readonly adGroupId: string;
}

/**
 * Whether a campaign's money covers all of these charges, so that they fit in whatever order and however they are summed
 * up: exactly if `allocateCharges` refuses none of them. O(sums). Throws `InvariantViolation` for a negative sum and for a
 * day without an entry, up to the first sum that does not fit.
 */
export function coversAll(sums: readonly ChargeSum[], remaining: RemainingMoney): boolean {
  const totals = noTotals();
  return sums.every((sum) => {
    invariant(sum.micros >= 0n, 'a price is never negative');
    const fits = sum.micros === 0n || firstLimitPassed(sum, sum.micros, remaining, totals) === null;
    if (fits) addTo(totals, sum, sum.micros);
    return fits;
  });
}

/**
 * O(charges). Throws `InvariantViolation` for a price that is negative or not whole micros, and for a day without an entry
 * in a given `remaining.daily`, which would otherwise pass for a day without a budget.
 */
export function allocateCharges(charges: readonly Charge[], remaining: RemainingMoney): Allocation {
  const charged: string[] = [];
  const refused: { id: string; reason: RefusalReason }[] = [];
  const totals = noTotals();
  for (const charge of charges) {
    const price = BigInt(checkedMicros(charge.priceMicros));
    invariant(price >= 0n, 'a price is never negative');
    const reason = price === 0n ? null : firstLimitPassed(charge, price, remaining, totals);
    if (reason !== null) {
      refused.push({ id: charge.id, reason });
      continue;
    }
    charged.push(charge.id);
    addTo(totals, charge, price);
  }
  return { charged, refused, totals };
}

interface Totals {
  chargedMicros: bigint;
  readonly byDay: Map<string, bigint>;
  readonly byAdGroupDay: Map<AdGroupDay, bigint>;
}

function noTotals(): Totals {
  return { chargedMicros: 0n, byDay: new Map(), byAdGroupDay: new Map() };
}

type ChargedPlace = Pick<Charge, 'day' | 'adGroupId'>;

function addTo(totals: Totals, { day, adGroupId }: ChargedPlace, micros: bigint): void {
  const key = adGroupDay(adGroupId, day);
  totals.chargedMicros += micros;
  totals.byDay.set(day, (totals.byDay.get(day) ?? 0n) + micros);
  totals.byAdGroupDay.set(key, (totals.byAdGroupDay.get(key) ?? 0n) + micros);
}

function firstLimitPassed(
  { day, adGroupId }: ChargedPlace,
  price: bigint,
  remaining: RemainingMoney,
  totals: Allocation['totals'],
): RefusalReason | null {
  const wanted = totals.chargedMicros + price;
  if (wanted > remaining.balance) return 'balance';
  if (remaining.total !== null && wanted > remaining.total) return 'total_budget';
  if (remaining.daily !== null) {
    const left = remaining.daily.get(day);
    invariant(left !== undefined, 'a campaign with a daily budget has an amount left for every day that is charged');
    if ((totals.byDay.get(day) ?? 0n) + price > left) return 'daily_budget';
  }
  const key = adGroupDay(adGroupId, day);
  const left = remaining.adGroupDaily?.get(key);
  return left !== undefined && (totals.byAdGroupDay.get(key) ?? 0n) + price > left ? 'ad_group_daily_budget' : null;
}
