import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { hasBit } from './bit-row.js';
import { SlotOrder } from './slot-order.js';

const WORDS = 4;
const SLOTS = WORDS * 32;

/** A fresh order of falling bounds, from `highest` on, that fills `count` slots. */
function fresh(count: number, highest = 1_000): SlotOrder {
  const order = new SlotOrder(WORDS);
  for (let rank = 0; rank < count; rank++) order.take(SlotOrder.slotOfRank(rank), highest - rank);
  return order;
}

describe('SlotOrder', () => {
  it('never has a bound after a word that promises less, whatever is put in and taken out', () => {
    const deed = fc.oneof(
      fc.record({ bound: fc.integer({ min: 1, max: 20 }) }),
      fc.record({ taken: fc.nat(SLOTS - 1) }),
    );
    fc.assert(
      fc.property(fc.array(deed, { maxLength: 300 }), (deeds) => {
        const order = new SlotOrder(WORDS);
        const bounds = new Map<number, number>();
        for (const one of deeds) {
          if ('taken' in one) {
            if (bounds.delete(one.taken)) order.free(one.taken);
            continue;
          }
          const slot = order.place(one.bound);
          expect(slot < 0).toBe(bounds.size === SLOTS);
          expect(bounds.has(slot)).toBe(false);
          if (slot >= 0) bounds.set(slot, one.bound);
        }
        for (const [slot, bound] of bounds) {
          expect(hasBit(order.live, slot)).toBe(true);
          expect(order.highestFrom[slot >>> 5]).toBeGreaterThanOrEqual(bound);
        }
        expect([...order.highestFrom]).toEqual([...order.highestFrom].sort((a, b) => b - a));
        expect(order.highestFrom[WORDS]).toBe(-Infinity);
      }),
    );
  });

  it('puts what comes later into the gaps at its rank, which loosens nothing', () => {
    const order = fresh(112);
    const before = [...order.highestFrom];
    // Bounds of the second word: from 972 down to 945.
    for (const bound of [972, 960, 945]) expect(order.place(bound) >>> 5).toBe(1);
    expect([...order.highestFrom]).toEqual(before);
    expect(order.late).toBe(0);
  });

  it('goes before its rank where there is no room at it, up to the very first word', () => {
    const order = fresh(112);
    const placed = Array.from({ length: 8 }, () => order.place(950) >>> 5);
    expect(placed).toEqual([1, 1, 1, 1, 0, 0, 0, 0]);
    expect(order.late).toBe(0);
  });

  it('goes to the next word after its rank where there is no room before it either, and counts as late', () => {
    const order = fresh(112);
    for (let i = 0; i < 8; i++) order.place(950);
    expect(order.place(950) >>> 5).toBe(2);
    expect(order.highestFrom[2]).toBe(950);
    expect(order.late).toBe(1);
    expect(order.place(2_000) >>> 5).toBe(2);
    expect([...order.highestFrom].slice(0, 3)).toEqual([2_000, 2_000, 2_000]);
    expect(order.late).toBe(2);
  });

  it('has no slot once all are taken, until one is free', () => {
    const order = fresh(0);
    for (let i = 0; i < SLOTS; i++) expect(order.place(5)).toBeGreaterThanOrEqual(0);
    expect(order.place(5)).toBe(-1);
    order.free(70);
    expect(order.place(5)).toBe(70);
  });
});
