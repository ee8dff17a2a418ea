import { Instant, Micros, Text } from '../../platform/http/fields.js';
import { ADVERTISER_ID } from './entity.dto.js';
import { CURRENCY, EnteredTransferDto, REASON } from './transfer.dto.js';

const AMOUNT = {
  description: "What was paid in, in micros of the advertiser's currency (₩1 is 1,000,000)",
  example: 1_000_000_000_000,
};
const REFERENCE = {
  description: 'Your name for the payment, unique to it: sent again, it is not credited again',
  example: 'invoice-2026-0042',
  max: 200,
};

export class CreateCreditDto {
  @Micros(AMOUNT)
  amountMicros!: number;

  @Text(REFERENCE)
  reference!: string;

  @Text({ ...REASON, optional: true })
  reason?: string;
}

export class CreditDto extends EnteredTransferDto {
  @Text(ADVERTISER_ID)
  advertiserId!: string;

  @Micros(AMOUNT)
  amountMicros!: number;

  @Text(REFERENCE)
  reference!: string;

  @Text({ ...REASON, nullable: true })
  reason!: string | null;
}

export class BalanceDto {
  @Micros({
    description: "What is left to spend, in micros of the advertiser's currency",
    example: 999_000_000_000,
    min: 0,
  })
  balanceMicros!: number;

  @Text(CURRENCY)
  currency!: string;

  @Micros({ description: 'All that was ever paid in, in micros', example: 1_000_000_000_000, min: 0 })
  creditedMicros!: number;

  @Micros({
    description: 'All that was ever charged, in micros: what was paid in and given back, less what is left',
    example: 1_000_000_000,
    min: 0,
  })
  spentMicros!: number;

  @Micros({ description: 'All that was ever given back by refunds, in micros', example: 0, min: 0 })
  refundedMicros!: number;

  @Instant({ description: 'The time of this balance, ISO 8601 UTC', example: '2026-11-22T09:00:00.000Z' })
  asOf!: string;
}
