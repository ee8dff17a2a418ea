import { Instant, Text } from '../../platform/http/fields.js';

/** What is told alike of every transfer of the ledger: what was paid in, charged, or given back. */
export const REASON = {
  description: 'Why, in words for the advertiser to read',
  example: '11월 20일 장애 보상',
  max: 500,
  multiline: true,
};
export const CURRENCY = { description: "The advertiser's currency, ISO 4217", example: 'KRW', max: 3 };

export class EnteredTransferDto {
  @Text({ description: 'Id of the transfer in the ledger', example: 'trf_01KAN2ZDZ6A8B0C2D4E6F8G0H2', max: 64 })
  id!: string;

  @Text(CURRENCY)
  currency!: string;

  @Instant({ description: 'When it was entered, ISO 8601 UTC', example: '2026-11-22T09:00:00.000Z' })
  createdAt!: string;
}
