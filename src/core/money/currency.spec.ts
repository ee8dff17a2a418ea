import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { InvariantViolation } from '../invariant-violation.js';
import { type ExchangeRates, fromBaseFloor, hasRate, isCurrency, toBase } from './currency.js';

const rates: ExchangeRates = {
  base: 'USD',
  rates: new Map([
    ['KRW', 0.00068],
    ['EUR', 1.09],
    ['KWD', 3.26],
    ['JPY', 0],
    ['VND', Number.NaN],
  ]),
};
const usable = fc.constantFrom('USD', 'KRW', 'EUR', 'KWD');
const amount = fc.integer({ min: 0, max: 1e12 });

describe('isCurrency', () => {
  it.each(['KRW', 'USD', 'EUR', 'JPY', 'XOF', 'ZWG'])('is true for %s', (code) => expect(isCurrency(code)).toBe(true));

  it.each(['', 'krw', 'KRWW', 'DEM', 'XAU', 'XXX', 'XTS', '원', 'toString', 'ABC'])('is false for %j', (code) =>
    expect(isCurrency(code)).toBe(false),
  );

  it('knows no code that Intl does not', () => {
    const known = Intl.supportedValuesOf('currency');
    const letters = [...'ABCDEFGHIJKLMNOPQRSTUVWXYZ'];
    const codes = letters.flatMap((a) => letters.flatMap((b) => letters.map((c) => a + b + c))).filter(isCurrency);
    expect(codes.length).toBeGreaterThan(150);
    expect(codes.filter((code) => !known.includes(code))).toEqual([]);
  });
});

describe('toBase and fromBaseFloor', () => {
  it('come back to the amount, or to one micro below it', () => {
    fc.assert(
      fc.property(amount, usable, (micros, currency) => {
        const back = fromBaseFloor(toBase(micros, currency, rates), currency, rates);
        expect(back === micros || back === micros - 1).toBe(true);
      }),
    );
  });

  it('keep the order of amounts within a currency, and are exact in the base', () => {
    fc.assert(
      fc.property(amount, amount, usable, (a, b, currency) => {
        expect(Math.sign(toBase(a, currency, rates) - toBase(b, currency, rates))).toBe(Math.sign(a - b));
        expect(toBase(a, 'USD', rates)).toBe(a);
        expect(fromBaseFloor(a, 'USD', rates)).toBe(a);
      }),
    );
  });

  it('compare currencies by their rates', () => {
    expect(toBase(1_000_000_000, 'KRW', rates)).toBeCloseTo(680_000, 3);
    expect(fromBaseFloor(680_000.9, 'KRW', rates)).toBe(1_000_001_323);
  });

  it('throw where there is no usable rate or no money', () => {
    for (const currency of ['GBP', 'JPY', 'VND']) {
      expect(() => toBase(1, currency, rates)).toThrow(InvariantViolation);
      expect(() => fromBaseFloor(1, currency, rates)).toThrow(InvariantViolation);
    }
    expect(() => toBase(0.5, 'KRW', rates)).toThrow(InvariantViolation);
    expect(() => fromBaseFloor(Number.NaN, 'KRW', rates)).toThrow(InvariantViolation);
    expect(() => fromBaseFloor(9e15, 'KRW', rates)).toThrow(InvariantViolation);
  });
});

describe('hasRate', () => {
  it('is true for the base and for what is listed', () => {
    expect(['USD', 'KRW', 'GBP'].map((currency) => hasRate(currency, rates))).toEqual([true, true, false]);
  });
});
