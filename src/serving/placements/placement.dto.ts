import { ApiProperty } from '@nestjs/swagger';
import { FREQUENCY_CAPS_SCHEMA } from '../../campaigns/campaigns.api.js';
import { Flag, Micros, NestedList, RawJson, Share, Text, Whole } from '../../platform/http/fields.js';
import { MAX_PAGE_SIZE } from '../../platform/http/page.js';
import type { PlacementEntity } from './placement.entity.js';

const MOST_A_DAY = 10_000;
const LONGEST_GAP_SECONDS = 7 * 86_400;

/** The rules of a placement, as `PUT` sets them: what is absent gets its default. */
export class PlacementRulesDto {
  @Whole({ description: 'Most sponsored messages in one list', example: 3, min: 0, max: 20 })
  maxMessages!: number;

  @Whole({ description: '0-based index of the first sponsored message', example: 1, min: 0, max: 1000 })
  firstPosition!: number;

  @Whole({ description: 'Chats between two sponsored messages', example: 6, min: 0, max: 1000 })
  spacing!: number;

  @Whole({ description: 'After how long the chat list asks anew, in seconds', example: 300, min: 1, max: 86_400 })
  refreshAfterSeconds!: number;

  @Whole({
    description: 'How long a placed message may wait for its impression, in seconds',
    example: 600,
    min: 1,
    max: 86_400,
  })
  holdSeconds!: number;

  @Micros({
    description: 'Lowest eCPM, in micros of the base currency for 1,000 impressions; absent: 0',
    example: 1_000_000,
    optional: true,
    min: 0,
  })
  floorMicros?: number;

  @Flag({
    description: 'Whether an advertiser may have several messages in one list; absent: false',
    example: false,
    optional: true,
  })
  allowsRepeats?: boolean;

  @Whole({
    description:
      'Most sponsored messages to one member in any 24 hours, whatever the placement they were in: impressions, and ' +
      'messages that wait for theirs; absent or null: not limited',
    example: 30,
    optional: true,
    nullable: true,
    min: 1,
    max: MOST_A_DAY,
  })
  maxPerMemberPerDay?: number | null;

  @Whole({
    description:
      'Least time since a member was last given or saw a sponsored message, in seconds; messages of one list may stand ' +
      'together; absent or null: none',
    example: 120,
    optional: true,
    nullable: true,
    min: 1,
    max: LONGEST_GAP_SECONDS,
  })
  minGapSeconds?: number | null;

  @Whole({
    description: 'Most messages of one advertiser to one member in any 24 hours; absent or null: not limited',
    example: 6,
    optional: true,
    nullable: true,
    min: 1,
    max: MOST_A_DAY,
  })
  maxPerAdvertiserPerDay?: number | null;

  @Whole({
    description:
      'Least time since a member was last given or saw a message of the same advertiser, in seconds; absent or null: none',
    example: 1800,
    optional: true,
    nullable: true,
    min: 1,
    max: LONGEST_GAP_SECONDS,
  })
  minAdvertiserGapSeconds?: number | null;

  @Share({
    description: 'Lowest predicted click-through rate that is placed, clicks for an impression, 0 to 1; absent: 0',
    example: 0.002,
    optional: true,
  })
  leastCtr?: number;

  @Share({
    description: 'Lowest relevance to the member that is placed, 0 to 1; absent: 0',
    example: 0.6,
    optional: true,
  })
  leastRelevance?: number;

  @RawJson(
    {
      description:
        'How often one member sees messages in this placement, of all advertisers together, beside the rules above; ' +
        'calendar windows are counted in UTC. Absent or empty: not limited',
      example: [{ limit: 20, window: { length: 1, unit: 'day', kind: 'rolling' } }],
    },
    FREQUENCY_CAPS_SCHEMA,
  )
  frequencyCaps?: unknown;
}

export class PlacementDto extends PlacementRulesDto {
  @Whole({ description: 'Raised by each change; send it as `If-Match`', example: 1, min: 1, max: 2_147_483_647 })
  version!: number;

  @ApiProperty({ description: 'Id of the placement', example: 'chat_list' })
  id!: string;
}

export class PlacementPageDto {
  @NestedList(() => PlacementDto, { description: 'The placements by id', max: MAX_PAGE_SIZE })
  data!: readonly PlacementDto[];

  @Text({ description: '`cursor` of the next page; null on the last one', example: null, max: 200, nullable: true })
  nextCursor!: string | null;
}

export function toPlacementDto(entity: PlacementEntity): PlacementDto {
  return {
    id: entity.id,
    maxMessages: entity.maxMessages,
    firstPosition: entity.firstPosition,
    spacing: entity.spacing,
    refreshAfterSeconds: entity.refreshAfterSeconds,
    holdSeconds: entity.holdSeconds,
    floorMicros: Number(entity.floorMicros),
    allowsRepeats: entity.allowsRepeats,
    maxPerMemberPerDay: entity.maxPerMemberPerDay,
    minGapSeconds: entity.minGapSeconds,
    maxPerAdvertiserPerDay: entity.maxPerAdvertiserPerDay,
    minAdvertiserGapSeconds: entity.minAdvertiserGapSeconds,
    leastCtr: entity.leastCtr,
    leastRelevance: entity.leastRelevance,
    frequencyCaps: entity.frequencyCaps,
    version: entity.version,
  };
}
