import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import {
  adGroupDay,
  type Allocation,
  allocateCharges,
  type Charge,
  coversAll,
  type RemainingMoney,
} from '../../src/core/pacing/allocate-charges.js';

/** Spend ≤ budget: whatever is charged, in whatever order, nothing that remains is ever passed. */
const DAYS = ['2026-11-21', '2026-11-22', '2026-11-23'] as const;
const AD_GROUPS = ['ag_1', 'ag_2'] as const;

const micros = fc.oneof(fc.bigInt({ min: -20n, max: 400n }), fc.bigInt({ min: 0n, max: 10n ** 20n }));
const anyCharges: fc.Arbitrary<Charge[]> = fc
  .array(
    fc.record({
      priceMicros: fc.oneof(fc.nat(60), fc.maxSafeNat()),
      day: fc.constantFrom(...DAYS),
      adGroupId: fc.constantFrom(...AD_GROUPS),
    }),
    { maxLength: 40 },
  )
  .map((charges) => charges.map((charge, i) => ({ ...charge, id: `c${i}` })));
const anyRemaining: fc.Arbitrary<RemainingMoney> = fc.record({
  balance: micros,
  total: fc.option(micros),
  daily: fc.option(fc.tuple(micros, micros, micros).map((left) => new Map(DAYS.map((day, i) => [day, left[i] ?? 0n])))),
  adGroupDaily: fc.option(
    fc
      .tuple(micros, micros, micros)
      .map((left) => new Map(DAYS.map((day, i) => [adGroupDay('ag_1', day), left[i] ?? 0n]))),
  ),
});

const sumOf = (charges: readonly Charge[]): bigint =>
  charges.reduce((sum, { priceMicros }) => sum + BigInt(priceMicros), 0n);

/** Every amount that remains, with the charges that count towards it. */
function limits(
  remaining: RemainingMoney,
  charges: readonly Charge[],
): { reason: string; left: bigint; spent: bigint }[] {
  const all = sumOf(charges);
  const found = [{ reason: 'balance', left: remaining.balance, spent: all }];
  if (remaining.total !== null) found.push({ reason: 'total_budget', left: remaining.total, spent: all });
  for (const [day, left] of remaining.daily ?? []) {
    found.push({ reason: 'daily_budget', left, spent: sumOf(charges.filter((charge) => charge.day === day)) });
  }
  for (const [key, left] of remaining.adGroupDaily ?? []) {
    const spent = sumOf(charges.filter((charge) => adGroupDay(charge.adGroupId, charge.day) === key));
    found.push({ reason: 'ad_group_daily_budget', left, spent });
  }
  return found;
}

const chargedOf = (charges: readonly Charge[], { charged }: Allocation): Charge[] =>
  charges.filter(({ id }) => charged.includes(id));

describe('allocateCharges', () => {
  it('never passes anything that remains', () => {
    fc.assert(
      fc.property(anyCharges, anyRemaining, (charges, remaining) => {
        const taken = chargedOf(charges, allocateCharges(charges, remaining));
        for (const { left, spent } of limits(remaining, taken)) expect(spent === 0n || spent <= left).toBe(true);
      }),
    );
  });

  it('refuses a charge only when it did not fit at its turn, and says which limit', () => {
    fc.assert(
      fc.property(anyCharges, anyRemaining, (charges, remaining) => {
        const allocation = allocateCharges(charges, remaining);
        for (const { id, reason } of allocation.refused) {
          const turn = charges.findIndex((charge) => charge.id === id);
          const before = chargedOf(charges.slice(0, turn), allocation);
          const wanted = charges.slice(turn, turn + 1);
          const passed = limits(remaining, [...before, ...wanted]).filter(({ left, spent }, i) => {
            const grows = spent > (limits(remaining, before)[i]?.spent ?? 0n);
            return grows && spent > left;
          });
          expect(passed[0]?.reason).toBe(reason);
        }
      }),
    );
  });

  it('answers every charge once, in the order given, and sums what it charged', () => {
    fc.assert(
      fc.property(anyCharges, anyRemaining, (charges, remaining) => {
        const allocation = allocateCharges(charges, remaining);
        const taken = chargedOf(charges, allocation);
        expect(allocation.charged).toEqual(taken.map(({ id }) => id));
        const left = charges.filter((charge) => !taken.includes(charge)).map(({ id }) => id);
        expect(allocation.refused.map(({ id }) => id)).toEqual(left);
        expect(allocation.totals.chargedMicros).toBe(sumOf(taken));
        for (const sums of [allocation.totals.byDay, allocation.totals.byAdGroupDay]) {
          expect([...sums.values()].reduce((sum, one) => sum + one, 0n)).toBe(sumOf(taken));
        }
      }),
    );
  });

  it('charges all of them when nothing is short', () => {
    fc.assert(
      fc.property(anyCharges, (charges) => {
        const plenty = { balance: sumOf(charges), total: sumOf(charges), daily: null, adGroupDaily: null };
        expect(allocateCharges(charges, plenty).refused).toEqual([]);
      }),
    );
  });
});

describe('coversAll', () => {
  it('says whether no charge is refused, however the charges are summed up and in whatever order', () => {
    const anyPart = fc.array(fc.nat(4), { minLength: 40, maxLength: 40 });
    const anyTight = fc.tuple(anyCharges, anyRemaining, anyPart, fc.bigInt({ min: -1n, max: 0n })).map(
      // Limits that are met exactly, or missed by one, are what a wrong comparison would go wrong at.
      ([charges, remaining, parts, off]) => ({
        charges,
        parts,
        remaining: off === 0n ? remaining : { ...remaining, balance: sumOf(charges) + (parts[0] === 0 ? off : 0n) },
      }),
    );
    fc.assert(
      fc.property(anyTight, ({ charges, remaining, parts }) => {
        const sums = new Map<string, { micros: bigint; day: string; adGroupId: string }>();
        charges.forEach(({ priceMicros, day, adGroupId }, i) => {
          const key = `${day} ${adGroupId} ${parts[i]}`;
          const micros = (sums.get(key)?.micros ?? 0n) + BigInt(priceMicros);
          sums.set(key, { micros, day, adGroupId });
        });
        const isRefused = allocateCharges(charges, remaining).refused.length > 0;
        expect(coversAll([...sums.values()], remaining)).toBe(!isRefused);
        expect(coversAll([...sums.values()].reverse(), remaining)).toBe(!isRefused);
      }),
      { numRuns: 500 },
    );
  });
});
