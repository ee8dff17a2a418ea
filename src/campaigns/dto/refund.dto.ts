import { Micros, Text } from '../../platform/http/fields.js';
import { AD_GROUP_ID, ADVERTISER_ID, CAMPAIGN_ID } from './entity.dto.js';
import { EnteredTransferDto, REASON } from './transfer.dto.js';

const AMOUNT = { description: "What is given back, in micros of the advertiser's currency", example: 5_000_000 };
const REFERENCE = {
  description: 'Your name for the refund, unique to it: sent again, it is not given back again',
  example: 'refund-2026-0007',
  max: 200,
};
const DAY = {
  description: "The local day of the charges, in the advertiser's time zone",
  example: '2026-11-20',
  max: 10,
  pattern: /^\d{4}-\d\d-\d\d$/,
  form: 'a date such as 2026-11-20',
};

export class CreateRefundDto {
  @Micros(AMOUNT)
  amountMicros!: number;

  @Text(REFERENCE)
  reference!: string;

  @Text(REASON)
  reason!: string;

  @Text({ ...CAMPAIGN_ID, description: 'Whose charges; absent: of all campaigns', optional: true })
  campaignId?: string;

  @Text({ ...AD_GROUP_ID, description: 'Whose charges; absent: of all ad groups', optional: true })
  adGroupId?: string;

  @Text({ ...DAY, optional: true })
  day?: string;
}

export class RefundDto extends EnteredTransferDto {
  @Text(ADVERTISER_ID)
  advertiserId!: string;

  @Micros(AMOUNT)
  amountMicros!: number;

  @Text(REFERENCE)
  reference!: string;

  @Text(REASON)
  reason!: string;

  @Text({ ...CAMPAIGN_ID, nullable: true })
  campaignId!: string | null;

  @Text({ ...AD_GROUP_ID, nullable: true })
  adGroupId!: string | null;

  @Text({ ...DAY, nullable: true })
  day!: string | null;
}
