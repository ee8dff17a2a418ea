import { Micros, NestedList, OneOf, Text } from '../../platform/http/fields.js';
import { MAX_PAGE_SIZE } from '../../platform/http/page.js';
import { AD_GROUP_ID, CAMPAIGN_ID, NEXT_CURSOR } from './entity.dto.js';
import { EnteredTransferDto, REASON } from './transfer.dto.js';

const KINDS = ['credit', 'charge', 'refund'] as const;

export class TransferDto extends EnteredTransferDto {
  @OneOf(KINDS, { description: 'Credits and refunds raise the balance, charges lower it', example: 'charge' })
  kind!: (typeof KINDS)[number];

  @Micros({ description: 'The amount, in micros of its currency', example: 5_000_000 })
  amountMicros!: number;

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
}

export class TransferPageDto {
  @NestedList(() => TransferDto, { description: 'The transfers in the order of their entry', max: MAX_PAGE_SIZE })
  data!: readonly TransferDto[];

  @Text(NEXT_CURSOR)
  nextCursor!: string | null;
}
