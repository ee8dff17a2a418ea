import { Flag, Instant, Whole } from '../../platform/http/fields.js';

const MOST_CAMPAIGNS = 1_000_000_000;

export class PacingRunDto {
  @Instant({ description: 'The time as of which the step was asked for', example: '2026-11-22T03:00:00.000Z' })
  runAt!: string;

  @Flag({ description: 'False: a step was made as of a later time already, and this one was left out', example: true })
  made!: boolean;

  @Whole({ description: 'Campaigns that run evenly paced', example: 120, min: 0, max: MOST_CAMPAIGNS })
  campaigns!: number;

  @Whole({ description: 'Those that got another decision', example: 14, min: 0, max: MOST_CAMPAIGNS })
  changed!: number;
}
