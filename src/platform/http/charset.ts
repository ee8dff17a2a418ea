import type { FastifyRequest } from 'fastify';
import { AppError } from '../app-error.js';

const CHARSET = /;\s*charset\s*=\s*"?([^";\s]+)/i;
/** ASCII is part of UTF-8. */
const READ = /^(utf-?8|us-ascii)$/i;

/** JSON is read as UTF-8 (RFC 8259). A body that says it is written otherwise is refused: some would pass, misread. */
export function charsetFault({ headers }: FastifyRequest): AppError | null {
  const charset = CHARSET.exec(headers['content-type'] ?? '')?.[1];
  if (charset === undefined || READ.test(charset)) return null;
  return new AppError(415, 'unsupported_media_type', 'Bodies are read as UTF-8: send charset=utf-8, or no charset.');
}
