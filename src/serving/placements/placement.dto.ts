import { ApiProperty } from '@nestjs/swagger';
import { FREQUENCY_CAPS_SCHEMA } from '../../campaigns/campaigns.api.js';
import { Flag, Micros, NestedList, RawJson, Share, Text, Whole } from '../../platform/http/fields.js';
import { MAX_PAGE_SIZE } from '../../platform/http/page.js';
import type { PlacementEntity } from './placement.entity.js';

const MOST_A_DAY = 10_000;
const LONGEST_GAP_SECONDS = 7 * 86_400;

const FLOOR = {
  description: 'Lowest eCPM, in micros of the base currency for 1,000 impressions; absent: 0',
  example: 1_000_000,
  min: 0,
};
const ALLOWS_REPEATS = {
  description: 'Whether an advertiser may have several messages in one list; absent: false',
  example: false,
};
const MOST_PER_MEMBER = {
  description:
    'Most sponsored messages to one member in any 24 hours, whatever the placement they were in: impressions, and ' +
    'messages that wait for theirs; absent or null: not limited',
  example: 30,
  nullable: true,
  min: 1,
  max: MOST_A_DAY,
};
const LEAST_GAP = {
  description:
    'Least time since a member was last given or saw a sponsored message, in seconds; messages of one list may stand ' +
    'together; absent or null: none',
  example: 120,
  nullable: true,
  min: 1,
  max: LONGEST_GAP_SECONDS,
};
const MOST_PER_ADVERTISER = {
  description: 'Most messages of one advertiser to one member in any 24 hours; absent or null: not limited',
  example: 6,
  nullable: true,
  min: 1,
  max: MOST_A_DAY,
};
const LEAST_ADVERTISER_GAP = {
  description:
    'Least time since a member was last given or saw a message of the same advertiser, in seconds; absent or null: none',
  example: 1800,
  nullable: true,
  min: 1,
  max: LONGEST_GAP_SECONDS,
};
const LEAST_CTR = {
  description: 'Lowest predicted click-through rate that is placed, clicks for an impression, 0 to 1; absent: 0',
  example: 0.002,
};
const LEAST_RELEVANCE = {
  description: 'Lowest relevance to the member that is placed, 0 to 1; absent: 0',
  example: 0.6,
};
const CAPS = {
  description:
    'How often one member sees messages in this placement, of all advertisers together, beside the rules above; ' +
    'calendar windows are counted in UTC. Absent or empty: not limited',
  example: [{ limit: 20, window: { length: 1, unit: 'day', kind: 'rolling' } }],
};

/** The rules that have no default. */
class PlacementLayoutDto {
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
}

/** The rules of a placement, as `PUT` sets them: what is absent gets its default. */
export class PlacementRulesDto extends PlacementLayoutDto {
  @Micros({ ...FLOOR, optional: true })
  floorMicros?: number;

  @Flag({ ...ALLOWS_REPEATS, optional: true })
  allowsRepeats?: boolean;

  @Whole({ ...MOST_PER_MEMBER, optional: true })
  maxPerMemberPerDay?: number | null;

  @Whole({ ...LEAST_GAP, optional: true })
  minGapSeconds?: number | null;

  @Whole({ ...MOST_PER_ADVERTISER, optional: true })
  maxPerAdvertiserPerDay?: number | null;

  @Whole({ ...LEAST_ADVERTISER_GAP, optional: true })
  minAdvertiserGapSeconds?: number | null;

  @Share({ ...LEAST_CTR, optional: true })
  leastCtr?: number;

  @Share({ ...LEAST_RELEVANCE, optional: true })
  leastRelevance?: number;

  @RawJson({ ...CAPS, optional: true }, FREQUENCY_CAPS_SCHEMA)
  frequencyCaps?: unknown;
}

/** A placement as it is answered: of its rules none is absent. */
export class PlacementDto extends PlacementLayoutDto {
  @Micros(FLOOR)
  floorMicros!: number;

  @Flag(ALLOWS_REPEATS)
  allowsRepeats!: boolean;

  @Whole(MOST_PER_MEMBER)
  maxPerMemberPerDay!: number | null;

  @Whole(LEAST_GAP)
  minGapSeconds!: number | null;

  @Whole(MOST_PER_ADVERTISER)
  maxPerAdvertiserPerDay!: number | null;

  @Whole(LEAST_ADVERTISER_GAP)
  minAdvertiserGapSeconds!: number | null;

  @Share(LEAST_CTR)
  leastCtr!: number;

  @Share(LEAST_RELEVANCE)
  leastRelevance!: number;

  @RawJson({ ...CAPS, optional: false }, FREQUENCY_CAPS_SCHEMA)
  frequencyCaps!: unknown;

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
