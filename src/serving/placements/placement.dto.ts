import { Micros, Whole } from '../../platform/http/fields.js';
import type { PlacementEntity } from './placement.entity.js';

/** The rules of a placement, as `PUT` sets them. */
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
}

export class PlacementDto extends PlacementRulesDto {
  constructor(entity: PlacementEntity) {
    super();
    this.id = entity.id;
    this.maxMessages = entity.maxMessages;
    this.firstPosition = entity.firstPosition;
    this.spacing = entity.spacing;
    this.refreshAfterSeconds = entity.refreshAfterSeconds;
    this.holdSeconds = entity.holdSeconds;
    this.floorMicros = Number(entity.floorMicros);
    this.version = entity.version;
  }

  @Whole({ description: 'Raised by each change; send it as `If-Match`', example: 1, min: 1, max: 2_147_483_647 })
  version: number;

  id: string;
}
