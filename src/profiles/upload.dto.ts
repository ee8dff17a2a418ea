import { NestedList, Text, Whole } from '../platform/http/fields.js';
import { MAX_REJECTED_LINES } from './upload-verdicts.js';

export class RejectedLineDto {
  @Whole({
    description: 'Number of the line, from 1, blank lines included',
    example: 17,
    min: 1,
    max: Number.MAX_SAFE_INTEGER,
  })
  line!: number;

  @Text({ description: 'Stable code of the fault', example: 'invalid_request', max: 64 })
  code!: string;

  @Text({ description: 'What would be right', example: 'interests.auto.ev: must be a weight from 0 to 1', max: 500 })
  message!: string;
}

/** Lines that were found wrong when read, and segments that were found misplaced afterwards. */
const MAX_LISTED = 11_001;

export class UploadResultDto {
  @Whole({ description: 'Lines that were taken', example: 9998, min: 0, max: Number.MAX_SAFE_INTEGER })
  accepted!: number;

  @NestedList(() => RejectedLineDto, {
    description:
      `The lines that were not taken. After ${MAX_REJECTED_LINES} of them reading stops, and a last entry with the code ` +
      '`too_many_rejected_lines` names the first line that was left unread',
    max: MAX_LISTED,
  })
  rejected!: readonly RejectedLineDto[];
}
