/** What is left of an advertiser's prepaid money, and what was ever paid in and given back; sums as text, as they may pass 2^53. */
export interface Balance {
  readonly currency: string;
  readonly balanceMicros: number;
  readonly creditedMicros: string;
  readonly refundedMicros: string;
}

/** The answer as JSON text: JSON can write whole numbers above 2^53, `JSON.stringify` can't. */
export function writeBalance(
  { currency, balanceMicros, creditedMicros, refundedMicros }: Balance,
  now: number,
): string {
  const spentMicros = BigInt(creditedMicros) + BigInt(refundedMicros) - BigInt(balanceMicros);
  return (
    `{"balanceMicros":${balanceMicros},"currency":${JSON.stringify(currency)},"creditedMicros":${creditedMicros},` +
    `"spentMicros":${spentMicros},"refundedMicros":${refundedMicros},"asOf":"${new Date(now).toISOString()}"}`
  );
}
