import { Instant, Whole } from '../../platform/http/fields.js';

/** Descriptions that the resources of the advertisers' side share. */
export const ADVERTISER_ID = {
  description: 'Id of the advertiser',
  example: 'adv_01KAN2Z5T8Q0V4W6X8Y0Z2B4D6',
  max: 64,
};
export const CAMPAIGN_ID = { description: 'Id of the campaign', example: 'cmp_01KAN2ZAB3C5D7E9F1G3H5J7K9', max: 64 };
export const AD_GROUP_ID = { description: 'Id of the ad group', example: 'adg_01KAN2ZBM4N6P8Q0R2S4T6V8W0', max: 64 };
export const CREATIVE_ID = { description: 'Id of the creative', example: 'crv_01KAN2ZCX5Y7Z9A1B3C5D7E9F1', max: 64 };

export const NEXT_CURSOR = {
  description: '`cursor` of the next page; null on the last one',
  example: null,
  max: 200,
  nullable: true,
};

export class EntityDto {
  @Whole({
    description: 'Counts the changes, from 1; send it back as `If-Match` with an update',
    example: 1,
    min: 1,
    max: 2 ** 31 - 1,
  })
  version!: number;

  @Instant({ description: 'When it was created, ISO 8601 UTC', example: '2026-11-22T09:00:00.000Z' })
  createdAt!: string;

  @Instant({ description: 'When it was changed last, ISO 8601 UTC', example: '2026-11-22T09:00:00.000Z' })
  updatedAt!: string;
}
