import { SEGMENT_ID_RULE } from '../core/targeting/vocabulary.js';
import { Flag, Instant, Nested, NestedList, Text } from '../platform/http/fields.js';
import { MAX_PAGE_SIZE } from '../platform/http/page.js';

const SEGMENT_ID = { max: 64, pattern: SEGMENT_ID_RULE.pattern, form: SEGMENT_ID_RULE.expects };
const ID = {
  description: 'Id of the segment, by which profiles and expressions name it',
  example: 'auto.ev',
  ...SEGMENT_ID,
};
const NAME = { description: 'Names for people; at least one' };
const PARENT_ID = {
  description: 'The segment that this one is part of',
  example: 'auto',
  ...SEGMENT_ID,
  nullable: true,
};
const SENSITIVE = { description: 'Tells of something that members may not want to be addressed by', example: false };

export class SegmentNameDto {
  @Text({ description: 'Korean name', example: '전기차', max: 100, optional: true })
  ko?: string;

  @Text({ description: 'English name', example: 'Electric cars', max: 100, optional: true })
  en?: string;
}

export class PostSegmentDto {
  @Text(ID)
  id!: string;

  @Nested(() => SegmentNameDto, NAME)
  name!: SegmentNameDto;

  @Text({ ...PARENT_ID, optional: true })
  parentId?: string | null;

  @Flag({ ...SENSITIVE, optional: true })
  sensitive?: boolean;
}

export class SegmentDto {
  @Text(ID)
  id!: string;

  @Nested(() => SegmentNameDto, NAME)
  name!: SegmentNameDto;

  @Text(PARENT_ID)
  parentId!: string | null;

  @Flag(SENSITIVE)
  sensitive!: boolean;

  @Instant({ description: 'When it was changed last, ISO 8601 UTC', example: '2026-11-22T09:00:00.000Z' })
  updatedAt!: string;
}

export class SegmentPageDto {
  @NestedList(() => SegmentDto, { description: 'The segments by id', max: MAX_PAGE_SIZE })
  data!: readonly SegmentDto[];

  @Text({
    description: '`cursor` of the next page; null on the last one',
    example: null,
    max: 200,
    nullable: true,
  })
  nextCursor!: string | null;
}
