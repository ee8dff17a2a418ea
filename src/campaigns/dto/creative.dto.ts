import { LANGUAGE_PATTERN } from '../../core/targeting/vocabulary.js';
import type { FrequencyCap } from '../../core/capping/frequency-cap.js';
import { NestedList, OneOf, RawJson, Text, WebAddress } from '../../platform/http/fields.js';
import { MAX_PAGE_SIZE } from '../../platform/http/page.js';
import { AD_GROUP_ID, CREATIVE_ID, EntityDto, NEXT_CURSOR } from './entity.dto.js';
import { FREQUENCY_CAPS_SCHEMA } from './wire-schemas.js';

export const CREATIVE_STATUSES = ['pending', 'approved', 'rejected'] as const;
export type CreativeStatus = (typeof CREATIVE_STATUSES)[number];

const SENDER_NAME = { description: 'Who the message seems to come from in the list', example: '한빛전자', max: 60 };
const TITLE = { description: 'First line of the message', example: '새 전기차 시승 신청', max: 120 };
const BODY = {
  description: 'Text of the message',
  example: '이번 주말, 가까운 전시장에서 만나 보세요.',
  max: 1000,
  multiline: true,
};
const IMAGE_URL = { description: 'Address of the picture beside it', example: 'https://cdn.example.com/ev.png' };
const CALL_TO_ACTION = { description: 'What the button says', example: '시승 신청', max: 40 };
const LANDING_URL = { description: 'Where a tap leads', example: 'https://example.com/ev' };
const LANGUAGE = {
  description: 'BCP 47 language of the message, lower-case first; without it the message suits every language',
  example: 'ko',
  max: 128,
  pattern: LANGUAGE_PATTERN,
  form: 'a BCP 47 tag that starts with a lower-case language, such as "ko" or "zh-Hant"',
};
const FREQUENCY_CAPS = {
  description:
    'How often one member sees this creative: when full, another creative of the ad group is shown; an empty list does not limit',
  example: [{ limit: 1, window: { length: 1, unit: 'day', kind: 'rolling' } }],
};
const REASON = {
  description: 'Why it was rejected; told to the advertiser',
  example: '과장 광고',
  max: 500,
  multiline: true,
};

export class CreateCreativeDto {
  @Text(SENDER_NAME)
  senderName!: string;

  @Text(TITLE)
  title!: string;

  @Text(BODY)
  body!: string;

  @WebAddress({ ...IMAGE_URL, optional: true })
  imageUrl?: string;

  @Text(CALL_TO_ACTION)
  callToAction!: string;

  @WebAddress(LANDING_URL)
  landingUrl!: string;

  @Text({ ...LANGUAGE, optional: true })
  language?: string;

  @RawJson(FREQUENCY_CAPS, FREQUENCY_CAPS_SCHEMA)
  frequencyCaps?: unknown;
}

export class UpdateCreativeDto {
  @Text({ ...SENDER_NAME, optional: true })
  senderName?: string;

  @Text({ ...TITLE, optional: true })
  title?: string;

  @Text({ ...BODY, optional: true })
  body?: string;

  @WebAddress({ ...IMAGE_URL, optional: true, nullable: true })
  imageUrl?: string | null;

  @Text({ ...CALL_TO_ACTION, optional: true })
  callToAction?: string;

  @WebAddress({ ...LANDING_URL, optional: true })
  landingUrl?: string;

  @Text({ ...LANGUAGE, optional: true, nullable: true })
  language?: string | null;

  @RawJson(FREQUENCY_CAPS, FREQUENCY_CAPS_SCHEMA)
  frequencyCaps?: unknown;
}

export class ApproveCreativeDto {
  @Text({
    description: 'Taken for symmetry with a rejection; it is not kept',
    example: '확인',
    max: 500,
    multiline: true,
    optional: true,
  })
  reason?: string;
}

export class RejectCreativeDto {
  @Text({ ...REASON, optional: true })
  reason?: string;
}

export class CreativeDto extends EntityDto {
  @Text(CREATIVE_ID)
  id!: string;

  @Text(AD_GROUP_ID)
  adGroupId!: string;

  @Text(SENDER_NAME)
  senderName!: string;

  @Text(TITLE)
  title!: string;

  @Text(BODY)
  body!: string;

  @WebAddress({ ...IMAGE_URL, optional: true })
  imageUrl?: string;

  @Text(CALL_TO_ACTION)
  callToAction!: string;

  @WebAddress(LANDING_URL)
  landingUrl!: string;

  @Text({ ...LANGUAGE, optional: true })
  language?: string;

  @RawJson({ ...FREQUENCY_CAPS, optional: false }, FREQUENCY_CAPS_SCHEMA)
  frequencyCaps!: readonly FrequencyCap[];

  @OneOf(CREATIVE_STATUSES, { description: 'Only an approved creative is shown', example: 'pending' })
  status!: CreativeStatus;

  @Text({ ...REASON, optional: true })
  rejectionReason?: string;
}

export class CreativePageDto {
  @NestedList(() => CreativeDto, { description: 'The creatives in the order of their creation', max: MAX_PAGE_SIZE })
  data!: readonly CreativeDto[];

  @Text(NEXT_CURSOR)
  nextCursor!: string | null;
}
