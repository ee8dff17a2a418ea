import { createParamDecorator, type ExecutionContext } from '@nestjs/common';
import type { FastifyRequest } from 'fastify';
import { AppError, malformed } from '../app-error.js';

/** The version that the caller saw last, from `If-Match: "3"`; null when the header is absent. */
export const IfMatch = createParamDecorator((_data: unknown, context: ExecutionContext): number | null => {
  const header = context.switchToHttp().getRequest<FastifyRequest>().headers['if-match'];
  if (header === undefined || header === '*') return null;
  const match = /^(?:W\/)?"?(\d{1,9})"?$/.exec(header);
  if (match === null) throw malformed([{ path: 'If-Match', message: 'must be a version such as "3"' }]);
  return Number(match[1]);
});

export function requireVersion(seen: number | null, current: number): void {
  if (seen !== null && seen !== current) {
    const detail = `It has changed since you read it: you sent version ${seen}, it is at ${current}. Read it again.`;
    throw new AppError(412, 'version_mismatch', detail);
  }
}
