import { Instant, Micros, NestedList, OneOf, Text } from '../../platform/http/fields.js';
import { MAX_PAGE_SIZE } from '../../platform/http/page.js';
import { CURRENCY, REASON } from './credit.dto.js';
import { AD_GROUP_ID, CAMPAIGN_ID, NEXT_CURSOR } from './entity.dto.js';

const KINDS = ['credit', 'charge', 'refund'] as const;

export class TransferDto {
  @Text({ description: 'Id of the transfer', example: 'trf_01KAN2ZDZ6A8B0C2D4E6F8G0H2', max: 64 })
  id!: string;

  @OneOf(KINDS, { description: 'Credits and refunds raise the balance, charges lower it', example: 'charge' })
  kind!: (typeof KINDS)[number];

  @Micros({ description: 'The amount, in micros of its currency', example: 5_000_000 })
  amountMicros!: number;

  @Text(CURRENCY)
  currency!: string;

  @Text({ ...REASON, nullable: true })
  reason!: string | null;

  @Text({ description: 'What makes it unique among its kind', example: 'invoice-2026-0042', max: 500 })
  reference!: string;

  @Text({ ...CAMPAIGN_ID, nullable: true })
  campaignId!: string | null;

  @Text({ ...AD_GROUP_ID, nullable: true })
  adGroupId!: string | null;

  @Text({
    description: "The local day that it belongs to, in the advertiser's time zone",
    example: '2026-11-20',
    max: 10,
    nullable: true,
  })
  day!: string | null;

  @Instant({ description: 'When it was entered, ISO 8601 UTC', example: '2026-11-22T09:00:00.000Z' })
  createdAt!: string;
}

export class TransferPageDto {
  @NestedList(() => TransferDto, { description: 'The transfers in the order of their entry', max: MAX_PAGE_SIZE })
  data!: readonly TransferDto[];

  @Text(NEXT_CURSOR)
  nextCursor!: string | null;
}
