import { describe, expect, it } from '@jest/globals';
import fc from 'fast-check';
import { MAX_AMOUNT_MICROS } from '../core/money/micros.js';
import { writeBalance } from './balance.js';

describe('writeBalance', () => {
  it('writes amounts that add up exactly, however large', () => {
    const balances = fc.record({
      left: fc.integer({ min: 0, max: MAX_AMOUNT_MICROS }),
      spent: fc.bigInt(0n, 10n ** 24n),
      refunded: fc.bigInt(0n, 10n ** 18n),
    });
    fc.assert(
      fc.property(balances, ({ left, spent, refunded }) => {
        const credited = BigInt(left) + spent - refunded;
        const sums = { creditedMicros: String(credited), refundedMicros: String(refunded) };
        const text = writeBalance({ currency: 'KRW', balanceMicros: left, ...sums }, 0);
        expect(text).toBe(
          `{"balanceMicros":${left},"currency":"KRW","creditedMicros":${credited},"spentMicros":${spent},` +
            `"refundedMicros":${refunded},"asOf":"1970-01-01T00:00:00.000Z"}`,
        );
        expect(JSON.parse(text)).toMatchObject({ balanceMicros: left, creditedMicros: Number(credited) });
      }),
    );
  });
});
