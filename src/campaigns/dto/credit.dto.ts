import { Instant, Micros, Text } from '../../platform/http/fields.js';
import { ADVERTISER_ID } from './entity.dto.js';

const AMOUNT = {
  description: "What was paid in, in micros of the advertiser's currency (₩1 is 1,000,000)",
  example: 1_000_000_000_000,
};
const REFERENCE = {
  description: 'Your name for the payment, unique to it: sent again, it is not credited again',
  example: 'invoice-2026-0042',
  max: 200,
};
export const REASON = {
  description: 'Why, in words for the advertiser to read',
  example: '11월 20일 장애 보상',
  max: 500,
};
export const CURRENCY = { description: "The advertiser's currency, ISO 4217", example: 'KRW', max: 3 };

export class CreateCreditDto {
  @Micros(AMOUNT)
  amountMicros!: number;

  @Text(REFERENCE)
  reference!: string;

  @Text({ ...REASON, optional: true })
  reason?: string;
}

export class CreditDto {
  @Text({ description: 'Id of the transfer in the ledger', example: 'trf_01KAN2ZDZ6A8B0C2D4E6F8G0H2', max: 64 })
  id!: string;

  @Text(ADVERTISER_ID)
  advertiserId!: string;

  @Micros(AMOUNT)
  amountMicros!: number;

  @Text(CURRENCY)
  currency!: string;

  @Text(REFERENCE)
  reference!: string;

  @Text({ ...REASON, nullable: true })
  reason!: string | null;

  @Instant({ description: 'When it was credited, ISO 8601 UTC', example: '2026-11-22T09:00:00.000Z' })
  createdAt!: string;
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
