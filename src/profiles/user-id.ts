import { Injectable, type PipeTransform } from '@nestjs/common';
import { invalid } from '../platform/app-error.js';
import { USER_ID_FORM, USER_ID_PATTERN } from './profiles.api.js';

export const USER_ID_MESSAGE = `must be ${USER_ID_FORM}`;

export function isUserId(value: unknown): value is string {
  return typeof value === 'string' && USER_ID_PATTERN.test(value);
}

/** For `@Param('userId', UserIdPipe)`. */
@Injectable()
export class UserIdPipe implements PipeTransform<unknown, string> {
  transform(value: unknown): string {
    if (!isUserId(value)) throw invalid([{ path: 'userId', message: USER_ID_MESSAGE }]);
    return value;
  }
}
