import { Instant, Micros, NestedList, Share, Text } from '../../platform/http/fields.js';
import { MAX_PAGE_SIZE } from '../../platform/http/page.js';

export class ThrottleDto {
  @Text({ description: 'Id of the campaign', example: 'cmp_01KAN2ZDZ6A8B0C2D4E6F8G0H2', max: 64 })
  campaignId!: string;

  @Share({ description: 'Share of the requests that it takes part in', example: 0.31 })
  passShare!: number;

  @Share({ description: 'Factor of its score, from 0.5 to 1; below 1 where spend is ahead of the plan', example: 1 })
  rankFactor!: number;

  @Micros({
    description: "Budget of the plan's period (the advertiser's day, or the schedule for a total budget), in micros",
    example: 500_000_000_000,
    min: 0,
  })
  budgetMicros!: number;

  @Micros({ description: 'Planned spend in the period as of `decidedAt`, in micros', example: 120_000_000_000, min: 0 })
  plannedMicros!: number;

  @Micros({
    description: 'Spend in the period as of `decidedAt`, settled or accepted, in micros',
    example: 119_500_000_000,
    min: 0,
  })
  spentMicros!: number;

  @Instant({ description: 'Start of the period', example: '2026-11-21T15:00:00.000Z' })
  periodStartsAt!: string;

  @Instant({ description: 'End of the period', example: '2026-11-22T15:00:00.000Z' })
  periodEndsAt!: string;

  @Instant({ description: 'When it was decided', example: '2026-11-22T03:00:00.000Z' })
  decidedAt!: string;
}

export class ThrottlePageDto {
  @NestedList(() => ThrottleDto, { description: 'In the order of the ids of their campaigns', max: MAX_PAGE_SIZE })
  data!: readonly ThrottleDto[];

  @Text({ description: '`cursor` for the next page; null on the last one', example: null, max: 200, nullable: true })
  nextCursor!: string | null;
}
